"use strict";
// The model: the same steps as dlr.models.nomogram, so that both give the same numbers.
const makeModel = (data) => {
  const expit = (x) => 1 / (1 + Math.exp(-x));
  const cube = (x) => Math.max(x, 0) ** 3;

  // The columns of a restricted cubic spline (Harrell); a straight line has one.
  const basis = (x, knots) => {
    if (knots.length === 0) return [x];
    const last = knots[knots.length - 1];
    const before = knots[knots.length - 2];
    const width = (last - knots[0]) ** 2;
    const curves = knots.slice(0, -2).map((knot) => (
      cube(x - knot)
      - cube(x - before) * (last - knot) / (last - before)
      + cube(x - last) * (before - knot) / (last - before)
    ) / width);
    return [x, ...curves];
  };
  const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);

  // One variable: its columns of the design, and what it adds to the log-odds.
  const effect = (term, value) => {
    if (term.levels.length) {
      const index = term.levels.indexOf(value);
      if (index < 0) return null;
      const columns = term.levels.slice(1).map((_, other) => Number(other + 1 === index));
      return { columns, logOdds: term.coefficients[index] };
    }
    if (!Number.isFinite(value)) return null;
    const columns = basis(value, term.knots);
    return { columns, logOdds: dot(columns, term.coefficients) };
  };

  const quadratic = (vector) => Math.max(dot(vector, data.covariance.map((row) => dot(row, vector))), 0);

  // `values`: one per term, in their order; numbers, and levels as text.
  const evaluate = (values) => {
    const effects = data.terms.map((term, index) => effect(term, values[index]));
    if (effects.includes(null)) return null;
    const points = effects.map((item, index) => (item.logOdds - data.terms[index].minimum) * data.scale);
    const total = points.reduce((sum, value) => sum + value, 0);
    const logOdds = data.origin + total / data.scale;
    const design = [1, ...effects.flatMap((item) => item.columns)];
    const result = { values, points, total, logOdds, probability: expit(logOdds), design, interval: null };
    result.effects = effects.map((item) => item.logOdds);
    if (data.covariance) {
      const half = data.quantile * Math.sqrt(quadratic(design));
      result.interval = [expit(logOdds - half), expit(logOdds + half)];
    }
    return result;
  };

  // Two patients: exact parts on the log-odds scale; intervals by the delta method.
  const compare = (a, b) => {
    const found = {
      points: b.points.map((value, index) => value - a.points[index]),
      logOdds: b.effects.map((value, index) => value - a.effects[index]),
      total: b.total - a.total,
      risk: b.probability - a.probability,
      ratio: Math.exp(b.logOdds - a.logOdds),
      riskInterval: null,
      ratioInterval: null,
    };
    if (data.covariance) {
      const apart = b.design.map((value, index) => value - a.design[index]);
      const half = data.quantile * Math.sqrt(quadratic(apart));
      found.ratioInterval = [-half, half].map((side) => Math.exp(b.logOdds - a.logOdds + side));
      const slope = (patient) => patient.probability * (1 - patient.probability);
      const gradient = b.design.map((value, index) => slope(b) * value - slope(a) * a.design[index]);
      const spread = data.quantile * Math.sqrt(quadratic(gradient));
      found.riskInterval = [Math.max(found.risk - spread, -1), Math.min(found.risk + spread, 1)];
    }
    return found;
  };

  // Share of the training cases with a lower risk, interpolated between the quantiles.
  const shareBelow = (risk) => {
    const known = data.risks.quantiles;
    if (risk <= known[0]) return 0;
    let index = known.length - 1;
    while (known[index] > risk) index -= 1;
    if (index === known.length - 1) return 1;
    return (index + (risk - known[index]) / (known[index + 1] - known[index])) / (known.length - 1);
  };

  const outside = (term, value) => !term.levels.length && (value < term.low || value > term.high);

  return { evaluate, compare, shareBelow, outside };
};
