"""Internal validation: how much of a model's performance is owed to fitting its own data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logit

from dlr.errors import DlrError
from dlr.stats._placements import placements
from dlr.stats._recalibration import fit_line
from dlr.stats._refit import Fit, Predict, Procedure, resample_rows
from dlr.stats._results import ConfidenceInterval, percentile_interval
from dlr.stats._validation import BoolArray, FloatArray, IntArray, check_choice

Metric = Callable[[BoolArray, FloatArray], float]

_PERMUTATIONS = 100


def _auc(outcome: BoolArray, p: FloatArray) -> float:
    return float(placements(outcome, [p]).auc[0])


def _dxy(outcome: BoolArray, p: FloatArray) -> float:
    return 2 * _auc(outcome, p) - 1


def _brier(outcome: BoolArray, p: FloatArray) -> float:
    return float(((p - outcome) ** 2).mean())


def _slope(outcome: BoolArray, p: FloatArray) -> float:
    inside = ((p > 0) & (p < 1)).all()
    return fit_line(outcome, logit(p))[1].value if inside else nan


def _intercept(outcome: BoolArray, p: FloatArray) -> float:
    inside = ((p > 0) & (p < 1)).all()
    return fit_line(outcome, logit(p))[0].value if inside else nan


METRICS: Mapping[str, Metric] = {
    "auc": _auc,
    "dxy": _dxy,
    "brier": _brier,
    "slope": _slope,
    "intercept": _intercept,
}


@dataclass(frozen=True, eq=False)
class OptimismBootstrap:
    """Performance of a modelling procedure, corrected for its optimism.

    Attributes
    ----------
    apparent : Series
        Each metric of the model on the data it was fitted to.
    optimism : Series
        Mean over resamples of (metric on the resample - metric on the original data) of the
        model fitted to the resample.
    corrected : Series
        apparent - optimism.
    dot632plus : Series
        The .632+ estimate of Efron & Tibshirani (J Am Stat Assoc 92:548, 1997), from the cases
        left out of each resample; NaN where no resample left out both classes.
    training, test : DataFrame, shape (B, metrics)
        Metric of each resample's model on the resample and on the original data; NaN where it
        could not be computed, for instance the slope of separated classes.
    n_resamples : int
        Number of resamples whose model could be fitted.
    n_failed : int
        Number of resamples that were left out because fitting reported an error.
    note : str
        What was left out; empty otherwise.
    """

    apparent: pd.Series
    optimism: pd.Series
    corrected: pd.Series
    dot632plus: pd.Series
    training: pd.DataFrame
    test: pd.DataFrame
    n_resamples: int
    n_failed: int = 0
    note: str = ""

    def confidence_interval(self, metric: str, level: float = 0.95) -> ConfidenceInterval:
        """Return the location-shifted bootstrap interval of a corrected metric.

        Percentiles of the metric on the resamples, moved down by the optimism: Noma et al.,
        Stat Med 40:5691-5701 (2021).
        """
        check_choice(metric, "metric", tuple(map(str, self.apparent.index)))
        method = "location-shifted bootstrap"
        values = self.training[metric].dropna().to_numpy()
        if not len(values) or np.ptp(values) < 1e-6:
            note = "a metric that is the same on all data fitted, such as a slope, has no interval"
            return ConfidenceInterval(nan, nan, level, method, note)
        low, high = percentile_interval(values, level)
        shift = float(self.optimism[metric])
        return ConfidenceInterval(low - shift, high - shift, level, method)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per metric: apparent, optimism, corrected with interval, .632+."""
        intervals = [self.confidence_interval(str(name), level) for name in self.apparent.index]
        return pd.DataFrame(
            {
                "apparent": self.apparent,
                "training": self.training.mean(),
                "test": self.test.mean(),
                "optimism": self.optimism,
                "corrected": self.corrected,
                "low": [interval.low for interval in intervals],
                "high": [interval.high for interval in intervals],
                "dot632plus": self.dot632plus,
                "n_resamples": (self.training + self.test).notna().sum(),
            }
        )


def optimism_bootstrap(
    fit: Fit,
    predict: Predict,
    X: Any,
    y: ArrayLike,
    metrics: Mapping[str, Metric] | Sequence[str] = ("auc", "brier", "slope", "intercept"),
    B: int = 200,
    groups: ArrayLike | None = None,
    random_state: int = 0,
    resamples: ArrayLike | None = None,
) -> OptimismBootstrap:
    """Correct the apparent performance of a modelling procedure by Harrell's bootstrap.

    Parameters
    ----------
    fit : callable
        ``fit(X, y) -> model``. The *whole* procedure: every step that looked at the data
        (filters, selection, scaling, tuning, thresholds) must be inside, or its optimism
        stays hidden.
    predict : callable
        ``predict(model, X) -> array of n probabilities`` of the event.
    X : DataFrame or array_like, n rows
        Predictors.
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    metrics : mapping of str to callable, or sequence of str
        Metrics by name, called with the outcome (bool) and the probabilities; or names among
        "auc", "dxy", "brier", "slope" and "intercept" (of the recalibration line).
    B : int
        Number of resamples.
    groups : array_like, shape (n,), optional
        Patient of each case; whole patients are then resampled.
    random_state : int
        Seed of the resampling and of the permutations behind the .632+ estimate.
    resamples : array_like of int, shape (B, n), optional
        Row numbers to use instead of drawing them, to repeat a run made elsewhere.

    Returns
    -------
    OptimismBootstrap
        Harrell, Lee & Mark, Stat Med 15:361-387 (1996); as rms::validate. A resample in which
        `fit` raises a `DlrError` is left out and counted.

    Raises
    ------
    DlrError
        When an input is not valid or no resample could be fitted.
    """
    procedure = Procedure.of(fit, predict, X, y)
    chosen = _metrics(metrics)
    outcome, everyone = procedure.outcome, np.arange(len(procedure.outcome))
    original = procedure.predictions(procedure.fitted_on(everyone), everyone)
    apparent = _evaluate(chosen, outcome, original)
    runs, failures = [], []
    for rows in resample_rows(outcome, B, groups, random_state, resamples):
        try:
            model = procedure.fitted_on(rows)
        except DlrError as error:
            failures.append(str(error))
            continue
        runs.append(_run(procedure, model, rows, chosen))
    if not runs:
        raise DlrError(f"No resample could be fitted; the first failed with: {failures[0]}")
    training, test, left_out = (
        pd.DataFrame([run[part] for run in runs], columns=list(chosen)) for part in range(3)
    )
    optimism = (training - test).mean()
    return OptimismBootstrap(
        apparent,
        optimism,
        apparent - optimism,
        _dot632plus(apparent, left_out.mean(), _no_information(chosen, procedure, original)),
        training,
        test,
        len(runs),
        len(failures),
        f"{len(failures)} resamples left out: {failures[0]}" if failures else "",
    )


def _metrics(metrics: Mapping[str, Metric] | Sequence[str]) -> dict[str, Metric]:
    if isinstance(metrics, Mapping):
        return dict(metrics)
    return {name: METRICS[check_choice(name, "metrics", tuple(METRICS))] for name in metrics}


def _evaluate(metrics: Mapping[str, Metric], outcome: BoolArray, p: FloatArray) -> pd.Series:
    if outcome.all() or not outcome.any():
        return pd.Series(nan, index=list(metrics))
    return pd.Series({name: float(metric(outcome, p)) for name, metric in metrics.items()})


def _run(
    procedure: Procedure, model: Any, rows: IntArray, metrics: Mapping[str, Metric]
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Evaluate one resample's model on the resample, the original and the cases left out."""
    outcome = procedure.outcome
    everyone = np.arange(len(outcome))
    predicted = procedure.predictions(model, everyone)
    left_out = np.setdiff1d(everyone, rows)
    return (
        _evaluate(metrics, outcome[rows], predicted[rows]),
        _evaluate(metrics, outcome, predicted),
        _evaluate(metrics, outcome[left_out], predicted[left_out]),
    )


def _no_information(
    metrics: Mapping[str, Metric], procedure: Procedure, original: FloatArray
) -> pd.Series:
    """Return the mean of each metric when predictions are dealt out at random."""
    rng = np.random.default_rng(0)
    shuffled = [
        _evaluate(metrics, procedure.outcome, rng.permutation(original))
        for _ in range(_PERMUTATIONS)
    ]
    return pd.DataFrame(shuffled).mean()


def _dot632plus(apparent: pd.Series, left_out: pd.Series, chance: pd.Series) -> pd.Series:
    estimates = {
        str(name): _dot632plus_of(float(apparent[name]), float(left_out[name]), float(chance[name]))
        for name in apparent.index
    }
    return pd.Series(estimates)


def _dot632plus_of(apparent: float, left_out: float, chance: float) -> float:
    """Weigh apparent and left-out performance by the relative overfitting rate.

    The rate is the way from apparent performance to pure chance that the left-out performance
    has gone; it is the same for metrics where less is better and where more is.
    """
    if isnan(apparent) or isnan(left_out):
        return nan
    way = chance - apparent
    gone = (left_out - apparent) / way if way else 0.0
    rate = min(max(gone, 0.0), 1.0)
    held = chance if gone > 1 else left_out  # worse than chance counts as chance
    weight = 0.632 / (1 - 0.368 * rate)
    return (1 - weight) * apparent + weight * held
