"""Classical tests between groups, each returned with its name and what it could not do."""

from __future__ import annotations

from itertools import permutations
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import fdtrc, stdtr

from dlr.errors import DlrError
from dlr.stats._group_test import GroupTest, not_done
from dlr.stats._validation import FloatArray, check_choice, check_same_order, numeric_vector
from dlr.stats.contingency import chi_squared_test, fisher_exact_test, mcnemar_test

__all__ = [
    "GroupTest",
    "analysis_of_variance",
    "chi_squared_test",
    "fisher_exact_test",
    "kruskal_wallis_test",
    "mann_whitney_test",
    "mcnemar_test",
    "shapiro_wilk_test",
    "spearman_test",
    "t_test",
]

_EXACT_SPEARMAN = 9  # 9! = 362,880 orders can be listed
_SHAPIRO_RANGE = (3, 5000)  # Royston's approximation is fitted to these sample sizes


def t_test(a: ArrayLike, b: ArrayLike, equal_variances: bool = False) -> GroupTest:
    """Compare two means.

    Parameters
    ----------
    a, b : array_like, shapes (n,) and (m,)
        Finite numbers of the two groups.
    equal_variances : bool
        False: Welch's test, valid when the spreads differ; True: Student's, with pooled variance.

    Returns
    -------
    GroupTest
        NaN with a note when a group has fewer than two values or nothing varies.
    """
    first, second = numeric_vector(a, "a"), numeric_vector(b, "b")
    sizes = (len(first), len(second))
    name = "Student's t test" if equal_variances else "Welch's t test"
    if min(sizes) < 2:
        return not_done(name, sizes, "a group has fewer than two values")
    difference = float(first.mean() - second.mean())
    variances = first.var(ddof=1) / sizes[0], second.var(ddof=1) / sizes[1]
    freedom = float(sum(sizes) - 2)
    if equal_variances:
        pooled = (
            (sizes[0] - 1) * first.var(ddof=1) + (sizes[1] - 1) * second.var(ddof=1)
        ) / freedom
        error = sqrt(pooled * (1 / sizes[0] + 1 / sizes[1]))
    else:
        error = sqrt(sum(variances))
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return not_done(name, sizes, "no group varies", difference, "difference of means")
    if not equal_variances:
        # Satterthwaite's degrees of freedom (Welch, Biometrika 34:28, 1947).
        parts = [v**2 / (size - 1) for v, size in zip(variances, sizes)]
        freedom = float(sum(variances) ** 2 / sum(parts))
    statistic = difference / error
    return GroupTest(
        name,
        statistic,
        freedom,
        float(2 * stdtr(freedom, -abs(statistic))),
        sizes,
        difference,
        "difference of means",
        _standard_error=error,
    )


def mann_whitney_test(
    a: ArrayLike, b: ArrayLike, method: str = "auto", continuity: bool = True
) -> GroupTest:
    """Compare two groups by ranks.

    Parameters
    ----------
    a, b : array_like, shapes (n,) and (m,)
        Finite numbers.
    method : {"auto", "exact", "asymptotic"}
        "auto" is exact where a group has at most 8 values and there are no ties (SciPy's rule;
        R's is fewer than 50 in both groups and no ties).
    continuity : bool
        Correct the normal approximation by 1/2, as R does.

    Returns
    -------
    GroupTest
        The statistic is U of the first group (R's W); the estimate the probability that a value
        of the first group is the larger one, ties counting half.
    """
    check_choice(method, "method", ("auto", "exact", "asymptotic"))
    first, second = numeric_vector(a, "a"), numeric_vector(b, "b")
    sizes, name = (len(first), len(second)), "Mann-Whitney U test"
    if min(sizes) < 1:
        return not_done(name, sizes, "a group is empty")
    what, pairs = "probability of a larger value", sizes[0] * sizes[1]
    if np.ptp(np.concatenate([first, second])) == 0:
        return GroupTest(name, pairs / 2, nan, 1.0, sizes, 0.5, what, "all values are the same")
    result = stats.mannwhitneyu(first, second, method=method, use_continuity=continuity)
    u = float(result.statistic)
    return GroupTest(name, u, nan, float(result.pvalue), sizes, u / pairs, what)


def kruskal_wallis_test(*groups: ArrayLike) -> GroupTest:
    """Compare two or more groups by ranks (tie-corrected, chi-squared approximation)."""
    values = [numeric_vector(group, f"group {i + 1}") for i, group in enumerate(groups)]
    sizes, name = tuple(len(group) for group in values), "Kruskal-Wallis test"
    if len(values) < 2:
        raise DlrError(f"kruskal_wallis_test needs at least two groups, got {len(values)}.")
    if min(sizes) < 1:
        return not_done(name, sizes, "a group is empty")
    if np.ptp(np.concatenate(values)) == 0:
        return not_done(name, sizes, "all values are the same")
    result = stats.kruskal(*values)
    return GroupTest(
        name, float(result.statistic), float(len(values) - 1), float(result.pvalue), sizes
    )


def analysis_of_variance(*groups: ArrayLike) -> GroupTest:
    """Compare the means of two or more groups by one-way analysis of variance."""
    values = [numeric_vector(group, f"group {i + 1}") for i, group in enumerate(groups)]
    sizes, name = tuple(len(group) for group in values), "one-way analysis of variance"
    if len(values) < 2:
        raise DlrError(f"analysis_of_variance needs at least two groups, got {len(values)}.")
    between, within = len(values) - 1, sum(sizes) - len(values)
    if min(sizes) < 1 or within < 1:
        return not_done(name, sizes, "the groups have too few values")
    if all(np.ptp(group) == 0 for group in values):
        return not_done(name, sizes, "no group varies")
    grand = np.concatenate(values).mean()
    explained = sum(len(group) * (group.mean() - grand) ** 2 for group in values) / between
    rest = sum(((group - group.mean()) ** 2).sum() for group in values) / within
    f = float(explained / rest)
    note = f"F with {between} and {within} degrees of freedom"
    return GroupTest(name, f, float(between), float(fdtrc(between, within, f)), sizes, note=note)


def shapiro_wilk_test(values: ArrayLike) -> GroupTest:
    """Test whether values are normally distributed; a small p speaks against it.

    Above 5,000 values Shapiro-Wilk's p value is not known; D'Agostino and Pearson's test from
    skewness and kurtosis then takes its place and the result bears its name.
    """
    sample = numeric_vector(values, "values")
    name, sizes = "Shapiro-Wilk test", (len(sample),)
    if len(sample) < _SHAPIRO_RANGE[0]:
        return not_done(name, sizes, "fewer than three values")
    if np.ptp(sample) == 0:
        return not_done(name, sizes, "all values are the same")
    if len(sample) > _SHAPIRO_RANGE[1]:
        result = stats.normaltest(sample)
        return GroupTest(
            "D'Agostino-Pearson test", float(result.statistic), 2.0, float(result.pvalue), sizes
        )
    result = stats.shapiro(sample)
    return GroupTest(name, float(result.statistic), nan, float(result.pvalue), sizes)


def spearman_test(x: ArrayLike, y: ArrayLike, method: str = "asymptotic") -> GroupTest:
    """Correlate two variables by ranks.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Finite numbers of the same cases.
    method : {"asymptotic", "exact"}
        t distribution with n - 2 degrees of freedom (SciPy; R with ``exact=FALSE``), or all
        orders listed, for at most 9 cases without ties (R's default there).

    Returns
    -------
    GroupTest
        The estimate is rho, in [-1, 1].

    Raises
    ------
    DlrError
        When lengths differ, or an exact p value is asked for with ties or more than 9 cases.
    """
    check_choice(method, "method", ("asymptotic", "exact"))
    check_same_order(x, y, "y", "x")
    first = numeric_vector(x, "x")
    second = numeric_vector(y, "y", len(first))
    name, sizes = "Spearman correlation", (len(first),)
    if len(first) < 3:
        return not_done(name, sizes, "fewer than three cases")
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return not_done(name, sizes, "one of the variables does not vary")
    ranks = stats.rankdata(first), stats.rankdata(second)
    rho = float(np.corrcoef(*ranks)[0, 1])
    if method == "exact":
        p_value = _exact_spearman(*ranks)
        return GroupTest(name, nan, nan, p_value, sizes, rho, "rho")
    freedom = float(len(first) - 2)
    rest = (1 - rho) * (1 + rho)
    statistic = rho * sqrt(freedom / rest) if rest > 0 else float(np.copysign(inf, rho))
    p_value = float(2 * stdtr(freedom, -abs(statistic))) if rest > 0 else 0.0
    return GroupTest(name, statistic, freedom, p_value, sizes, rho, "rho")


def _exact_spearman(first: FloatArray, second: FloatArray) -> float:
    n = len(first)
    tied = len(np.unique(first)) < n or len(np.unique(second)) < n
    if n > _EXACT_SPEARMAN or tied:
        raise DlrError(
            f"the exact Spearman test needs at most {_EXACT_SPEARMAN} cases without ties; "
            "use method='asymptotic'."
        )
    observed = ((first - second) ** 2).sum()
    orders = np.array(list(permutations(range(1, n + 1))))
    distances = ((orders - np.arange(1, n + 1)) ** 2).sum(axis=1)
    tail = distances >= observed if observed > (n**3 - n) / 6 else distances <= observed
    return float(min(2 * tail.mean(), 1.0))
