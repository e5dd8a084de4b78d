"""The calibration curve of a modelling procedure, corrected for optimism."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._refit import Fit, Predict, Procedure, resample_rows
from dlr.stats._validation import BoolArray, FloatArray

_POINTS = 50
_FEWEST = 10


@dataclass(frozen=True, eq=False)
class CalibrationBootstrap:
    """Apparent, bias-corrected and ideal calibration curves.

    Attributes
    ----------
    curve : DataFrame
        Columns predicted, apparent, corrected, ideal and n_used (resamples whose predictions
        reach the point on both sides; others do not count there).
    mean_absolute_error : float
        Mean of |predicted - corrected curve| over the cases.
    mean_squared_error : float
        Mean of its square.
    e90 : float
        90th percentile of |predicted - corrected curve|.
    n_resamples, n_failed : int
        Resamples used, and left out because fitting reported an error.
    """

    curve: pd.DataFrame
    mean_absolute_error: float
    mean_squared_error: float
    e90: float
    n_resamples: int
    n_failed: int = 0

    def to_frame(self) -> pd.DataFrame:
        """Return the curves, one row per predicted probability."""
        return self.curve.copy()


def calibration_bootstrap(
    fit: Fit,
    predict: Predict,
    X: Any,
    y: ArrayLike,
    B: int = 200,
    groups: ArrayLike | None = None,
    at: ArrayLike | None = None,
    random_state: int = 0,
    resamples: ArrayLike | None = None,
) -> CalibrationBootstrap:
    """Estimate the calibration curve a procedure will have on new cases.

    Parameters
    ----------
    fit, predict, X, y, B, groups, random_state, resamples
        As for `optimism_bootstrap`.
    at : array_like, optional
        Predicted probabilities at which to give the curves; 50 even steps from the fifth
        smallest to the fifth largest prediction when left out.

    Returns
    -------
    CalibrationBootstrap
        As rms::calibrate: lowess (span 2/3, no robustness iterations; Cleveland, J Am Stat
        Assoc 74:829, 1979) of outcome on prediction, its optimism averaged over resamples.

    Raises
    ------
    DlrError
        When an input is not valid, there are fewer than 10 cases, all predictions are equal,
        or no resample could be fitted.
    """
    procedure = Procedure.of(fit, predict, X, y)
    outcome, everyone = procedure.outcome, np.arange(len(procedure.outcome))
    if len(outcome) < _FEWEST:
        raise DlrError(f"A calibration curve needs at least {_FEWEST} cases, got {len(outcome)}.")
    original = procedure.predictions(procedure.fitted_on(everyone), everyone)
    grid = _grid(original, at)
    apparent = _smooth(original, outcome, grid)
    optimism, failed = [], 0
    for rows in resample_rows(outcome, B, groups, random_state, resamples):
        try:
            predicted = procedure.predictions(procedure.fitted_on(rows), everyone)
        except DlrError:
            failed += 1
            continue
        training = _smooth(predicted[rows], outcome[rows], grid)
        optimism.append(training - _smooth(predicted, outcome, grid))
    if not optimism:
        raise DlrError("No resample could be fitted, so the curve cannot be corrected.")
    excess = np.array(optimism)
    used = (~np.isnan(excess)).sum(0)
    # A point that no resample reaches keeps no corrected value rather than the apparent one.
    mean = np.where(used > 0, np.nansum(excess, axis=0) / np.maximum(used, 1), np.nan)
    corrected = apparent - mean
    known = ~np.isnan(corrected)
    error = np.abs(original - np.interp(original, grid[known], corrected[known]))
    within = (original >= grid[known][0]) & (original <= grid[known][-1])
    curve = pd.DataFrame(
        {
            "predicted": grid,
            "apparent": apparent,
            "corrected": corrected,
            "ideal": grid,
            "n_used": used,
        }
    )
    return CalibrationBootstrap(
        curve,
        float(error[within].mean()),
        float((error[within] ** 2).mean()),
        float(np.quantile(error[within], 0.9)),
        len(optimism),
        failed,
    )


def _grid(predicted: FloatArray, at: ArrayLike | None) -> FloatArray:
    if at is not None:
        return np.unique(np.asarray(at, dtype=np.float64))
    ranked = np.sort(predicted)
    low, high = ranked[4], ranked[-5]
    if low == high:
        raise DlrError("Nearly all predictions are equal, so there is no calibration curve.")
    return np.linspace(low, high, _POINTS)


def _smooth(predicted: FloatArray, outcome: BoolArray, grid: FloatArray) -> FloatArray:
    """Return lowess of outcome on prediction at the grid; NaN beyond the predictions."""
    # Imported here, because statsmodels takes a second to load and only this needs it.
    from statsmodels.nonparametric.smoothers_lowess import lowess

    spread = float(predicted.max() - predicted.min())
    if spread == 0:
        return np.full(len(grid), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):  # tied neighbours: NaN, as stated
        points = lowess(
            outcome.astype(np.float64), predicted, frac=2 / 3, it=0, delta=0.01 * spread
        )
    x, first = np.unique(points[:, 0], return_index=True)
    return np.interp(grid, x, points[first, 1], left=np.nan, right=np.nan)
