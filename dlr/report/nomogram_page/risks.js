// The training cases' risks as a histogram, with the threshold and the patients.
const makeRisks = (data, holder) => {
  const TOP = 64; // room for the patients and the threshold's name
  const HEIGHT = 90;
  let layout = null;

  const draw = () => {
    const full = Math.max(Math.floor(holder.clientWidth), 260);
    const left = 16;
    const width = full - 2 * left;
    const height = data.risks ? HEIGHT : 8;
    const base = TOP + height;
    const at = (risk) => left + risk * width;
    const svg = make("svg", { role: "img", class: full < 620 ? "narrow" : "", "aria-labelledby": "risks-heading", "aria-describedby": "risks-text", viewBox: `0 0 ${full} ${base + 40}` });
    if (data.risks) bars(svg, at, base);
    svg.append(make("line", { class: "ink", x1: left, x2: left + width, y1: base, y2: base }));
    for (let step = 0; step <= 10; step += 1) {
      const x = at(step / 10);
      svg.append(make("line", { class: "ink", x1: x, x2: x, y1: base, y2: base + 5 }));
      if (step % 2 === 0) svg.append(make("text", { x, y: base + 18, "text-anchor": "middle" }, `${10 * step}`));
    }
    svg.append(make("text", { x: left + width / 2, y: base + 36, "text-anchor": "middle" }, "Predicted probability (%)"));
    const marks = make("g");
    svg.append(marks);
    if (data.threshold !== null) {
      const x = at(data.threshold);
      const anchor = data.threshold > 0.5 ? "end" : "start";
      svg.append(make("line", { class: "threshold", x1: x, x2: x, y1: 4, y2: base }));
      svg.append(make("text", { x: x + (data.threshold > 0.5 ? -5 : 5), y: 13, "text-anchor": anchor }, `Threshold ${percent(data.threshold)}`));
    }
    holder.replaceChildren(svg);
    if (data.risks) holder.append(legend());
    layout = { at, marks, base };
  };
  const bars = (svg, at, base) => {
    const { events, others } = data.risks;
    const highest = Math.max(...events.map((count, bin) => count + others[bin]));
    const unit = HEIGHT / highest;
    events.forEach((count, bin) => {
      const x = at(bin / events.length) + 0.5;
      const wide = at((bin + 1) / events.length) - x - 0.5;
      svg.append(make("rect", { class: "events", x, width: wide, y: base - count * unit, height: count * unit }));
      const top = base - (count + others[bin]) * unit;
      svg.append(make("rect", { class: "others", x, width: wide, y: top, height: others[bin] * unit }));
    });
  };
  const legend = () => make(
    "p", { class: "legend", "aria-hidden": "true" },
    make("span", { class: "key events" }), data.outcome ? `with ${data.outcome}` : "with the event", " ",
    make("span", { class: "key others" }), "without",
  );

  const show = (results, comparing) => {
    const { at, marks, base } = layout;
    marks.replaceChildren();
    results.forEach((result, patient) => {
      if (!result) return;
      const name = NAMES[patient].toLowerCase();
      const y = comparing ? 30 + 18 * patient : 40;
      const x = at(result.probability);
      if (result.interval) marks.append(make("line", { class: `${name} interval`, x1: at(result.interval[0]), x2: at(result.interval[1]), y1: y, y2: y }));
      marks.append(make("line", { class: name, x1: x, x2: x, y1: y, y2: base }));
      const shape = patient === 0 ? `M${x - 5} ${y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0` : `M${x} ${y - 6}l6 6l-6 6l-6 -6z`;
      marks.append(make("path", { class: `mark ${name}`, d: shape }));
    });
  };

  return { draw, show };
};
