// The summary, which is also what is printed, and what explains the difference of two patients.
const makeSummary = (data, fields, table, sentence) => {
  const cell = (result, patient, { term, index }) => {
    const known = withUnit(term, result.values[index]);
    const text = fields.isUnknown(patient, index) ? `not known (${known})` : known;
    const points = result.points[index] + (term.indicator === null ? 0 : result.points[term.indicator]);
    return make("td", {}, text, make("span", { class: "sub" }, `${fixed(points, 1)} points`));
  };
  const both = (values, { term, index }) => values[index] + (term.indicator === null ? 0 : values[term.indicator]);

  // A bar to the right adds to the risk, one to the left takes from it.
  const change = (points, logOdds, widest) => {
    const share = widest > 0 ? 50 * Math.abs(points) / widest : 0;
    const svg = make("svg", { class: "change", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(make("line", { class: "ink", x1: 50, x2: 50, y1: 0, y2: 8 }));
    svg.append(make("rect", { class: points < 0 ? "less" : "more", x: points < 0 ? 50 - share : 50, y: 1, width: share, height: 6 }));
    return make("td", {}, `${signed(points, 1)} points`, make("span", { class: "sub" }, `odds \u00d7 ${ratioText(Math.exp(logOdds))}`), svg);
  };

  const show = (results, difference, comparing) => {
    const columns = results.map((result, patient) => ({ result, patient })).filter((item) => item.result);
    const heads = ["Variable", "Training range", ...columns.map((item) => patientName(item.patient, comparing))];
    if (difference) heads.push("B minus A");
    const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
    const parts = difference ? fields.shown.map((item) => both(difference.points, item)) : [];
    const widest = Math.max(0, ...parts.map(Math.abs));
    const body = fields.shown.map((item, row) => {
      const range = item.term.levels.length ? "\u2013" : rangeText(item.term);
      const line = make("tr", {}, make("th", { scope: "row" }, item.term.label), make("td", {}, range));
      line.append(...columns.map(({ result, patient }) => cell(result, patient, item)));
      if (difference) line.append(change(parts[row], both(difference.logOdds, item), widest));
      return line;
    });
    const foot = [
      ["Total points", (result) => fixed(result.total, 1), difference && `${signed(difference.total, 1)} points`],
      ["Probability", (result) => percent(result.probability), difference && `${signed(100 * difference.risk, 1)} percentage points`],
    ];
    if (data.covariance) foot.push([`${100 * data.level} % CI`, (result) => between(result.interval), difference && pointsBetween(difference.riskInterval)]);
    const lines = foot.map(([name, text, last]) => make(
      "tr", {}, make("th", { scope: "row" }, name), make("td"),
      ...columns.map(({ result }) => make("td", {}, text(result))), ...(difference ? [make("td", {}, last)] : []),
    ));
    table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...body), make("tfoot", {}, ...lines));
    sentence.hidden = !difference;
    sentence.textContent = difference ? explain(results, difference) : "";
  };

  const between = ([low, high]) => `${percent(low)} to ${percent(high)}`;
  const pointsBetween = ([low, high]) => `${signed(100 * low, 1)} to ${signed(100 * high, 1)}`;
  const level = `${100 * data.level} % CI`;
  const explain = (results, difference) => {
    const parts = fields.shown
      .map((item) => ({ item, points: both(difference.points, item) }))
      .filter(({ points }) => Math.abs(points) >= 0.05)
      .sort((a, b) => Math.abs(b.points) - Math.abs(a.points));
    if (!parts.length) return "Both patients have the same values, and so the same probability.";
    const gap = Math.abs(100 * difference.risk);
    const risk = gap < 0.05 ? "B's probability equals A's" : `B's probability is ${fixed(gap, 1)} percentage points ${difference.risk > 0 ? "higher" : "lower"} than A's`;
    const riskInterval = difference.riskInterval ? ` (${level} of the difference ${pointsBetween(difference.riskInterval)})` : "";
    const ratioInterval = difference.ratioInterval ? ` (${difference.ratioInterval.map(ratioText).join(" to ")})` : "";
    const reasons = parts.map(({ item, points }) => {
      const [a, b] = results.map((result) => withUnit(item.term, result.values[item.index]));
      const values = a === b ? "known in one only" : `${b} instead of ${a}`;
      return `${item.term.label} (${values}) ${signed(points, 1)}`;
    });
    return `${risk}${riskInterval}; odds ratio ${ratioText(difference.ratio)}${ratioInterval}. What makes the ${signed(difference.total, 1)} points: ${reasons.join("; ")}.`;
  };

  return { show };
};
