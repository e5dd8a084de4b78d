// The page: what is entered goes to the model, its answer to every part that shows it.
(() => {
  const data = JSON.parse(document.getElementById("model").textContent);
  const model = makeModel(data);
  const find = (id) => document.getElementById(id);
  let comparing = false;
  let spoken = 0;

  const level = `${100 * data.level} % CI`;
  const intervalText = (result) => (result.interval ? `${level} ${percent(result.interval[0])} to ${percent(result.interval[1])}` : "no interval");
  const callText = (result) => {
    if (data.threshold === null) return "";
    const side = result.probability >= data.threshold ? "At or above" : "Below";
    return `${side} the locked threshold of ${percent(data.threshold)}: called ${side === "Below" ? "negative" : "positive"}.`;
  };
  const rankText = (result) => {
    if (!data.risks) return "";
    const share = model.shareBelow(result.probability);
    if (share <= 0) return "No training case had a lower risk.";
    return share >= 1 ? "All training cases had a lower risk." : `Higher than about ${fixed(100 * share, 0)} % of the training cases.`;
  };
  const warningText = (result, beyond) => {
    const parts = [];
    if (beyond.length) parts.push(`Outside the training range: ${beyond.join(", ")}. The probability is an extrapolation.`);
    if (result.logOdds < data.low || result.logOdds > data.high) parts.push(`This probability is ${result.logOdds < data.low ? "lower" : "higher"} than that of every training case.`);
    return parts.join(" ");
  };

  const card = (result, patient, beyond) => {
    const name = NAMES[patient].toLowerCase();
    const box = make("div", { class: `card ${name}`, "data-patient": NAMES[patient] }, make("h3", {}, patientName(patient, comparing)));
    if (!result) {
      box.append(make("p", {}, "Please give every variable a value."));
      return box;
    }
    box.append(
      make("p", { class: "risk" }, percent(result.probability)),
      make("p", { class: "interval" }, intervalText(result)),
      make("p", { class: "total" }, `Total ${fixed(result.total, 1)} points`),
    );
    [callText(result), rankText(result)].filter(Boolean).forEach((text) => box.append(make("p", {}, text)));
    const warning = warningText(result, beyond);
    if (warning) box.append(make("p", { class: "warning" }, warning));
    return box;
  };
  const barText = (result, patient) => {
    const item = make("span", { class: NAMES[patient].toLowerCase() }, comparing ? `${NAMES[patient]} ` : "");
    if (!result) item.append("\u2013");
    else item.append(make("strong", {}, percent(result.probability)), make("span", { class: "more" }, ` ${intervalText(result)}`), ` \u00b7 ${fixed(result.total, 1)} points`);
    return item;
  };
  // Spoken after a pause, or a screen reader would talk through every step of a slider.
  const speak = (results, beyond) => {
    clearTimeout(spoken);
    spoken = setTimeout(() => {
      find("spoken").textContent = results.map((result, patient) => (
        result
          ? `${patientName(patient, comparing)}: ${percent(result.probability)}, ${intervalText(result)}, ${fixed(result.total, 1)} points. ${callText(result)} ${warningText(result, beyond[patient])}`
          : `${patientName(patient, comparing)}: a value is missing.`
      )).join(" ");
    }, 700);
  };

  const drawing = makeDrawing(data, find("drawing"));
  const risks = makeRisks(data, find("risks"));
  let results = [];
  let fields = null;
  let summary = null;

  const fit = () => {
    const needed = find("entry").offsetHeight + find("bar").offsetHeight + 16;
    find("entry").classList.toggle("fits", needed <= innerHeight);
  };
  const update = () => {
    if (!fields) return;
    const patients = comparing ? [0, 1] : [0];
    results = patients.map((patient) => model.evaluate(fields.read(patient)));
    const beyond = fields.show(results, model);
    find("cards").replaceChildren(...patients.map((patient) => card(results[patient], patient, beyond[patient])));
    find("bar").replaceChildren(...patients.map((patient) => barText(results[patient], patient)));
    drawing.show(results, comparing);
    risks.show(results, comparing);
    const difference = comparing && results[0] && results[1] ? model.compare(results[0], results[1]) : null;
    summary.show(results, difference, comparing);
    const left = fields.untouched();
    find("untouched").textContent = left ? `${left} of ${fields.shown.length} variables still at their starting value: set each one.` : results.every(Boolean) ? "Every variable was set." : "A value is missing.";
    fit();
    speak(results, beyond);
  };
  const redraw = () => {
    drawing.draw();
    risks.draw();
    update();
  };
  const risksText = () => {
    if (!data.risks) return "The distribution of the training cases' risks was not kept with the model.";
    const count = (list) => list.reduce((sum, value) => sum + value, 0);
    const events = count(data.risks.events);
    const how = data.risks.estimate === "out-of-fold" ? "each from a model that had not seen the case" : data.risks.estimate;
    return `Predicted probabilities of the ${events + count(data.risks.others)} training cases, ${events} with the event; ${how}.`;
  };

  fields = makeFields(data, find("fields"), update);
  summary = makeSummary(data, fields, find("summary"), find("difference"));
  find("risks-text").textContent = risksText();
  find("today").textContent = new Date().toISOString().slice(0, 10);
  find("compare").addEventListener("click", () => {
    comparing = !comparing;
    find("compare").setAttribute("aria-pressed", String(comparing));
    find("copy").hidden = !comparing;
    fields.setComparing(comparing);
    update();
  });
  find("copy").addEventListener("click", () => { fields.copy(); update(); });
  find("reset").addEventListener("click", () => { fields.reset(); update(); });
  find("print").addEventListener("click", () => print());
  find("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("resize", fit);
  let width = 0;
  new ResizeObserver(() => {
    if (find("drawing").clientWidth === width) return;
    width = find("drawing").clientWidth;
    redraw();
  }).observe(find("drawing"));
  width = find("drawing").clientWidth;
  redraw();

  // For programs: the same functions that the page uses.
  globalThis.nomogram = Object.freeze({ evaluate: model.evaluate, compare: model.compare, shareBelow: model.shareBelow });
})();
