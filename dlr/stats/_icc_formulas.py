"""Formulas of the six intraclass correlations, vectorised over features."""

from __future__ import annotations

import numpy as np

from dlr.stats._mean_squares import MeanSquares, divide, f_quantile
from dlr.stats._validation import FloatArray, check_level

FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


def notes(squares: MeanSquares, form: str) -> list[str]:
    """Say why a coefficient, or its test and limits, cannot be computed."""
    flat = squares.subjects + squares.within == 0
    untested = np.isnan(f_statistic(squares, form)[0])
    same = "not defined: all values are the same"
    unmoved = "no test and no limits: no reader's values differ between cases"
    return [same if a else unmoved if b else "" for a, b in zip(flat, untested)]


def estimate(squares: MeanSquares, form: str) -> FloatArray:
    """Return the coefficient; formulas of Shrout & Fleiss, table 4."""
    msr, msc, mse, msw = squares.subjects, squares.readers, squares.residual, squares.within
    n, k = squares.n, squares.k
    noise = {"1": msw, "2": mse, "3": mse}[form[0]]
    shift = (msc - mse) / n if form[0] == "2" else np.zeros_like(msr)
    if form[2] == "1":
        return divide(msr - noise, msr + (k - 1) * noise + k * shift)
    return divide(msr - noise, msr + shift)


def f_statistic(squares: MeanSquares, form: str) -> tuple[FloatArray, float, float]:
    """Return F with its degrees of freedom; forms 2 and 3 share it."""
    n, k = squares.n, squares.k
    if form[0] == "1":
        return divide(squares.subjects, squares.within), n - 1, n * (k - 1)
    return divide(squares.subjects, squares.residual), n - 1, (n - 1) * (k - 1)


def limits(squares: MeanSquares, form: str, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the limits of any form; those of k readers follow from those of one."""
    upper = 0.5 + check_level(level) / 2
    k = squares.k
    single = _absolute_limits if form[0] == "2" else _ratio_limits
    low, high = single(squares, form, upper)
    if form[2] == "k":
        # Spearman-Brown; at a single-reader limit of exactly 1 it stays 1.
        low, high = divide(k * low, 1 + (k - 1) * low), divide(k * high, 1 + (k - 1) * high)
    return low, high


def _ratio_limits(squares: MeanSquares, form: str, upper: float) -> tuple[FloatArray, FloatArray]:
    """Forms 1 and 3: the observed F over, and times, a quantile of F; exact."""
    f, df1, df2 = f_statistic(squares, form)
    low, high = f / f_quantile(upper, df1, df2), f * f_quantile(upper, df2, df1)
    return _from_f(low, squares.k), _from_f(high, squares.k)


def _from_f(f: FloatArray, k: int) -> FloatArray:
    infinite = np.isinf(f)
    finite = np.where(infinite, 0.0, f)
    return np.where(infinite, 1.0, (finite - 1) / (finite + k - 1))


def _absolute_limits(
    squares: MeanSquares, _form: str, upper: float
) -> tuple[FloatArray, FloatArray]:
    """Form 2: Satterthwaite's degrees of freedom `v` (McGraw & Wong, table 7)."""
    msr, msc, mse = squares.subjects, squares.readers, squares.residual
    n, k = squares.n, squares.k
    value = estimate(squares, "2,1")
    # a and b of McGraw & Wong times n (1 - ICC), so that an ICC of 1 divides nothing by zero.
    a = k * value
    b = n * (1 - value) + k * value * (n - 1)
    freedom = divide(
        (a * msc + b * mse) ** 2, (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    )
    # No variance but between subjects: the limits are 1 whatever v is. An ICC of 0 with MSE = 0
    # gives 0 / 0 too; its limit is the k - 1 of the reader effect alone.
    freedom = np.where(np.isfinite(freedom) & (freedom > 0), freedom, float(k - 1))
    below, above = f_quantile(upper, n - 1, freedom), f_quantile(upper, freedom, n - 1)
    spread = k * msc + (k * n - k - n) * mse
    # Both sides divided by the quantile, which for few degrees of freedom is beyond all numbers.
    low = divide(n * (msr / below - mse), spread + n * msr / below)
    high = divide(n * (above * msr - mse), spread + n * above * msr)
    undefined = np.isnan(f_statistic(squares, "2,1")[0])
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
