// Sliders, number boxes and selects: one group for each variable, one row in it for each patient.
const makeFields = (data, holder, changed) => {
  const states = NAMES.map(() => data.terms.map(() => null));
  const shown = data.terms.map((term, index) => ({ term, index })).filter((item) => !item.term.hidden);
  const rows = NAMES.map(() => new Map());
  let comparing = false;

  const fresh = (term) => ({ text: String(term.start), value: term.start, unknown: false, touched: false });
  // What the model is given: the fill where the value is not known, and its indicator with it.
  const read = (patient) => {
    const values = states[patient].map((state, index) => {
      const { fill } = data.terms[index];
      return state.unknown && fill !== null ? fill : state.value;
    });
    shown.forEach(({ term, index }) => {
      if (term.indicator !== null) {
        values[term.indicator] = data.terms[term.indicator].levels[states[patient][index].unknown ? 1 : 0];
      }
    });
    return values;
  };

  const build = ({ term, index }, patient) => {
    const id = `v${index}${NAMES[patient]}`;
    const who = make("span", { class: "who", "aria-hidden": "true" }, NAMES[patient]);
    const points = make("span", { class: "points" });
    const warning = make("p", { class: "warning", id: `${id}w`, hidden: true });
    const row = make("div", { class: `row ${NAMES[patient].toLowerCase()}` }, who);
    const described = `range${index} ${id}w`;
    const controls = term.levels.length ? select(term, id, described) : number(term, id, described);
    row.append(...controls.elements, points);
    const unknown = term.fill === null ? null : make("input", { type: "checkbox", id: `${id}u` });
    const box = make("div", { class: "patient", "data-patient": NAMES[patient] }, row);
    if (unknown) box.append(make("p", { class: "unknown" }, unknown, make("label", { for: `${id}u` }, `not known: taken as ${withUnit(term, term.fill)}`)));
    box.append(warning);

    const update = (text, source) => {
      const state = states[patient][index];
      state.text = text;
      state.value = term.levels.length ? text : parseNumber(text);
      state.touched = true;
      render(source);
      changed();
    };
    const render = (source) => {
      const state = states[patient][index];
      controls.render(state, source);
      const name = comparing || patient > 0 ? `${term.label}, patient ${NAMES[patient]}` : term.label;
      controls.name(name);
      if (unknown) {
        unknown.checked = state.unknown;
        unknown.setAttribute("aria-label", `${name} is not known: taken as ${withUnit(term, term.fill)}`);
      }
    };
    controls.listen(update);
    unknown?.addEventListener("change", () => {
      Object.assign(states[patient][index], { unknown: unknown.checked, touched: true });
      render();
      changed();
    });
    return { box, points, warning, render, invalid: controls.invalid };
  };

  const select = (term, id, described) => {
    const element = make("select", { id, "aria-describedby": described });
    element.append(...term.levels.map((level) => make("option", { value: level }, level)));
    return {
      elements: [element],
      listen: (update) => element.addEventListener("change", () => update(element.value)),
      name: (name) => element.setAttribute("aria-label", name),
      invalid: () => {},
      render: (state) => { element.value = state.value; element.disabled = state.unknown; },
    };
  };
  const number = (term, id, described) => {
    const [min, max, step] = term.slider;
    const slider = make("input", { type: "range", id: `${id}s`, min, max, step, "aria-describedby": described });
    // Keyboards of phones for decimals often have no minus sign.
    const typed = make("input", { type: "text", id, inputmode: min < 0 ? "text" : "decimal", autocomplete: "off", "aria-describedby": described });
    return {
      elements: [slider, make("span", { class: "typed" }, typed, make("span", { class: "unit", "aria-hidden": "true" }, term.unit))],
      listen: (update) => {
        slider.addEventListener("input", () => update(slider.value, slider));
        typed.addEventListener("input", () => update(typed.value, typed));
      },
      name: (name) => {
        slider.setAttribute("aria-label", `${name}, slider`);
        typed.setAttribute("aria-label", term.unit && !name.includes(`(${term.unit})`) ? `${name} in ${term.unit}` : name);
      },
      invalid: (wrong) => typed.setAttribute("aria-invalid", String(wrong)),
      render: (state, source) => {
        if (source !== typed) typed.value = state.text;
        if (source !== slider && Number.isFinite(state.value)) slider.value = state.value;
        if (Number.isFinite(state.value)) slider.setAttribute("aria-valuetext", withUnit(term, state.value));
        slider.disabled = state.unknown;
        typed.disabled = state.unknown;
      },
    };
  };

  const field = (item) => {
    const { term, index } = item;
    const group = make("fieldset", { "data-term": index }, make("legend", {}, term.label));
    const words = [term.levels.length ? "" : `Training range ${rangeText(term)}.`, term.hint].filter(Boolean);
    group.append(make("p", { class: "range", id: `range${index}`, hidden: !words.length }, words.join(" ")));
    NAMES.forEach((_, patient) => {
      const row = build(item, patient);
      rows[patient].set(index, row);
      group.append(row.box);
    });
    return group;
  };

  const warn = (row, text, wrong) => {
    row.warning.hidden = text === "";
    if (row.warning.textContent !== text) row.warning.textContent = text;
    row.invalid(wrong);
  };
  // Points and warnings beside each control; returns the labels outside the training range.
  const show = (results, model) => NAMES.map((_, patient) => shown.flatMap(({ term, index }) => {
    const row = rows[patient].get(index);
    const state = states[patient][index];
    const result = results[patient];
    const missing = !term.levels.length && !state.unknown && !Number.isFinite(state.value);
    const beyond = !missing && !state.unknown && model.outside(term, state.value);
    const own = result ? result.points[index] + (term.indicator === null ? 0 : result.points[term.indicator]) : NaN;
    row.points.textContent = Number.isFinite(own) ? `${fixed(own, 1)} points` : "\u2013";
    if (missing) warn(row, "Please give a number.", true);
    else warn(row, beyond ? `Outside the training range ${rangeText(term)}: extrapolated.` : "", false);
    return beyond ? [term.label] : [];
  }));

  const renderAll = () => rows.forEach((map) => map.forEach((row) => row.render()));
  const reset = () => {
    states.forEach((list) => data.terms.forEach((term, index) => { list[index] = fresh(term); }));
    renderAll();
  };
  const copy = () => {
    states[1] = states[0].map((state) => ({ ...state }));
    renderAll();
  };
  const setComparing = (on) => {
    comparing = on;
    rows[1].forEach((row) => { row.box.hidden = !on; });
    holder.classList.toggle("comparing", on);
    renderAll();
  };
  const untouched = () => shown.filter(({ index }) => !states[0][index].touched).length;
  const isUnknown = (patient, index) => states[patient][index].unknown;

  holder.append(...shown.map(field));
  reset();
  setComparing(false);
  return { read, show, reset, copy, setComparing, untouched, isUnknown, shown };
};
