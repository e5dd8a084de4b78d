"""Intraclass correlation: agreement of readers, for one feature or for thousands at once.

Names follow Shrout & Fleiss, Psychological Bulletin 86:420-428 (1979): the first number is the
model (1 one-way, 2 two-way random with absolute agreement, 3 two-way mixed with consistency),
the second is 1 for a single reader or k for the mean of the readers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import fdtrc, fdtri

from dlr.errors import DlrError
from dlr.stats._results import ConfidenceInterval
from dlr.stats._validation import FloatArray, check_choice, check_level

FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


@dataclass(frozen=True, eq=False)
class Icc:
    """One intraclass correlation.

    Attributes
    ----------
    value : float
        1 is perfect agreement; can be negative.
    form : str
    f, degrees_of_freedom_1, degrees_of_freedom_2, p_value : float
        F test of no agreement.
    n, k : int
        Subjects and readers.
    note : str
        Why a number is missing, else empty.
    """

    value: float
    form: str
    f: float
    degrees_of_freedom_1: float
    degrees_of_freedom_2: float
    p_value: float
    n: int
    k: int
    note: str
    _squares: tuple[FloatArray, FloatArray, FloatArray, FloatArray]

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the F-based interval of Shrout & Fleiss; McGraw & Wong for form 2."""
        check_level(level)
        low, high = _interval(self.form, self._squares, self.n, self.k, level)
        name = "Satterthwaite" if self.form.startswith("2") else "F distribution"
        return ConfidenceInterval(float(low[0]), float(high[0]), level, name, self.note)

    def to_frame(self) -> pd.DataFrame:
        """Return one row: form, icc, interval, F and p."""
        interval = self.confidence_interval()
        row = {"form": self.form, "icc": self.value, "low": interval.low, "high": interval.high}
        return pd.DataFrame([{**row, "f": self.f, "p_value": self.p_value}])


@dataclass(frozen=True, eq=False)
class IccTable:
    """Intraclass correlations of many features.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``feature``; columns ``icc``, ``low``, ``high``, ``f``, ``p_value``, ``note``.
    form : str
    n, k : int
        Subjects and readers.
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    form: str
    n: int
    k: int
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


def icc(ratings: ArrayLike | pd.DataFrame, form: str = "2,1") -> Icc:
    """Measure the agreement of readers on one feature.

    Parameters
    ----------
    ratings : array_like, shape (n_subjects, n_readers)
        No missing values.
    form : {"1,1", "2,1", "3,1", "1,k", "2,k", "3,k"}
        Shrout and Fleiss' form; ``"2,1"`` is absolute agreement of readers drawn from many.

    Returns
    -------
    Icc

    Raises
    ------
    DlrError
        If there are fewer than two subjects or readers, or values are missing.
    """
    check_choice(form, "form", FORMS)
    values = np.asarray(ratings, dtype=float)
    if values.ndim != 2 or min(values.shape) < 2:
        raise DlrError(
            f"ratings must have at least two subjects (rows) and two readers (columns), but got "
            f"shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise DlrError("ratings has missing or infinite values; drop those subjects")
    n, k = values.shape
    squares = _mean_squares(values[:, :, None])
    value, f, freedom, notes = _estimate(form, squares, n, k)
    p_value = float(fdtrc(*freedom, f[0])) if np.isfinite(f[0]) else float("nan")
    if np.isposinf(f[0]):
        p_value = 0.0
    return Icc(float(value[0]), form, float(f[0]), *freedom, p_value, n, k, str(notes[0]), squares)


def icc_table(
    reader_a: pd.DataFrame, reader_b: pd.DataFrame, form: str = "2,1", level: float = 0.95
) -> IccTable:
    """Measure the agreement of two readers on every feature at once.

    Parameters
    ----------
    reader_a, reader_b : DataFrame of shape (n_subjects, n_features)
        The same subjects in the same order, the same columns.
    form : str
        As :func:`icc`.
    level : float
        Of the confidence intervals.

    Returns
    -------
    IccTable
        A feature with missing values or without any variation has NaN and a note.

    Raises
    ------
    DlrError
        If subjects or columns differ, or there are fewer than two subjects.
    """
    check_choice(form, "form", FORMS)
    check_level(level)
    if list(reader_a.columns) != list(reader_b.columns):
        raise DlrError("the two readers' tables must have the same columns in the same order")
    if list(reader_a.index) != list(reader_b.index):
        raise DlrError("the two readers' tables must list the same subjects in the same order")
    if len(reader_a) < 2:
        raise DlrError(f"agreement needs at least two subjects, but got {len(reader_a)}")
    values = np.stack([reader_a.to_numpy(dtype=float), reader_b.to_numpy(dtype=float)], axis=1)
    complete = np.isfinite(values).all(axis=(0, 1))
    squares = _mean_squares(np.where(complete, values, 0.0))
    n, k = values.shape[:2]
    value, f, freedom, notes = _estimate(form, squares, n, k)
    low, high = _interval(form, squares, n, k, level)
    p_value = np.where(np.isposinf(f), 0.0, fdtrc(*freedom, np.where(np.isfinite(f), f, np.nan)))
    columns = {"icc": value, "low": low, "high": high, "f": f, "p_value": p_value}
    table = pd.DataFrame(columns, index=pd.Index(reader_a.columns, name="feature"))
    table.loc[~complete, :] = np.nan
    table["note"] = np.where(complete, notes, "missing values")
    return IccTable(table, form, n, k, level)


def _mean_squares(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return MSR, MSC, MSE, MSW of an (n, k, features) array.

    Values are centred first, so that a large mean costs no digits.
    """
    n, k, _ = x.shape
    x = x - x.mean(axis=(0, 1))
    subject, reader = x.mean(axis=1), x.mean(axis=0)
    rows = k * (subject**2).sum(axis=0) / (n - 1)
    columns = n * (reader**2).sum(axis=0) / (k - 1)
    within = ((x - subject[:, None]) ** 2).sum(axis=(0, 1)) / (n * (k - 1))
    residual = ((x - subject[:, None] - reader[None]) ** 2).sum(axis=(0, 1))
    return rows, columns, residual / ((n - 1) * (k - 1)), within


def _estimate(
    form: str, squares: tuple[FloatArray, FloatArray, FloatArray, FloatArray], n: int, k: int
) -> tuple[FloatArray, FloatArray, tuple[float, float], FloatArray]:
    """Return ICC, F, its degrees of freedom, and notes."""
    rows, columns, residual, within = squares
    model, averaged = form[0], form[-1] == "k"
    error = within if model == "1" else residual
    size = 1 if averaged else k
    denominator = rows + (size - 1) * error
    if model == "2":
        denominator = denominator + (columns - residual) * size / n
    flat = rows + columns + residual <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(flat, np.nan, (rows - error) / denominator)
        f = np.where(flat, np.nan, rows / error)
    freedom = (float(n - 1), float(n * (k - 1) if model == "1" else (n - 1) * (k - 1)))
    return value, f, freedom, np.where(flat, "the feature is constant", "")


def _interval(
    form: str,
    squares: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    n: int,
    k: int,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the confidence limits; see McGraw & Wong, Psychological Methods 1:30-46 (1996)."""
    rows, columns, residual, within = squares
    tail = 1 - (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        if form[0] == "2":
            low, high = _limits_of_form_2(rows, columns, residual, n, k, tail)
        else:
            error = within if form[0] == "1" else residual
            second = n * (k - 1) if form[0] == "1" else (n - 1) * (k - 1)
            lower = rows / error / fdtri(n - 1, second, tail)
            upper = rows / error * fdtri(second, n - 1, tail)
            low, high = (lower - 1) / (lower + k - 1), (upper - 1) / (upper + k - 1)
            perfect = (error <= 0) & (rows > 0)
            low, high = np.where(perfect, 1.0, low), np.where(perfect, 1.0, high)
        if form[-1] == "k":  # Spearman-Brown, as Shrout & Fleiss derive the averaged forms
            low, high = k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high)
    return low, high


def _limits_of_form_2(
    rows: FloatArray, columns: FloatArray, residual: FloatArray, n: int, k: int, tail: float
) -> tuple[FloatArray, FloatArray]:
    value = (rows - residual) / (rows + (k - 1) * residual + k * (columns - residual) / n)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    top = (a * columns + b * residual) ** 2
    freedom = top / ((a * columns) ** 2 / (k - 1) + (b * residual) ** 2 / ((n - 1) * (k - 1)))
    lower, upper = fdtri(n - 1, freedom, tail), fdtri(freedom, n - 1, tail)
    rest = k * columns + (k * n - k - n) * residual
    low = n * (rows - lower * residual) / (lower * rest + n * rows)
    high = n * (upper * rows - residual) / (rest + n * upper * rows)
    perfect = (columns + residual <= 0) & (rows > 0)
    return np.where(perfect, 1.0, low), np.where(perfect, 1.0, high)
