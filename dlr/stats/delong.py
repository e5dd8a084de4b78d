"""Comparison of areas under ROC curves: DeLong's test for pairs and for many models at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc, stdtr, stdtrit

from dlr.stats._placements import Placements, placements
from dlr.stats._results import ConfidenceInterval, normal_quantile, two_sided_p
from dlr.stats._validation import (
    FloatArray,
    NamedVectors,
    binary_outcome,
    check_choice,
    check_level,
    check_same_order,
    group_codes,
    named_vectors,
    outcome_and_score,
)
from dlr.stats.multiplicity import ADJUSTMENTS, adjust_p_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NO_VARIANCE = "the areas differ but the variance of the difference is zero, so there is no test"


@dataclass(frozen=True)
class DelongTest:
    """Two areas under ROC curves compared.

    Attributes
    ----------
    auc_a, auc_b : float
        The two areas.
    difference : float
        auc_a - auc_b; positive when the first score separates better.
    standard_error : float
        Standard error of the difference.
    statistic : float
        difference / standard_error; 0 when both are zero (scores that order alike).
    p_value : float
        Two-sided; NaN when there is no test (`note` says why).
    degrees_of_freedom : float or None
        Of the t distribution in the unpaired test; None where the normal one is used.
    paired : bool
        Whether both scores belong to the same cases.
    note : str
        Why there is no test; empty otherwise.
    """

    auc_a: float
    auc_b: float
    difference: float
    standard_error: float
    statistic: float
    p_value: float
    degrees_of_freedom: float | None = None
    paired: bool = True
    note: str = ""

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the interval of the difference that goes with the test."""
        if self.degrees_of_freedom is None:
            quantile = normal_quantile(level)
        else:
            quantile = float(stdtrit(self.degrees_of_freedom, 0.5 + check_level(level) / 2))
        half = quantile * self.standard_error
        return ConfidenceInterval(
            self.difference - half, self.difference + half, level, "delong", self.note
        )

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row with both areas, the difference, its interval and the test."""
        interval = self.confidence_interval(level)
        return pd.DataFrame(
            {
                "auc_a": [self.auc_a],
                "auc_b": [self.auc_b],
                "difference": [self.difference],
                "low": [interval.low],
                "high": [interval.high],
                "statistic": [self.statistic],
                "p_value": [self.p_value],
                "note": [self.note],
            }
        )


@dataclass(frozen=True, eq=False)
class DelongMatrix:
    """Areas of several models on the same cases, compared pair by pair and jointly.

    Attributes
    ----------
    names : tuple of str
        The k models in the order given.
    auc : Series, shape (k,)
        Area of each model.
    covariance : DataFrame, shape (k, k)
        Estimated covariance of the areas.
    difference, standard_error, statistic, p_value, p_adjusted : DataFrame, shape (k, k)
        Entry (a, b) compares model a with model b; difference is area a - area b. On the
        diagonal a model meets itself: difference 0 and p 1.
    adjustment : str
        How p_adjusted corrects for the k (k - 1) / 2 comparisons.
    joint_statistic, joint_degrees_of_freedom, joint_p_value : float, int, float
        Chi-squared test that all areas are equal; the degrees of freedom are the rank of the
        contrasts, fewer than k - 1 when models coincide.
    note : str
        Why tests are missing; empty otherwise.
    """

    names: tuple[str, ...]
    auc: pd.Series
    covariance: pd.DataFrame
    difference: pd.DataFrame
    standard_error: pd.DataFrame
    statistic: pd.DataFrame
    p_value: pd.DataFrame
    p_adjusted: pd.DataFrame
    adjustment: str
    joint_statistic: float
    joint_degrees_of_freedom: int
    joint_p_value: float
    note: str = ""

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per pair of models with difference, interval, raw and adjusted p."""
        first, second = np.triu_indices(len(self.names), 1)
        areas, names = self.auc.to_numpy(), np.array(self.names, dtype=object)
        difference = self.difference.to_numpy()[first, second]
        half = normal_quantile(level) * self.standard_error.to_numpy()[first, second]
        return pd.DataFrame(
            {
                "model_a": names[first],
                "model_b": names[second],
                "auc_a": areas[first],
                "auc_b": areas[second],
                "difference": difference,
                "low": difference - half,
                "high": difference + half,
                "statistic": self.statistic.to_numpy()[first, second],
                "p_value": self.p_value.to_numpy()[first, second],
                "p_adjusted": self.p_adjusted.to_numpy()[first, second],
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the matrix of p values; see `dlr.figures.plot_delong_matrix`."""
        from dlr.figures import plot_delong_matrix

        return plot_delong_matrix(self, ax=ax)


def delong_test(
    y: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, groups: ArrayLike | None = None
) -> DelongTest:
    """Compare the areas of two scores on the same cases.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none.
    score_a, score_b : array_like, shape (n,)
        Two scores of the same cases, each higher when the event is more likely.
    groups : array_like, shape (n,), optional
        Patient of each case; the variance then allows for several cases per patient
        (Obuchowski 1997).

    Returns
    -------
    DelongTest
        Z = (A_a - A_b) / SE, two-sided normal (DeLong et al., Biometrics 44:837, 1988).

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, or lengths differ.
    """
    outcome, first = outcome_and_score(y, score_a, "score_a")
    _, second = outcome_and_score(y, score_b, "score_b")
    placed = placements(outcome, [first, second], group_codes(groups, len(outcome)))
    return _paired(placed, 0, 1)


def delong_test_unpaired(
    y_a: ArrayLike,
    score_a: ArrayLike,
    y_b: ArrayLike,
    score_b: ArrayLike,
    groups_a: ArrayLike | None = None,
    groups_b: ArrayLike | None = None,
) -> DelongTest:
    """Compare the areas of a score in two separate samples, such as two cohorts.

    Parameters
    ----------
    y_a, y_b : array_like, shape (n_a,) and (n_b,)
        Outcomes of the two samples.
    score_a, score_b : array_like, shape (n_a,) and (n_b,)
        Scores of the two samples, higher when the event is more likely.
    groups_a, groups_b : array_like, optional
        Patient of each case in either sample.

    Returns
    -------
    DelongTest
        Referred to a t distribution with Welch's degrees of freedom, computed with the total
        size of each sample (the number of patients when groups are given), as pROC does.

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, or lengths differ.
    """
    auc_a, variance_a, size_a, note_a = _sample(y_a, score_a, groups_a, "score_a")
    auc_b, variance_b, size_b, note_b = _sample(y_b, score_b, groups_b, "score_b")
    difference, variance = auc_a - auc_b, variance_a + variance_b
    statistic, note = _statistic(difference, variance, note_a or note_b)
    if variance > 0:
        terms = variance_a**2 / (size_a - 1) + variance_b**2 / (size_b - 1)
        freedom: float | None = variance**2 / terms
        p_value = float(2 * stdtr(freedom, -abs(statistic)))
    else:
        freedom, p_value = None, two_sided_p(statistic)
    error = sqrt(variance) if variance >= 0 else nan
    return DelongTest(
        auc_a, auc_b, difference, error, statistic, p_value, freedom, paired=False, note=note
    )


def delong_matrix(
    y: ArrayLike,
    scores: NamedVectors,
    groups: ArrayLike | None = None,
    adjustment: str = "holm",
) -> DelongMatrix:
    """Compare the areas of several models on the same cases.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none.
    scores : mapping of str to array_like, or DataFrame
        Scores of two or more models on these cases, each higher when the event is more likely.
    groups : array_like, shape (n,), optional
        Patient of each case (Obuchowski's variance).
    adjustment : {"holm", "bh", "bonferroni", "none"}
        Correction of the pairwise p values for their number.

    Returns
    -------
    DelongMatrix

    Raises
    ------
    DlrError
        When fewer than two models are given or an input is not valid.
    """
    check_choice(adjustment, "adjustment", ADJUSTMENTS)
    outcome = binary_outcome(y)
    vectors = named_vectors(scores, "scores", len(outcome), minimum=2)
    for name, score in scores.items():
        check_same_order(y, score, f"scores[{name!r}]")
    names = tuple(vectors)
    placed = placements(outcome, list(vectors.values()), group_codes(groups, len(outcome)))
    tables, note = _pair_tables(placed, names, adjustment)
    statistic, freedom, p_value, joint_note = _joint(placed)
    return DelongMatrix(
        names=names,
        auc=pd.Series(placed.auc, index=list(names), name="auc"),
        covariance=_table(placed.covariance(), names),
        **tables,
        adjustment=adjustment,
        joint_statistic=statistic,
        joint_degrees_of_freedom=freedom,
        joint_p_value=p_value,
        note=note or joint_note,
    )


def _sample(
    y: ArrayLike, score: ArrayLike, groups: ArrayLike | None, name: str
) -> tuple[float, float, int, str]:
    outcome, values = outcome_and_score(y, score, name)
    placed = placements(outcome, [values], group_codes(groups, len(outcome)))
    size = placed.n_clusters or len(outcome)
    return float(placed.auc[0]), float(placed.covariance()[0, 0]), size, placed.problem()


def _statistic(difference: float, variance: float, problem: str) -> tuple[float, str]:
    """Return the Wald statistic and a note: 0 for models that coincide, NaN without a test."""
    if problem or isnan(variance):
        return nan, problem
    if variance > 0:
        return difference / sqrt(variance), ""
    return (0.0, "") if difference == 0 else (nan, _NO_VARIANCE)


def _paired(placed: Placements, a: int, b: int) -> DelongTest:
    contrast = np.zeros((1, len(placed.auc)))
    contrast[0, [a, b]] = 1.0, -1.0
    variance = float(placed.covariance(contrast)[0, 0])
    auc_a, auc_b = float(placed.auc[a]), float(placed.auc[b])
    statistic, note = _statistic(auc_a - auc_b, variance, placed.problem())
    error = sqrt(variance) if variance >= 0 else nan
    return DelongTest(
        auc_a, auc_b, auc_a - auc_b, error, statistic, two_sided_p(statistic), note=note
    )


def _table(values: FloatArray, names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(values, index=list(names), columns=list(names))


def _pair_tables(
    placed: Placements, names: tuple[str, ...], adjustment: str
) -> tuple[dict[str, pd.DataFrame], str]:
    """Test every pair; return the tables by field name, and why a test is missing."""
    pairs = list(combinations(range(len(names)), 2))
    tests = [_paired(placed.of_models([a, b]), 0, 1) for a, b in pairs]
    raw = np.array([test.p_value for test in tests])
    tables = {
        "difference": _square(pairs, [test.difference for test in tests], names, 0.0, -1),
        "standard_error": _square(pairs, [test.standard_error for test in tests], names, 0.0, 1),
        "statistic": _square(pairs, [test.statistic for test in tests], names, 0.0, -1),
        "p_value": _square(pairs, raw, names, 1.0, 1),
        "p_adjusted": _square(pairs, adjust_p_values(raw, adjustment), names, 1.0, 1),
    }
    return tables, next((test.note for test in tests if test.note), "")


def _square(
    pairs: list[tuple[int, int]],
    values: Sequence[float] | FloatArray,
    names: tuple[str, ...],
    diagonal: float,
    sign: int,
) -> pd.DataFrame:
    """Spread values of pairs over a square; the lower triangle is `sign` times the upper."""
    table = np.full((len(names), len(names)), diagonal)
    for (a, b), value in zip(pairs, values):
        table[a, b], table[b, a] = value, sign * value
    return _table(table, names)


def _joint(placed: Placements) -> tuple[float, int, float, str]:
    """Test that all areas are equal; the rank drops when models coincide.

    The contrasts compare each model with the next; the statistic does not depend on that
    choice (DeLong et al. 1988, eq. 5).
    """
    k = len(placed.auc)
    contrast = np.eye(k - 1, k) - np.eye(k - 1, k, k=1)
    difference = contrast @ placed.auc
    covariance = placed.covariance(contrast)
    if placed.problem():
        return nan, k - 1, nan, placed.problem()
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values.max() * 1e-10
    rank = int(kept.sum())
    projected = vectors.T @ difference
    if (np.abs(projected[~kept]) > 1e-10).any():
        return nan, rank, nan, _NO_VARIANCE
    statistic = float((projected[kept] ** 2 / values[kept]).sum())
    return statistic, rank, float(chdtrc(rank, statistic)) if rank else 1.0, ""
