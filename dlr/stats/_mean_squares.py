"""Mean squares of a subjects x readers design, for many features at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, fdtrc

from dlr.stats._validation import FloatArray


@dataclass(frozen=True)
class MeanSquares:
    """Analysis of variance of `n` subjects rated by `k` readers; one entry per feature.

    Attributes
    ----------
    subjects, readers, residual, within : ndarray of shape (m,)
        MSR between subjects, MSC between readers, MSE residual, and MSW within subjects.
    n, k : int
        Number of subjects and of readers.
    """

    subjects: FloatArray
    readers: FloatArray
    residual: FloatArray
    within: FloatArray
    n: int
    k: int


def mean_squares(ratings: FloatArray) -> MeanSquares:
    """Split the variance of `ratings`, shape (k readers, n subjects, m features)."""
    k, n, _ = ratings.shape
    size = np.abs(ratings).max(axis=(0, 1))
    # Any origin gives the same sums of squares; this one keeps a large common offset from
    # swallowing their digits and makes constant features exactly zero.
    ratings = ratings - ratings[:1, :1]
    reader_mean = ratings.mean(axis=1)
    grand = reader_mean.mean(axis=0)
    subject_effect = ratings.mean(axis=0) - grand
    reader_effect = reader_mean - grand
    residual = ratings - grand - subject_effect - reader_effect[:, None, :]
    # Sums of squares that are rounding error of the means become exactly zero, so that readers
    # who agree perfectly get an ICC of exactly 1 and constant features none.
    rounding = n * k * (8 * np.finfo(float).eps * size) ** 2
    between = _cleaned(k * _sum_of_squares(subject_effect), rounding)
    columns = _cleaned(n * _sum_of_squares(reader_effect), rounding)
    rest = _cleaned(np.einsum("knm,knm->m", residual, residual), rounding)
    return MeanSquares(
        between / (n - 1),
        columns / (k - 1),
        rest / ((n - 1) * (k - 1)),
        (columns + rest) / (n * (k - 1)),
        n,
        k,
    )


def _sum_of_squares(effect: FloatArray) -> FloatArray:
    return np.einsum("im,im->m", effect, effect)


def _cleaned(sums: FloatArray, rounding: FloatArray) -> FloatArray:
    return np.where(sums <= rounding, 0.0, sums)


def divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide where the denominator is not zero; x / 0 is infinite with the sign of x, 0 / 0 NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator, dtype=float)


def f_upper_tail(f: FloatArray, df1: float, df2: float) -> FloatArray:
    """Return P(F > f), 0 for an infinite f."""
    finite = np.where(np.isinf(f), 0.0, f)
    return np.where(np.isinf(f), 0.0, fdtrc(df1, df2, finite))


def f_quantile(p: float, df1: FloatArray | float, df2: FloatArray | float) -> FloatArray:
    """Return the `p` quantile of the F distribution, also for fractional degrees of freedom.

    Through the complement of the beta distribution: SciPy's `fdtri` keeps only 8 digits.
    """
    complement = betaincinv(np.asarray(df2) / 2, np.asarray(df1) / 2, 1 - p)
    return divide(np.asarray(df2 * (1 - complement)), np.asarray(df1 * complement))
