"""Agreement of readers beyond chance: Cohen's and Fleiss' kappa."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats import ConfidenceInterval
from dlr.stats._results import normal_quantile


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance.

    Attributes
    ----------
    value : float
        1 for full agreement, 0 for chance, below 0 for less than chance; NaN where all ratings
        are the same, so that chance alone agrees fully.
    standard_error : float
        NaN where it cannot be computed.
    n : int
        Cases.
    """

    value: float
    standard_error: float
    n: int

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the Wald interval, cut off at -1 and 1; NaN where there is no error to go by."""
        half = normal_quantile(level) * self.standard_error
        # max() and min() would take a NaN for the bound itself: limits of -1 and 1 for no kappa.
        low, high = np.clip([self.value - half, self.value + half], -1.0, 1.0)
        return ConfidenceInterval(float(low), float(high), level, "Wald")


def cohen_kappa(a: ArrayLike, b: ArrayLike) -> Kappa:
    """Compute the unweighted kappa of two readers of the same cases.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Categories, in the same order of cases.

    Returns
    -------
    Kappa
        Cohen, Educ Psychol Meas 20:37 (1960); standard error of Fleiss, Cohen & Everitt, Psychol
        Bull 72:323 (1969).

    Raises
    ------
    DlrError
        If the lengths differ or there is no case.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape or not first.size:
        raise DlrError(f"kappa needs the same cases twice, got {first.size} and {second.size}.")
    levels = np.unique(np.concatenate([first, second]))
    table = np.array([[((first == i) & (second == j)).mean() for j in levels] for i in levels])
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed, expected = float(np.trace(table)), float(rows @ columns)
    n = int(first.size)
    if expected == 1:
        return Kappa(nan, nan, n)
    kappa = (observed - expected) / (1 - expected)
    diagonal = np.diag(table) @ (1 - (rows + columns) * (1 - kappa)) ** 2
    crossed = (columns[:, None] + rows[None, :]) ** 2
    np.fill_diagonal(crossed, 0)
    off = (1 - kappa) ** 2 * float((table * crossed).sum())
    spread = diagonal + off - (kappa - expected * (1 - kappa)) ** 2
    return Kappa(float(kappa), sqrt(max(spread, 0.0) / n) / (1 - expected), n)


def fleiss_kappa(ratings: ArrayLike) -> Kappa:
    """Compute the agreement of all readers together.

    Parameters
    ----------
    ratings : array_like, shape (n_cases, n_readers)
        Categories; every reader rates every case.

    Returns
    -------
    Kappa
        Fleiss, Psychol Bull 76:378 (1971); the standard error is the jackknife's over cases.

    Raises
    ------
    DlrError
        If there are fewer than two readers or cases.
    """
    table = np.asarray(ratings)
    if table.ndim != 2 or min(table.shape) < 2:
        raise DlrError("Fleiss' kappa needs at least two cases and two readers.")
    levels = np.unique(table)
    counts = np.stack([(table == level).sum(axis=1) for level in levels], axis=1).astype(float)
    n, readers = table.shape
    agreeing = ((counts**2).sum(axis=1) - readers) / (readers * (readers - 1))
    value = _fleiss(agreeing.mean(), counts.sum(axis=0) / (n * readers))
    left_out = np.array(
        [
            _fleiss(
                (agreeing.sum() - agreeing[i]) / (n - 1),
                (counts.sum(axis=0) - counts[i]) / ((n - 1) * readers),
            )
            for i in range(n)
        ]
    )
    error = sqrt((n - 1) / n * float(((left_out - left_out.mean()) ** 2).sum()))
    return Kappa(value, error, n)


def _fleiss(agreement: float, shares: np.ndarray) -> float:
    expected = float((shares**2).sum())
    return nan if expected == 1 else float((agreement - expected) / (1 - expected))
