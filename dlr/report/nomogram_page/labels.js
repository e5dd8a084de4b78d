// Words and numbers as the page writes them, and small helpers to build elements.
const NAMES = ["A", "B"];
const MINUS = "\u2212";

const make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "g", "line", "path", "rect", "circle", "text", "title"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  });
  element.append(...children); // text children become text nodes: nothing a user wrote is parsed
  return element;
};

const fixed = (value, digits) => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
};
const signed = (value, digits) => (Number(value.toFixed(digits)) > 0 ? `+${fixed(value, digits)}` : fixed(value, digits));
const percent = (share) => {
  if (share > 0 && share < 0.0005) return "<0.1\u00a0%";
  if (share < 1 && share > 0.9995) return ">99.9\u00a0%";
  return `${fixed(100 * share, 1)}\u00a0%`;
};
// Up to six digits that count, as people type numbers; four are enough for ranges.
const plain = (value, digits = 6) => String(Number(Number(value).toPrecision(digits))).replace("-", MINUS);
const withUnit = (term, value, digits = 6) => {
  if (term.levels.length) return value;
  return term.unit ? `${plain(value, digits)} ${term.unit}` : plain(value, digits);
};
const rangeText = (term) => `${plain(term.low, 4)} to ${withUnit(term, term.high, 4)}`;
// Numbers with a comma, a typographic minus or blanks, as people type and paste them.
const parseNumber = (text) => {
  const cleaned = text.trim().replace(MINUS, "-").replace(",", ".");
  return cleaned === "" ? NaN : Number(cleaned);
};
const patientName = (index, comparing) => (comparing ? `Patient ${NAMES[index]}` : "This patient");
const ratioText = (value) => (value >= 1000 || value < 0.001 ? value.toExponential(1) : value.toPrecision(3));
