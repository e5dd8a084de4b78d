"""One variable of a baseline table: its description by outcome, test and difference."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10, nan, sqrt

import numpy as np
import pandas as pd

from dlr.stats._group_test import GroupTest, not_done
from dlr.stats._validation import BoolArray, FloatArray
from dlr.stats._variables import level_column, level_names, numbers
from dlr.stats.contingency import chi_squared_test, fisher_exact_test
from dlr.stats.group_tests import mann_whitney_test, shapiro_wilk_test, t_test

GROUPS = ("all", "negative", "positive")
CONTINUOUS_TESTS = ("t", "welch", "mann-whitney")
CATEGORICAL_TESTS = ("chi-squared", "pearson", "fisher")
_MEAN_LEVEL, _MEDIAN_LEVEL = "mean ± SD", "median (Q1–Q3)"


@dataclass(frozen=True)
class Rules:
    """How tests are chosen: see `dlr.stats.baseline_table`."""

    normality_p: float
    least_expected: float
    equal_variances: bool
    continuity: bool


@dataclass(frozen=True, eq=False)
class VariableSummary:
    """Description of one variable in one cohort.

    Attributes
    ----------
    variable : str
    numbers : DataFrame
        Continuous: rows n, mean, sd, median, q1, q3; categorical: counts, one row per level.
        Columns ``all``, ``negative`` (no event) and ``positive``.
    cells : DataFrame
        The same as text, one row per line of the table, index the level.
    test : GroupTest
        Comparison of positive with negative.
    smd : float
        Standardised mean difference, positive minus negative.
    n_missing : int
    """

    variable: str
    numbers: pd.DataFrame
    cells: pd.DataFrame
    test: GroupTest
    smd: float
    n_missing: int


def describe_continuous(
    column: pd.Series, event: BoolArray, rules: Rules, chosen: str | None
) -> VariableSummary:
    """Describe numbers by mean and SD when normal, else by median and quartiles."""
    values = numbers(column)
    missing = np.isnan(values)
    groups = [values[~missing], values[~missing & ~event], values[~missing & event]]
    if chosen is None:
        normal = all(_looks_normal(g, rules.normality_p) for g in groups[1:])
        chosen = "mann-whitney"
        if normal:
            chosen = "t" if rules.equal_variances else "welch"
    table = pd.DataFrame([_moments(g) for g in groups], index=list(GROUPS)).T
    medians = chosen == "mann-whitney"
    text = [_median_text(table[g]) if medians else _mean_text(table[g]) for g in GROUPS]
    level = _MEDIAN_LEVEL if medians else _MEAN_LEVEL
    return VariableSummary(
        str(column.name),
        table,
        pd.DataFrame([text], index=[level], columns=list(GROUPS)),
        _compare_numbers(groups[2], groups[1], chosen),
        _difference_of_means(table),
        int(missing.sum()),
    )


def describe_levels(
    column: pd.Series, event: BoolArray, rules: Rules, chosen: str | None
) -> VariableSummary:
    """Describe categories by counts and shares of their group."""
    texts = level_column(column)
    known = texts.notna().to_numpy()
    counts = pd.DataFrame(
        [
            [int((texts[known & group] == level).sum()) for group in (known, ~event, event)]
            for level in level_names(column)
        ],
        index=level_names(column),
        columns=list(GROUPS),
        dtype=int,
    )
    by_outcome = counts[["negative", "positive"]].to_numpy()
    totals = counts.sum()
    cells = pd.DataFrame(
        {g: [_share_text(value, totals[g]) for value in counts[g]] for g in GROUPS},
        index=counts.index,
    )
    if counts.empty:
        cells = pd.DataFrame([["", "", ""]], index=[""], columns=list(GROUPS))
    return VariableSummary(
        str(column.name),
        counts,
        cells,
        _compare_counts(by_outcome, rules, chosen),
        _difference_of_shares(by_outcome),
        int((~known).sum()),
    )


def _looks_normal(values: FloatArray, least: float) -> bool:
    """Say whether Shapiro-Wilk finds no fault; too few or equal values are not called normal."""
    return shapiro_wilk_test(values).p_value >= least


def _moments(values: FloatArray) -> dict[str, float]:
    if not len(values):
        return {"n": 0, "mean": nan, "sd": nan, "median": nan, "q1": nan, "q3": nan}
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    sd = float(values.std(ddof=1)) if len(values) > 1 else nan
    mean = float(values.mean())
    return {"n": len(values), "mean": mean, "sd": sd, "median": median, "q1": q1, "q3": q3}


def _compare_numbers(event: FloatArray, non_event: FloatArray, chosen: str) -> GroupTest:
    if chosen == "mann-whitney":
        return mann_whitney_test(event, non_event)
    return t_test(event, non_event, equal_variances=chosen == "t")


def _compare_counts(counts: np.ndarray, rules: Rules, chosen: str | None) -> GroupTest:
    if (counts.sum(axis=0) == 0).any():
        sizes = tuple(int(total) for total in counts.sum(axis=0))
        return not_done("Chi-squared test", sizes, "no value is known in one of the groups")
    if chosen is None:
        chosen = "fisher" if _sparse(counts, rules.least_expected) else "chi-squared"
    if chosen == "fisher":
        return fisher_exact_test(counts)
    return chi_squared_test(counts, continuity=rules.continuity and chosen == "chi-squared")


def _sparse(counts: np.ndarray, least: float) -> bool:
    """Cochran's rule (Biometrics 10:417, 1954).

    2 x 2: any expected count below `least`; larger: more than a fifth of them, or any below 1.
    """
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    low = expected < least
    if counts.shape == (2, 2):
        return bool(low.any())
    return bool(low.mean() > 0.2 or (expected < 1).any())


def _difference_of_means(table: pd.DataFrame) -> float:
    means = table.loc["mean", ["negative", "positive"]].to_numpy(dtype=float)
    spreads = table.loc["sd", ["negative", "positive"]].to_numpy(dtype=float)
    spread = sqrt(float(spreads @ spreads) / 2)
    return float((means[1] - means[0]) / spread) if spread > 0 else nan


def _difference_of_shares(counts: np.ndarray) -> float:
    """Mahalanobis distance of the shares (Yang & Dalton, SAS Global Forum 335-2012).

    Of two levels, signed: above zero when the second is more frequent among positives.
    """
    totals = counts.sum(axis=0)
    if len(counts) < 2 or (totals == 0).any():
        return nan
    # The last level follows from the others and would make the covariance singular.
    shares = (counts / totals)[:-1]
    covariance = np.diag(shares.mean(axis=1)) - shares @ shares.T / 2
    gap = shares[:, 1] - shares[:, 0]
    inverse = np.linalg.pinv(covariance, hermitian=True)
    if np.abs(covariance @ inverse @ gap - gap).max() > 1e-9:
        return nan  # the groups differ in a share that varies in neither: infinitely far apart
    distance = sqrt(max(float(gap @ inverse @ gap), 0.0))
    return -distance if len(counts) == 2 and gap[0] > 0 else distance


def _decimals(spread: float) -> int:
    """Two decimals, more where the spread is small."""
    return 2 if not spread > 0 or spread >= 0.1 else ceil(-log10(spread)) + 1


def _mean_text(m: pd.Series) -> str:
    if m["n"] == 0:
        return ""
    places = _decimals(m["sd"])
    spread = "" if np.isnan(m["sd"]) else f" ± {m['sd']:.{places}f}"
    return f"{m['mean']:.{places}f}{spread}"


def _median_text(m: pd.Series) -> str:
    if m["n"] == 0:
        return ""
    places = _decimals(m["q3"] - m["q1"])
    return f"{m['median']:.{places}f} ({m['q1']:.{places}f}–{m['q3']:.{places}f})"


def _share_text(count: int, total: int) -> str:
    return f"{count} ({count / total:.1%})" if total else "0"
