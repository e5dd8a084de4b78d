"""Decision curves: what acting on a model is worth at each risk threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._resampling import weight_blocks
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    NamedVectors,
    binary_outcome,
    check_count,
    check_level,
    check_same_order,
    group_codes,
    named_vectors,
    open_unit_thresholds,
    probability_vector,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TREAT_ALL = "treat all"
TREAT_NONE = "treat none"


@dataclass(frozen=True, eq=False)
class DecisionDifference:
    """Difference in net benefit of two strategies.

    Attributes
    ----------
    first, second : str
        Names; positive differences favour the first.
    thresholds : ndarray, shape (t,)
    difference : ndarray, shape (t,)
        Net benefit of the first minus that of the second.
    low, high : ndarray, shape (t,), or None
        Pointwise percentile limits from the same resamples for both; None without bootstrap.
    level : float
        Confidence level of the limits.
    """

    first: str
    second: str
    thresholds: FloatArray
    difference: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per threshold."""
        frame = pd.DataFrame({"threshold": self.thresholds, "difference": self.difference})
        if self.low is not None and self.high is not None:
            frame = frame.assign(low=self.low, high=self.high)
        return frame.set_index("threshold")


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit of several models and of treating all or none.

    Attributes
    ----------
    thresholds : ndarray, shape (t,)
        Risk from which one would treat, each in (0, 1).
    net_benefit : DataFrame
        Index threshold; a column per model, then "treat all" and "treat none". In true
        positives per patient; higher is better.
    standardised : DataFrame
        Net benefit / prevalence; 1 is the most that any model can reach.
    interventions_avoided : DataFrame
        Net interventions avoided per 100 patients compared with treating all.
    prevalence : float
        Share of patients with the event, observed or given.
    low, high : DataFrame or None
        Pointwise percentile limits of the net benefit at `level`; None without bootstrap.
    level : float
        Confidence level of the limits.
    """

    thresholds: FloatArray
    net_benefit: pd.DataFrame
    standardised: pd.DataFrame
    interventions_avoided: pd.DataFrame
    prevalence: float
    low: pd.DataFrame | None = None
    high: pd.DataFrame | None = None
    level: float = 0.95
    _replicates: Mapping[str, FloatArray] = field(default_factory=dict, repr=False, kw_only=True)

    def difference(self, a: str, b: str, level: float | None = None) -> DecisionDifference:
        """Compare two strategies by their net benefit.

        Parameters
        ----------
        a, b : str
            Columns of `net_benefit`; positive differences favour `a`.
        level : float, optional
            Confidence level; that of the curve when left out.

        Returns
        -------
        DecisionDifference
            With limits when the curve was bootstrapped.

        Raises
        ------
        DlrError
            When a name is not among the columns.
        """
        level = check_level(self.level if level is None else level)
        for name in (a, b):
            if name not in self.net_benefit:
                known = ", ".join(map(str, self.net_benefit.columns))
                raise DlrError(f"No strategy is called {name!r}; there are {known}.")
        difference = (self.net_benefit[a] - self.net_benefit[b]).to_numpy()
        if not self._replicates:
            return DecisionDifference(a, b, self.thresholds, difference, None, None, level)
        low, high = _limits(self._replicates[a] - self._replicates[b], level)
        return DecisionDifference(a, b, self.thresholds, difference, low, high, level)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per strategy and threshold, with limits when bootstrapped."""
        tables = {
            "net_benefit": self.net_benefit,
            "standardised": self.standardised,
            "interventions_avoided": self.interventions_avoided,
        }
        if self.low is not None and self.high is not None:
            tables |= {"low": self.low, "high": self.high}
        columns = {name: table.unstack() for name, table in tables.items()}
        return pd.DataFrame(columns).rename_axis(["model", "threshold"]).reset_index()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw net benefit against threshold; see `dlr.figures.plot_decision`."""
        from dlr.figures import plot_decision

        return plot_decision(self, ax=ax)


def decision_curve(
    y: ArrayLike,
    models: NamedVectors,
    thresholds: ArrayLike | None = None,
    n_bootstrap: int = 0,
    level: float = 0.95,
    groups: ArrayLike | None = None,
    prevalence: float | None = None,
    random_state: int = 0,
) -> DecisionCurve:
    """Compute decision curves.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    models : mapping of str to array_like, or DataFrame
        Predicted probability of the event by each model, in [0, 1].
    thresholds : array_like, optional
        Rising risk thresholds strictly between 0 and 1; 0.01, 0.02, ..., 0.99 when left out.
    n_bootstrap : int
        Number of bootstrap resamples for confidence limits; 0 for none.
    level : float
        Confidence level of the limits.
    groups : array_like, shape (n,), optional
        Patient of each case; whole patients are then resampled.
    prevalence : float, optional
        Share of events in the population, when the sample was drawn by outcome
        (case-control); resampling is then within each class.
    random_state : int
        Seed of the bootstrap.

    Returns
    -------
    DecisionCurve
        NB(t) = TP/n - FP/n * t / (1 - t), treated when p >= t; Vickers & Elkin, Med Decis
        Making 26:565-574 (2006). R's rmda treats when p > t, which differs only where a
        prediction equals a threshold.

    Raises
    ------
    DlrError
        When an input is not valid, a threshold is 0 or 1, or a model has the name of a
        reference strategy.
    """
    outcome = binary_outcome(y)
    predictions = _predictions(y, models, len(outcome))
    grid = np.arange(1, 100) / 100 if thresholds is None else open_unit_thresholds(thresholds)
    check_count(n_bootstrap, "n_bootstrap", 0)
    check_level(level)
    if prevalence is not None and not 0 < prevalence < 1:
        raise DlrError(f"prevalence must lie strictly between 0 and 1, got {prevalence!r}.")
    once = np.ones((1, len(outcome)))
    observed = _net_benefits(outcome, predictions, grid, once, prevalence)
    index = pd.Index(grid, name="threshold")
    benefit = pd.DataFrame({name: rows[0] for name, rows in observed.items()}, index=index)
    rate = float(outcome.mean()) if prevalence is None else prevalence
    gain = benefit.sub(benefit[TREAT_ALL], axis=0)
    avoided = gain.mul(100 * (1 - grid) / grid, axis=0)
    codes = group_codes(groups, len(outcome), y)
    if not n_bootstrap:
        return DecisionCurve(grid, benefit, benefit / rate, avoided, rate, level=level)
    rng = np.random.default_rng(random_state)
    blocks = weight_blocks(rng, n_bootstrap, outcome, codes, stratified=prevalence is not None)
    parts = [_net_benefits(outcome, predictions, grid, block, prevalence) for block in blocks]
    replicates = {name: np.concatenate([part[name] for part in parts]) for name in observed}
    limits = {name: _limits(rows, level) for name, rows in replicates.items()}
    low, high = (
        pd.DataFrame({name: pair[side] for name, pair in limits.items()}, index=index)
        for side in (0, 1)
    )
    return DecisionCurve(
        grid, benefit, benefit / rate, avoided, rate, low, high, level, _replicates=replicates
    )


def _predictions(y: ArrayLike, models: NamedVectors, n: int) -> dict[str, FloatArray]:
    vectors = named_vectors(models, "models", n)
    for name, values in models.items():
        check_same_order(y, values, f"models[{name!r}]")
    for reserved in (TREAT_ALL, TREAT_NONE):
        if reserved in vectors:
            raise DlrError(f"A model must not be called {reserved!r}; rename it.")
    return {
        name: probability_vector(values, f"models[{name!r}]") for name, values in vectors.items()
    }


def _net_benefits(
    outcome: BoolArray,
    predictions: dict[str, FloatArray],
    thresholds: FloatArray,
    weights: FloatArray,
    prevalence: float | None,
) -> dict[str, FloatArray]:
    """Return net benefit per row of case weights and threshold, shape (rows, t), by strategy."""
    odds = thresholds / (1 - thresholds)
    events, others = weights[:, outcome], weights[:, ~outcome]
    n_events, n_others = events.sum(1, keepdims=True), others.sum(1, keepdims=True)
    rate = n_events / (n_events + n_others) if prevalence is None else prevalence
    result = {}
    for name, predicted in predictions.items():
        # Number of thresholds at or below each prediction: treated at the first `passed` ones.
        passed = np.searchsorted(thresholds, predicted, side="right")
        true_rate = _treated(events, passed[outcome], len(thresholds)) / n_events
        false_rate = _treated(others, passed[~outcome], len(thresholds)) / n_others
        result[name] = true_rate * rate - false_rate * (1 - rate) * odds
    flat = np.zeros((len(weights), len(thresholds)))
    result[TREAT_ALL] = flat + rate - (1 - rate) * odds
    result[TREAT_NONE] = flat
    return result


def _treated(weights: FloatArray, passed: IntArray, n_thresholds: int) -> FloatArray:
    """Sum the weights of the cases treated at each threshold, shape (rows, n_thresholds)."""
    treated = passed[:, None] > np.arange(n_thresholds)
    return weights @ treated.astype(np.float64)


def _limits(replicates: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail = (1 - level) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return low, high
