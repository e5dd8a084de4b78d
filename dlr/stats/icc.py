"""Intraclass correlation of readers, for one feature or for thousands at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._icc_formulas import FORMS, estimate, f_statistic, limits, notes
from dlr.stats._mean_squares import MeanSquares, f_upper_tail, mean_squares
from dlr.stats._results import ConfidenceInterval
from dlr.stats._validation import FloatArray, check_choice, check_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Icc:
    """Intraclass correlation coefficient of one measurement.

    Attributes
    ----------
    value : float
        The coefficient: 1 for perfect agreement, about 0 for none, and possibly negative; NaN
        when every rating is the same (`note` says so).
    form : str
        Which of the six forms of Shrout & Fleiss.
    f, df1, df2, p_value : float
        F test of the hypothesis that the coefficient is zero.
    n, k : int
        Number of subjects and of readers.
    note : str
        Why a number is missing or needs care; empty otherwise.
    """

    value: float
    form: str
    f: float
    df1: float
    df2: float
    p_value: float
    n: int
    k: int
    note: str = ""
    _squares: MeanSquares = field(repr=False, compare=False, kw_only=True)

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the interval from the F distribution (see `icc`), of the same form."""
        low, high = limits(self._squares, self.form, level)
        note = self.note
        if low[0] > high[0]:
            note = "the limits mean nothing: the single-reader limit lies below -1/(k-1)"
        return ConfidenceInterval(float(low[0]), float(high[0]), level, "F distribution", note)

    def all_forms(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per form, all from the same ratings."""
        rows = [_one(self._squares, form).to_frame(level) for form in FORMS]
        return pd.concat(rows)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row, indexed by the form: icc, low, high, f, df1, df2, p_value, n, note."""
        low, high = self.confidence_interval(level)
        columns = {"icc": self.value, "low": low, "high": high, "f": self.f}
        columns |= {"df1": self.df1, "df2": self.df2, "p_value": self.p_value}
        row = columns | {"n": self.n, "note": self.note}
        return pd.DataFrame(row, index=pd.Index([self.form], name="form"))


@dataclass(frozen=True, eq=False)
class IccTable:
    """Intraclass correlations of many features between two readers.

    Attributes
    ----------
    form : str
        Which of the six forms of Shrout & Fleiss.
    features : tuple of str
        Names, in the order of the first reader's columns.
    n : ndarray of int, shape (m,)
        Cases that both readers measured, per feature.
    notes : tuple of str
        Why a feature has no coefficient; empty where it has.
    """

    form: str
    features: tuple[str, ...]
    n: np.ndarray
    notes: tuple[str, ...]
    _parts: tuple[tuple[np.ndarray, MeanSquares], ...] = field(repr=False, compare=False)

    @property
    def values(self) -> pd.Series:
        """The coefficients by feature."""
        return self.to_frame()["icc"]

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per feature.

        Parameters
        ----------
        level : float
            Confidence level of the limits.

        Returns
        -------
        DataFrame
            Index ``feature``; columns ``icc``, ``low``, ``high``, ``f``, ``p_value``, ``n`` (cases
            used) and ``note``.
        """
        check_level(level)
        numbers = np.full((5, len(self.features)), np.nan)
        for where, squares in self._parts:
            f, df1, df2 = f_statistic(squares, self.form)
            low, high = limits(squares, self.form, level)
            p_value = f_upper_tail(f, df1, df2)
            numbers[:, where] = [estimate(squares, self.form), low, high, f, p_value]
        frame = pd.DataFrame(
            dict(zip(("icc", "low", "high", "f", "p_value"), numbers)),
            index=pd.Index(self.features, name="feature"),
        )
        return frame.assign(n=self.n, note=list(self.notes))

    def plot(self, ax: Axes | None = None, threshold: float = 0.75) -> Axes:
        """Draw the sorted coefficients with a line at `threshold`."""
        from dlr.figures import plot_agreement

        return plot_agreement(self, threshold, ax)


def icc(ratings: ArrayLike, form: str = "2,1") -> Icc:
    """Estimate how well readers agree on one measurement.

    Parameters
    ----------
    ratings : array_like of shape (n_subjects, k_readers)
        Finite numbers; at least two subjects and two readers.
    form : {"1,1", "2,1", "3,1", "1,k", "2,k", "3,k"}
        Names of Shrout & Fleiss [1]_. First part: 1 = each subject has other readers (one-way);
        2 = readers drawn from many, absolute agreement (two-way random; McGraw & Wong's A);
        3 = these readers only, consistency, a constant shift between them does not count
        (two-way mixed; C). Second part: reliability of one reader, or of the mean of k.

    Returns
    -------
    Icc
        Use `Icc.all_forms` for the six of them at once.

    Raises
    ------
    DlrError
        When ratings are missing, too few or not a table, or the form is unknown.

    Notes
    -----
    From the two-way analysis of variance without replication, as psych::ICC(lmer=FALSE): negative
    variance components are not cut off at zero. Limits: [1]_ and, for form 2, the Satterthwaite
    approximation of [2]_.

    References
    ----------
    .. [1] Shrout PE, Fleiss JL, Intraclass correlations: uses in assessing rater reliability,
       Psychological Bulletin 86:420-428 (1979).
    .. [2] McGraw KO, Wong SP, Forming inferences about some intraclass correlation coefficients,
       Psychological Methods 1:30-46 (1996).

    Examples
    --------
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9],
    ...            [6, 2, 4, 7]]
    >>> round(icc(ratings, "2,1").value, 4)
    0.2898
    """
    check_choice(form, "form", FORMS)
    try:
        table = np.asarray(ratings, dtype=float)
    except (TypeError, ValueError) as error:
        raise DlrError(f"ratings must hold numbers only, but some value is not: {error}.") from None
    if table.ndim != 2 or min(table.shape) < 2:
        raise DlrError(
            "ratings must be a table with at least 2 subjects (rows) and 2 readers (columns), "
            f"but has shape {table.shape}."
        )
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise DlrError(
            "ratings must not hold missing or infinite values, but the one in row "
            f"{row}, column {column} is; leave subjects out that a reader did not rate."
        )
    return _one(mean_squares(table.T[:, :, None]), form)


def icc_table(reader_a: pd.DataFrame, reader_b: pd.DataFrame, form: str = "2,1") -> IccTable:
    """Estimate how well two readers agree on each of many features.

    Parameters
    ----------
    reader_a, reader_b : DataFrame of shape (n_cases, m_features)
        The same cases (rows, in the same order) and features (columns, in any order). A case
        lacking a value (missing or infinite) with either reader is left out for that feature only.
    form : {"1,1", "2,1", "3,1", "1,k", "2,k", "3,k"}
        See `icc`. "2,1" is absolute agreement of readers drawn from many.

    Returns
    -------
    IccTable
        NaN with a note for features that do not vary or have fewer than two complete cases.

    Raises
    ------
    DlrError
        When the readers differ in cases or features, or a column holds no numbers.

    Notes
    -----
    All features are computed at once; they are grouped only by which cases are complete.
    """
    check_choice(form, "form", FORMS)
    first, second = _paired_tables(reader_a, reader_b)
    complete = np.isfinite(first) & np.isfinite(second)
    counts = complete.sum(axis=0)
    reasons = ["" if n >= 2 else f"only {n} case(s) measured by both readers" for n in counts]
    parts = []
    for where in same_cases(complete):
        if counts[where[0]] < 2:
            continue
        rows = complete[:, where[0]]
        squares = mean_squares(np.stack([first[np.ix_(rows, where)], second[np.ix_(rows, where)]]))
        parts.append((where, squares))
        for position, note in zip(where, notes(squares, form)):
            reasons[position] = note
    names = tuple(str(name) for name in reader_a.columns)
    return IccTable(form, names, counts, tuple(reasons), tuple(parts))


def _paired_tables(first: pd.DataFrame, second: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return two arrays with the same cases and features in the same order."""
    if not first.index.equals(second.index):
        raise DlrError(
            f"reader_a ({len(first)} rows) and reader_b ({len(second)} rows) must hold the same "
            "cases in the same order; select them by their common index first."
        )
    for name, table in (("reader_a", first), ("reader_b", second)):
        if not table.columns.is_unique:
            twice = table.columns[table.columns.duplicated()][0]
            raise DlrError(f"{name} has the column '{twice}' twice; feature names must be unique.")
    odd = first.columns.symmetric_difference(second.columns)
    if len(odd):
        raise DlrError(f"only one of the two readers has the feature '{odd[0]}'.")
    try:
        return first.to_numpy(dtype=float), second[first.columns].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise DlrError(f"features must be numbers, but some value is not: {error}.") from None


def same_cases(complete: np.ndarray) -> list[np.ndarray]:
    """Group features (columns) by the set of cases that are complete for them."""
    if complete.all():
        return [np.arange(complete.shape[1])] if complete.shape[1] else []
    patterns: dict[bytes, list[int]] = {}
    for position, column in enumerate(np.packbits(complete, axis=0).T):
        patterns.setdefault(column.tobytes(), []).append(position)
    return [np.array(positions) for positions in patterns.values()]


def _one(squares: MeanSquares, form: str) -> Icc:
    f, df1, df2 = f_statistic(squares, form)
    return Icc(
        float(estimate(squares, form)[0]),
        form,
        float(f[0]),
        df1,
        df2,
        float(f_upper_tail(f, df1, df2)[0]),
        squares.n,
        squares.k,
        notes(squares, form)[0],
        _squares=squares,
    )
