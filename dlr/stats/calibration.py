"""Calibration: whether of those given a risk of 30 %, 30 in 100 have the event."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logit

from dlr.errors import DlrError
from dlr.stats._loess import LoessData, loess_fit
from dlr.stats._recalibration import fit_line, fit_offset
from dlr.stats._results import ConfidenceInterval, Estimate, Proportion, normal_quantile
from dlr.stats._risk_groups import quantile_type7, risk_groups
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    check_choice,
    check_count,
    check_level,
    group_codes,
    outcome_and_probability,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPAN = 0.75
_GRID = 101
# Above this number of distinct predictions the smooth is evaluated at some quantiles of them
# and interpolated between these, which moves it by less than 1e-5.
_EXACT = 2000
_KNOTS = 400
_FEW = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Agreement of predicted probabilities with outcomes.

    Attributes
    ----------
    slope_estimate, intercept_estimate : Estimate
        Of logit P(event) = intercept + slope * logit(p). A slope below 1 means predictions too
        extreme (overfitting), above 1 too timid.
    in_the_large_estimate : Estimate
        Intercept with the slope fixed at 1; positive when risks are predicted too low.
    brier : float
        Mean squared difference of prediction and outcome; 0 is perfect.
    scaled_brier : float
        1 - brier / (prevalence (1 - prevalence)); 1 is perfect, 0 no better than predicting the
        prevalence for everyone, negative is worse.
    ici, e50, e90, emax : float
        Mean, median, 90th percentile and maximum of |prediction - flexible curve|.
    curve : DataFrame
        The flexible curve on an even grid of predictions: predicted, observed, and pointwise
        limits low, high at `level`. The curve is not forced into [0, 1]; the limits are.
    binned : DataFrame
        Per group of similar predictions: predicted (mean), observed (share), low, high
        (Wilson) and n.
    predicted : ndarray, shape (n,)
        The predictions.
    level : float
        Confidence level of the limits in `curve` and `binned`.
    note : str
        What is missing or needs care; empty otherwise.
    """

    slope_estimate: Estimate
    intercept_estimate: Estimate
    in_the_large_estimate: Estimate
    brier: float
    scaled_brier: float
    ici: float
    e50: float
    e90: float
    emax: float
    curve: pd.DataFrame
    binned: pd.DataFrame
    predicted: FloatArray
    level: float = 0.95
    note: str = ""

    @property
    def slope(self) -> float:
        """Calibration slope; 1 is perfect."""
        return self.slope_estimate.value

    @property
    def intercept(self) -> float:
        """Intercept fitted together with the slope; 0 is perfect."""
        return self.intercept_estimate.value

    @property
    def calibration_in_the_large(self) -> float:
        """Intercept with the slope fixed at 1; 0 is perfect."""
        return self.in_the_large_estimate.value

    def confidence_interval(
        self, measure: str = "slope", level: float = 0.95
    ) -> ConfidenceInterval:
        """Return the Wald interval of the slope, the intercept or calibration-in-the-large.

        Parameters
        ----------
        measure : {"slope", "intercept", "calibration_in_the_large"}
        level : float
            Confidence level in (0, 1).

        Returns
        -------
        ConfidenceInterval

        Raises
        ------
        DlrError
            When the measure or the level is not known.
        """
        estimates = {
            "slope": self.slope_estimate,
            "intercept": self.intercept_estimate,
            "calibration_in_the_large": self.in_the_large_estimate,
        }
        return estimates[check_choice(measure, "measure", tuple(estimates))].confidence_interval(
            level
        )

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per measure; value, and limits where there are any."""
        rows = []
        for name in ("slope", "intercept", "calibration_in_the_large"):
            low, high = self.confidence_interval(name, level)
            rows.append((name, getattr(self, name), low, high))
        single = ("brier", "scaled_brier", "ici", "e50", "e90", "emax")
        rows.extend((name, getattr(self, name), nan, nan) for name in single)
        return pd.DataFrame(rows, columns=["measure", "value", "low", "high"]).set_index("measure")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curve, its band and the groups; see `dlr.figures.plot_calibration`."""
        from dlr.figures import plot_calibration

        return plot_calibration(self, ax=ax)


def calibration(
    y: ArrayLike,
    p: ArrayLike,
    bins: int = 10,
    level: float = 0.95,
    clip: float | None = None,
    groups: ArrayLike | None = None,
) -> Calibration:
    """Measure calibration.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    p : array_like, shape (n,)
        Predicted probability of the event.
    bins : int
        Number of groups of `binned`, cut at quantiles of `p`.
    level : float
        Confidence level of the limits in `curve` and `binned`.
    clip : float, optional
        Moves predictions of exactly 0 and 1 to `clip` and 1 - `clip` for the slope and the
        intercepts. Left out, such predictions leave these three NaN with a note, because their
        log-odds are infinite and the slope would rest on the value chosen here.
    groups : array_like, shape (n,), optional
        Patient of each case, where a patient may have several: standard errors of slope and
        intercepts then allow for it (the band and the groups of the curve do not).

    Returns
    -------
    Calibration
        Slope, intercept and calibration-in-the-large: Cox, Biometrika 45:562 (1958) and
        Steyerberg, Clinical Prediction Models (2nd ed. 2019). ICI, E50, E90 and Emax: Austin &
        Steyerberg, Stat Med 38:4051 (2019), with loess of span 0.75 and degree 2 evaluated
        exactly (R interpolates by default). The band takes the variance of each outcome as
        c (1 - c), c being the curve.

    Raises
    ------
    DlrError
        When an input is not valid.
    """
    outcome, predicted = outcome_and_probability(y, p)
    check_count(bins, "bins", 1)
    check_level(level)
    codes = group_codes(groups, len(outcome), y, p)
    intercept, slope, in_the_large = _recalibrate(outcome, predicted, clip, codes)
    brier = float(((predicted - outcome) ** 2).mean())
    prevalence = float(outcome.mean())
    data = LoessData.of(predicted, outcome.astype(np.float64))
    smooth = _smooth(data)
    error = np.abs(predicted - smooth[np.searchsorted(data.x, predicted)])
    return Calibration(
        slope,
        intercept,
        in_the_large,
        brier,
        1 - brier / (prevalence * (1 - prevalence)),
        float(error.mean()),
        float(np.median(error)),
        float(quantile_type7(error, np.array([0.9]))[0]),
        float(error.max()),
        _curve(data, smooth, level),
        _binned(outcome, predicted, bins, level),
        predicted,
        level,
        _note(slope, in_the_large, len(outcome)),
    )


def _recalibrate(
    outcome: BoolArray, predicted: FloatArray, clip: float | None, codes: IntArray | None
) -> tuple[Estimate, Estimate, Estimate]:
    if clip is not None:
        if not 0 < clip < 0.5:
            raise DlrError(f"clip must lie strictly between 0 and 0.5, got {clip!r}.")
        predicted = np.clip(predicted, clip, 1 - clip)
    certain = int(((predicted == 0) | (predicted == 1)).sum())
    if certain:
        reason = (
            f"{certain} of {len(predicted)} predictions are exactly 0 or 1, whose log-odds are "
            "infinite, so slope and intercepts do not exist (clip=1e-8 would move them inside)"
        )
        missing = Estimate(nan, nan, reason)
        return missing, missing, missing
    log_odds = logit(predicted)
    return *fit_line(outcome, log_odds, codes), fit_offset(outcome, log_odds, codes)


def _smooth(data: LoessData) -> FloatArray:
    """Evaluate the flexible curve at each distinct prediction."""
    if len(data.x) <= _EXACT:
        return loess_fit(data, data.x, SPAN)[0]
    knots = data.x[np.linspace(0, len(data.x) - 1, _KNOTS).round().astype(np.int64)]
    return np.interp(data.x, knots, loess_fit(data, knots, SPAN)[0])


def _curve(data: LoessData, smooth: FloatArray, level: float) -> pd.DataFrame:
    grid = np.unique(np.linspace(data.x[0], data.x[-1], _GRID))
    # A curve value of 0 or 1 would claim an outcome without any variance.
    rim = 0.5 / len(data.ranked)
    rate = np.clip(smooth, rim, 1 - rim)
    observed, variance = loess_fit(data, grid, SPAN, rate * (1 - rate))
    half = normal_quantile(level) * np.sqrt(variance)
    return pd.DataFrame(
        {
            "predicted": grid,
            "observed": observed,
            "low": np.clip(observed - half, 0, 1),
            "high": np.clip(observed + half, 0, 1),
        }
    )


def _binned(outcome: BoolArray, predicted: FloatArray, bins: int, level: float) -> pd.DataFrame:
    codes, _ = risk_groups(predicted, bins)
    rows = []
    for code in np.unique(codes):
        members = codes == code
        share = Proportion.of(int(outcome[members].sum()), int(members.sum()))
        low, high = share.confidence_interval(level)
        rows.append((predicted[members].mean(), share.value, low, high, share.denominator))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])


def _note(slope: Estimate, in_the_large: Estimate, n: int) -> str:
    notes = list(dict.fromkeys(note for note in (slope.note, in_the_large.note) if note))
    if n < _FEW:
        notes.append(f"with only {n} cases, the flexible curve follows single cases")
    return "; ".join(notes)
