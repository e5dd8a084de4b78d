"""Correction of p values for the number of tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._validation import FloatArray, check_choice

ADJUSTMENTS = ("holm", "bh", "bonferroni", "none")


def adjust_p_values(p_values: ArrayLike, method: str = "holm") -> FloatArray:
    """Adjust p values for multiplicity, as R's ``p.adjust`` does.

    Parameters
    ----------
    p_values : array_like, shape (n,)
        Raw p values in [0, 1]. A NaN (a test that could not be made) stays NaN and does not
        count among the tests.
    method : {"holm", "bh", "bonferroni", "none"}
        Holm, Scand J Stat 6:65 (1979), holds the family-wise error under any dependence;
        Benjamini & Hochberg, J R Stat Soc B 57:289 (1995), holds the false discovery rate.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    DlrError
        When a p value lies outside [0, 1] or the method is unknown.
    """
    check_choice(method, "method", ADJUSTMENTS)
    raw = np.asarray(p_values, dtype=np.float64)
    present = np.flatnonzero(~np.isnan(raw))
    p = raw[present]
    if ((p < 0) | (p > 1)).any():
        raise DlrError("p_values must lie between 0 and 1.")
    adjusted = raw.copy()
    adjusted[present] = _adjust(p, method)
    return adjusted


def _adjust(p: FloatArray, method: str) -> FloatArray:
    n = len(p)
    if method == "none" or n == 0:
        return p
    if method == "bonferroni":
        return np.minimum(1.0, n * p)
    order = np.argsort(p)
    result = np.empty(n)
    if method == "holm":
        factors = np.arange(n, 0.0, -1)
        result[order] = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    else:
        factors = n / np.arange(1, n + 1)
        scaled = (factors * p[order])[::-1]
        result[order] = np.minimum(1.0, np.minimum.accumulate(scaled)[::-1])
    return result
