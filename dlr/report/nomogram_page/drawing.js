// The nomogram as rms prints it: points above, variables below, total points and probability last.
const makeDrawing = (data, holder) => {
  const LINE = 14; // height of a line of labels
  const NARROW = 620; // below this width names stand above their axes
  const context = document.createElement("canvas").getContext("2d");
  // Names are larger than labels, and bold.
  const measure = (text, size) => {
    context.font = `${size > 12 ? 600 : 400} ${size}px ${getComputedStyle(document.body).fontFamily}`;
    return context.measureText(text).width;
  };
  const shorten = (text, room, size) => {
    if (measure(text, size) <= room) return text;
    let kept = text;
    while (kept.length > 1 && measure(`${kept}\u2026`, size) > room) kept = kept.slice(0, -1);
    return `${kept}\u2026`;
  };
  const wrap = (text, room, size) => {
    const lines = [""];
    text.split(" ").forEach((word) => {
      const longer = `${lines[lines.length - 1]} ${word}`.trim();
      if (measure(longer, size) <= room || lines[lines.length - 1] === "") lines[lines.length - 1] = longer;
      else lines.push(word);
    });
    return lines.map((line) => shorten(line, room, size));
  };

  // Ticks on one spot (a spline that turns, levels that coincide) share their label.
  const merged = (ticks) => {
    const shared = new Map();
    ticks.forEach(([share, text]) => {
      const key = Math.round(share * 1e9);
      shared.set(key, shared.has(key) ? [share, `${shared.get(key)[1]}, ${text}`] : [share, text]);
    });
    return Array.from(shared.values()).sort((a, b) => a[0] - b[0]);
  };

  // Labels never run into each other: numbers are thinned, levels move to further lines, below
  // the axis (0, 1, ...) and above it (-1, -2, ...) in turn.
  const place = (axis, left, width, full, edge) => {
    const boxes = merged(axis.ticks).map(([share, text]) => {
      const short = shorten(text, full - edge - 2, 12);
      const half = measure(short, 12) / 2;
      const x = Math.min(Math.max(left + share * width, half + edge), full - half - 2);
      return { share, text: short, x, start: x - half - 4, end: x + half + 4, line: 0 };
    });
    if (!axis.every) return thinned(boxes);
    const ends = new Map();
    boxes.forEach((box) => {
      let step = 0;
      const lineOf = (number) => (number % 2 ? -(number + 1) / 2 : number / 2);
      while ((ends.get(lineOf(step)) ?? -Infinity) > box.start) step += 1;
      box.line = lineOf(step);
      ends.set(box.line, box.end);
    });
    return boxes;
  };
  const thinned = (boxes) => {
    if (boxes.length < 3) return boxes;
    const last = boxes[boxes.length - 1];
    const kept = [];
    boxes.slice(0, -1).forEach((box) => {
      const free = !kept.length || box.start >= kept[kept.length - 1].end;
      if (free && (box.end <= last.start || !kept.length)) kept.push(box);
    });
    return [...kept, last];
  };

  let layout = null;
  const drawAxis = (axis, y, left, width, labels) => {
    const group = make("g", { class: "axis" });
    const spots = axis.ticks.map(([share]) => left + share * width);
    if (spots.length) group.append(make("line", { x1: Math.min(...spots), x2: Math.max(...spots), y1: y, y2: y }));
    const lines = new Map(labels.map((label) => [Math.round(label.share * 1e9), label.line]));
    axis.ticks.forEach(([share], index) => {
      const line = lines.get(Math.round(share * 1e9));
      const length = line === undefined ? 3 : 5;
      group.append(make("line", { x1: spots[index], x2: spots[index], y1: y, y2: line < 0 ? y - length : y + length }));
    });
    labels.forEach((label) => {
      const away = label.line >= 0 ? label.line : -label.line - 1;
      const side = label.line >= 0 ? 1 : -1;
      const spot = left + label.share * width;
      if (away) group.append(make("line", { class: "faint", x1: spot, x2: label.x, y1: y + side * 5, y2: y + side * (6 + away * LINE) }));
      const baseline = y + (side > 0 ? 16 + away * LINE : -8 - away * LINE);
      group.append(make("text", { x: label.x, y: baseline, "text-anchor": "middle" }, label.text));
    });
    return group;
  };

  // Everything but the patients; drawn anew only when the page changes its width.
  const draw = () => {
    const full = Math.max(Math.floor(holder.clientWidth), 260);
    const narrow = full < NARROW;
    const left = narrow ? 12 : 180;
    const width = full - left - (narrow ? 12 : 18);
    const svg = make("svg", { role: "img", "aria-labelledby": "drawing-heading", class: narrow ? "nomogram narrow" : "nomogram" });
    const heights = [];
    let y = 4;
    data.axes.forEach((axis) => {
      const labels = place(axis, left, width, full, narrow ? 2 : left - 12);
      const above = LINE * Math.max(0, ...labels.map((label) => -label.line)) + (axis.kind === "total" ? 2 * LINE : 0);
      const below = LINE * (1 + Math.max(0, ...labels.map((label) => label.line)));
      const names = wrap(axis.label, narrow ? full - 8 : left - 24, 13);
      const own = narrow ? LINE * names.length + 9 : 0;
      const half = narrow ? 0 : (names.length - 1) * 8;
      y += Math.max(above + own, half) + 12;
      names.forEach((name, line) => svg.append(make("text", narrow
        ? { class: "name", x: 4, y: y - above - 11 - LINE * (names.length - 1 - line) }
        : { class: "name", x: left - 16, y: y + 4 + 16 * line - half, "text-anchor": "end" }, name)));
      svg.append(drawAxis(axis, y, left, width, labels));
      heights.push(y);
      y += Math.max(below, half) + 8;
    });
    const last = heights[heights.length - 3];
    const grid = make("g");
    for (let step = 0; step <= 10; step += 1) {
      const x = left + width * step / 10;
      grid.append(make("line", { class: "grid", x1: x, x2: x, y1: heights[0], y2: last }));
    }
    const marks = make("g", { class: "marks" });
    const strands = make("g", { class: "marks" }); // behind names and labels, which stay readable
    svg.prepend(grid, strands);
    svg.append(marks);
    svg.setAttribute("viewBox", `0 0 ${full} ${Math.ceil(y)}`);
    holder.replaceChildren(svg);
    layout = { full, left, width, heights, marks, strands };
  };

  // Marks beyond the end of an axis stay at the edge and become arrows.
  const mark = (patient, share, y, title) => {
    const clamped = Math.min(Math.max(share, 0), 1);
    const x = layout.left + clamped * layout.width;
    const shapes = [`M${x - 6} ${y}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0`, `M${x} ${y - 6}l5 6l-5 6l-5 -6z`];
    const arrow = share < -1e-9 ? `M${x - 9} ${y}l10 -6v12z` : `M${x + 9} ${y}l-10 -6v12z`;
    const beyond = share < -1e-9 || share > 1 + 1e-9;
    return [x, make("path", { class: `mark ${NAMES[patient].toLowerCase()}`, d: beyond ? arrow : shapes[patient], "data-share": share }, make("title", {}, title))];
  };
  const show = (results, comparing) => {
    const { heights, marks, strands, full } = layout;
    [marks, strands].forEach((group) => group.replaceChildren());
    const shown = results.map((result, patient) => ({ result, patient })).filter((item) => item.result);
    shown.forEach(({ result, patient }) => {
      const who = patientName(patient, comparing);
      const line = (x, top, bottom) => strands.append(make("line", { class: NAMES[patient].toLowerCase(), x1: x, x2: x, y1: top, y2: bottom }));
      result.points.forEach((points, index) => {
        const y = heights[index + 1];
        const [x, shape] = mark(patient, points / 100, y, `${who}: ${fixed(points, 1)} points`);
        line(x, heights[0], y);
        marks.append(shape);
      });
      const share = result.total / data.total_end;
      const ends = heights.slice(-2).map((y) => mark(patient, share, y, `${who}: ${fixed(result.total, 1)} points`));
      line(ends[0][0], ...heights.slice(-2));
      marks.append(...ends.map((item) => item[1]));
      const text = `${comparing ? `${NAMES[patient]}: ` : ""}${fixed(result.total, 1)} points, ${percent(result.probability)}`;
      const half = measure(text, 13) / 2;
      const x = Math.min(Math.max(ends[0][0], half + 2), full - half - 2);
      // One line for each patient, so that their texts cannot meet.
      const y = heights[heights.length - 2] - 9 - (comparing && patient === 0 ? LINE : 0);
      marks.append(make("text", { class: NAMES[patient].toLowerCase(), x, y, "text-anchor": "middle" }, text));
    });
  };

  return { draw, show };
};
