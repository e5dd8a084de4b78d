"""Groups of cases with similar predicted risk."""

from __future__ import annotations

import numpy as np

from dlr.stats._validation import FloatArray, IntArray


def quantile_type7(values: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Return quantiles exactly as R's default (type 7, Hyndman & Fan, Am Stat 50:361, 1996).

    NumPy's default is the same rule, but rounds differently, so that a case whose value *is* a
    break may fall on the other side of it.
    """
    ranked = np.sort(values)
    position = (len(ranked) - 1) * probabilities
    fuzz = 4 * np.finfo(np.float64).eps
    below = np.floor(position + fuzz).astype(np.int64)
    weight = position - below
    lower, upper = ranked[below], ranked[np.minimum(below + 1, len(ranked) - 1)]
    # Between equal values nothing is interpolated, since rounding would split a tie in two.
    between = (np.abs(weight) >= fuzz) & (lower != upper)
    return np.where(between, (1 - weight) * lower + weight * upper, lower)


def risk_groups(p: FloatArray, groups: int) -> tuple[IntArray, FloatArray]:
    """Cut predictions at their quantiles into groups of about equal size.

    Parameters
    ----------
    p : ndarray, shape (n,)
        Predicted probabilities.
    groups : int
        Number of groups asked for; tied quantiles merge and empty groups are dropped, so fewer
        may be formed.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        Group of each case, 0..G-1, rising with the prediction.
    breaks : ndarray, shape (G + 1,)
        Group g holds breaks[g] < p <= breaks[g + 1]; the first also holds its lower break.
    """
    breaks = np.unique(quantile_type7(p, np.arange(groups + 1) / groups))
    if len(breaks) == 1:
        return np.zeros(len(p), dtype=np.int64), np.repeat(breaks, 2)
    codes = np.maximum(np.searchsorted(breaks, p, side="left") - 1, 0)
    # With gaps between few or tied predictions no case may lie between two breaks.
    filled, codes = np.unique(codes, return_inverse=True)
    return codes.astype(np.int64), np.append(breaks[0], breaks[filled + 1])
