"""The baseline table of a cohort: every variable by outcome, with the test that fits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.stats._validation import FloatArray, binary_outcome, check_choice

TESTS = ("t", "welch", "mann-whitney", "chi-squared", "fisher")
NORMAL_P = 0.05
"""Shapiro-Wilk p in both groups above which a variable counts as normal."""
_SHAPIRO_LIMIT = 5000  # above it the p value of Shapiro-Wilk is not reliable


@dataclass(frozen=True, eq=False)
class BaselineTable:
    """Variables by outcome.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per continuous variable or level: ``variable``, ``level``, ``all``, ``negative``,
        ``positive`` (text as papers print it), ``p_value``, ``test``, ``smd`` (standardised mean
        difference, positive minus negative), ``n_missing``. Tests and SMD stand in a variable's
        first row.
    n, n_negative, n_positive : int
    """

    table: pd.DataFrame
    n: int
    n_negative: int
    n_positive: int

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()


@overload
def baseline_table(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    by_cohort: Literal[True] = True,
    tests: Mapping[str, str] | None = None,
) -> dict[str, BaselineTable]: ...


@overload
def baseline_table(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    by_cohort: Literal[False],
    tests: Mapping[str, str] | None = None,
) -> BaselineTable: ...


def baseline_table(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    by_cohort: bool = True,
    tests: Mapping[str, str] | None = None,
) -> BaselineTable | dict[str, BaselineTable]:
    """Describe variables by outcome.

    Parameters
    ----------
    frame : DataFrame
        One row per case; numbers are continuous, anything else has levels.
    outcome : str
        Column with 1 and 0.
    variables : sequence of str
    by_cohort : bool
        One table for each value of the column ``cohort``; else one for all rows.
    tests : mapping of str to str, optional
        Test by variable, instead of the automatic choice: t test where Shapiro-Wilk finds both
        groups normal (p > 0.05), else Mann-Whitney; chi-squared (uncorrected) where all expected
        counts are at least 5, else Fisher's exact test.

    Returns
    -------
    BaselineTable, or dict of them by cohort

    Raises
    ------
    DlrError
        If a column is absent, the outcome has one class, or a test is unknown.
    """
    absent = [name for name in (outcome, *variables) if name not in frame]
    if absent:
        raise DlrError(f"the table has no column '{absent[0]}'")
    if by_cohort:
        if "cohort" not in frame:
            raise DlrError("the table has no column 'cohort'; pass by_cohort=False")
        return {
            str(name): _one_table(rows, outcome, variables, tests or {})
            for name, rows in frame.groupby("cohort", sort=False)
        }
    return _one_table(frame, outcome, variables, tests or {})


def _one_table(
    frame: pd.DataFrame, outcome: str, variables: Sequence[str], tests: Mapping[str, str]
) -> BaselineTable:
    positive = pd.Series(binary_outcome(frame[outcome]), index=frame.index)
    rows: list[dict[str, object]] = []
    for name in variables:
        chosen = tests.get(name)
        if chosen is not None:
            check_choice(chosen, f"tests['{name}']", TESTS)
        values = frame[name]
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        describe = _continuous if numeric else _categorical
        rows += describe(name, values, positive, chosen)
    return BaselineTable(
        pd.DataFrame(rows), len(frame), int((~positive).sum()), int(positive.sum())
    )


def _continuous(
    name: str, values: pd.Series, positive: pd.Series, chosen: str | None
) -> list[dict[str, object]]:
    known = values.notna()
    everyone = values[known].to_numpy(dtype=float)
    a = values[known & ~positive].to_numpy(dtype=float)
    b = values[known & positive].to_numpy(dtype=float)
    test = chosen or ("t" if _normal(a) and _normal(b) else "mann-whitney")
    text = _mean_sd if test in ("t", "welch") else _median_quartiles
    return [
        {
            "variable": name,
            "level": "",
            "all": text(everyone),
            "negative": text(a),
            "positive": text(b),
            "p_value": _compare(a, b, test),
            "test": test,
            "smd": _smd_continuous(a, b),
            "n_missing": int((~known).sum()),
        }
    ]


def _categorical(
    name: str, values: pd.Series, positive: pd.Series, chosen: str | None
) -> list[dict[str, object]]:
    known = values.notna()
    text = values[known].astype(str)
    levels = sorted(text.unique())
    event = positive[known]
    counts = np.array(
        [[int((event[text == level] == group).sum()) for level in levels] for group in (0, 1)],
        dtype=float,
    ).reshape(2, len(levels))
    test, p_value = _compare_counts(counts, chosen)
    totals = counts.sum(axis=1)
    rows: list[dict[str, object]] = []
    for j, level in enumerate(levels):
        rows.append(
            {
                "variable": name,
                "level": level,
                "all": _share(counts[:, j].sum(), counts.sum()),
                "negative": _share(counts[0, j], totals[0]),
                "positive": _share(counts[1, j], totals[1]),
                "p_value": p_value if j == 0 else np.nan,
                "test": test if j == 0 else "",
                "smd": _smd_categorical(counts) if j == 0 else np.nan,
                "n_missing": int((~known).sum()),
            }
        )
    return rows


def _normal(x: FloatArray) -> bool:
    """Judge normality by Shapiro-Wilk; a constant or tiny group is not called normal."""
    from scipy.stats import shapiro

    if len(x) < 3 or np.ptp(x) == 0 or len(x) > _SHAPIRO_LIMIT:
        return False
    return bool(shapiro(x).pvalue > NORMAL_P)


def _compare(a: FloatArray, b: FloatArray, test: str) -> float:
    """Return the p value; NaN where a group is empty, 1 where nothing varies."""
    from scipy.stats import mannwhitneyu, ttest_ind

    if min(len(a), len(b)) == 0 or (test != "mann-whitney" and min(len(a), len(b)) < 2):
        return float("nan")
    if np.ptp(np.concatenate([a, b])) == 0:
        return 1.0
    if test == "mann-whitney":
        return float(mannwhitneyu(a, b, use_continuity=True, method="asymptotic").pvalue)
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return 0.0
    return float(ttest_ind(a, b, equal_var=test == "t").pvalue)


def _compare_counts(counts: FloatArray, chosen: str | None) -> tuple[str, float]:
    from scipy.stats import chi2_contingency, fisher_exact
    from scipy.stats.contingency import expected_freq

    table = counts[:, counts.sum(axis=0) > 0]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return chosen or "none", float("nan")
    test = chosen or ("chi-squared" if expected_freq(table).min() >= 5 else "fisher")
    if test == "fisher":
        if table.shape[1] == 2:
            return test, float(fisher_exact(table).pvalue)
        # Larger tables: p by permutation with fixed margins, seeded.
        from scipy.stats import MonteCarloMethod

        method = MonteCarloMethod(n_resamples=9999, rng=np.random.default_rng(0))
        return test, float(fisher_exact(table.astype(int), method=method).pvalue)
    return test, float(chi2_contingency(table, correction=False).pvalue)


def _smd_continuous(a: FloatArray, b: FloatArray) -> float:
    """Return (mean of positive - mean of negative) / pooled SD, SD = sqrt((s1^2 + s0^2) / 2)."""
    if min(len(a), len(b)) < 2:
        return float("nan")
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return float((b.mean() - a.mean()) / spread) if spread > 0 else float("nan")


def _smd_categorical(counts: FloatArray) -> float:
    """Return the SMD of a categorical variable.

    Two levels: the signed difference of the second level's shares over their pooled SD. More:
    the Mahalanobis distance of Yang & Dalton, SAS Global Forum 335 (2012).
    """
    totals = counts.sum(axis=1, keepdims=True)
    if (totals == 0).any() or counts.shape[1] < 2:
        return float("nan")
    shares = (counts / totals)[:, 1:]
    difference = shares[1] - shares[0]
    covariance = np.mean([np.diag(p) - np.outer(p, p) for p in shares], axis=0)
    if counts.shape[1] == 2:
        spread = float(np.sqrt(covariance[0, 0]))
        return float(difference[0] / spread) if spread > 0 else float("nan")
    return float(np.sqrt(difference @ np.linalg.pinv(covariance) @ difference))


def _mean_sd(x: FloatArray) -> str:
    if len(x) == 0:
        return "–"
    sd = x.std(ddof=1) if len(x) > 1 else float("nan")
    return f"{x.mean():.2f} ± {sd:.2f}"


def _median_quartiles(x: FloatArray) -> str:
    if len(x) == 0:
        return "–"
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75])
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _share(count: float, total: float) -> str:
    return f"{count:.0f} ({100 * count / total:.1f} %)" if total else "0"
