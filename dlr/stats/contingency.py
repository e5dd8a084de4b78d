"""Tests of contingency tables."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from dlr.errors import DlrError
from dlr.stats._fisher import fisher_p_value
from dlr.stats._group_test import GroupTest, not_done
from dlr.stats._validation import IntArray, check_choice

_MCNEMAR = {
    "exact": "McNemar's exact test",
    "continuity": "McNemar's test with continuity correction",
    "uncorrected": "McNemar's test",
}


def chi_squared_test(table: ArrayLike, continuity: bool = True) -> GroupTest:
    """Test whether rows and columns of a contingency table are independent.

    Parameters
    ----------
    table : array_like of int, shape (r, c)
        Counts; rows and columns that are all zero are left out.
    continuity : bool
        Yates' correction, which acts on 2 x 2 tables only, as in R's chisq.test.

    Returns
    -------
    GroupTest
        The note warns where an expected count is below 5; then `fisher_exact_test` is safer.
    """
    counts, sizes = _contingency(table)
    corrected = continuity and counts.shape == (2, 2)
    name = "Chi-squared test" + (" with continuity correction" if corrected else "")
    if min(counts.shape) < 2:
        return not_done(name, sizes, "only one row or column has any cases")
    result = stats.chi2_contingency(counts, correction=continuity)
    smallest = float(result.expected_freq.min())
    note = f"an expected count is only {smallest:.2g}" if smallest < 5 else ""
    return GroupTest(
        name, float(result.statistic), float(result.dof), float(result.pvalue), sizes, note=note
    )


def fisher_exact_test(table: ArrayLike) -> GroupTest:
    """Test independence in a contingency table of any size exactly.

    Parameters
    ----------
    table : array_like of int, shape (r, c)
        Counts; rows and columns that are all zero are left out.

    Returns
    -------
    GroupTest
        Two-sided: all tables at most as likely as this one count. For 2 x 2 tables with the
        conditional maximum-likelihood odds ratio and its exact interval (R's fisher.test).
        Where there are too many tables to list, p is simulated with a fixed seed and the note
        says so.
    """
    counts, sizes = _contingency(table)
    name = "Fisher's exact test"
    if min(counts.shape) < 2:
        return not_done(name, sizes, "only one row or column has any cases")
    p_value, note = fisher_p_value(counts)
    result = GroupTest(name, nan, nan, p_value, sizes, note=note)
    if counts.shape != (2, 2):
        return result
    ratio = float(stats.contingency.odds_ratio(counts, kind="conditional").statistic)
    rows = tuple(tuple(int(value) for value in row) for row in counts)
    return replace(result, estimate=ratio, estimate_name="odds ratio", _table=rows)


def mcnemar_test(table: ArrayLike, method: str = "exact") -> GroupTest:
    """Compare two yes/no calls on the same cases.

    Parameters
    ----------
    table : array_like of int, shape (2, 2)
        Rows: first call no, yes; columns: second call no, yes.
    method : {"exact", "continuity", "uncorrected"}
        Binomial test on the discordant cases, or chi-squared with or without continuity
        correction (McNemar, Psychometrika 12:153, 1947).

    Returns
    -------
    GroupTest
        The statistic of the exact test is the count in the upper right corner.
    """
    check_choice(method, "method", tuple(_MCNEMAR))
    counts = _counts(table)
    if counts.shape != (2, 2):
        raise DlrError(f"mcnemar_test needs a 2 x 2 table, got shape {counts.shape}.")
    upper, lower = int(counts[0, 1]), int(counts[1, 0])
    sizes, discordant = (int(counts.sum()),), upper + lower
    title = _MCNEMAR[method]
    if not discordant:
        return GroupTest(title, 0.0, nan, 1.0, sizes, note="the two calls never differ")
    if method == "exact":
        p_value = float(stats.binomtest(upper, discordant).pvalue)
        return GroupTest(title, float(upper), nan, p_value, sizes)
    # R's mcnemar.test subtracts 1 only where the counts differ.
    gap = abs(upper - lower) - float(method == "continuity" and upper != lower)
    statistic = gap**2 / discordant
    return GroupTest(title, statistic, 1.0, float(stats.chi2.sf(statistic, 1)), sizes)


def _counts(table: ArrayLike) -> IntArray:
    """Return a two-dimensional table of whole counts."""
    values = np.asarray(table, dtype=float)
    if values.ndim != 2 or not values.size:
        raise DlrError(f"a contingency table must have rows and columns, got shape {values.shape}.")
    if not np.isfinite(values).all() or (values < 0).any() or (values % 1 != 0).any():
        raise DlrError("a contingency table must hold counts: whole numbers from 0 upwards.")
    return values.astype(np.int64)


def _contingency(table: ArrayLike) -> tuple[IntArray, tuple[int, ...]]:
    """Return the table without empty rows and columns, and its column totals."""
    counts = _counts(table)
    kept = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    return kept, tuple(int(total) for total in kept.sum(axis=0))
