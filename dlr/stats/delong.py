"""Comparison of areas under ROC curves: DeLong's test for pairs."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from dlr.stats._placements import Placements, placements
from dlr.stats._results import ConfidenceInterval, normal_quantile, two_sided_p
from dlr.stats._validation import (
    check_level,
    check_same_order,
    group_codes,
    outcome_and_score,
)

NO_VARIANCE = "the areas differ but the variance of the difference is zero, so there is no test"


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
    check_same_order(score_a, score_b, "score_b", "score_a")
    codes = group_codes(groups, len(outcome), y, score_a, score_b)
    placed = placements(outcome, [first, second], codes)
    return paired_test(placed, 0, 1)


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


def _sample(
    y: ArrayLike, score: ArrayLike, groups: ArrayLike | None, name: str
) -> tuple[float, float, int, str]:
    outcome, values = outcome_and_score(y, score, name)
    placed = placements(outcome, [values], group_codes(groups, len(outcome), y, score))
    size = placed.n_clusters or len(outcome)
    return float(placed.auc[0]), float(placed.covariance()[0, 0]), size, placed.problem()


def _statistic(difference: float, variance: float, problem: str) -> tuple[float, str]:
    """Return the Wald statistic and a note: 0 for models that coincide, NaN without a test."""
    if problem or isnan(variance):
        return nan, problem
    if variance > 0:
        return difference / sqrt(variance), ""
    return (0.0, "") if difference == 0 else (nan, NO_VARIANCE)


def paired_test(placed: Placements, a: int, b: int) -> DelongTest:
    """Compare two of the models whose placements are given."""
    contrast = np.zeros((1, len(placed.auc)))
    contrast[0, [a, b]] = 1.0, -1.0
    variance = float(placed.covariance(contrast)[0, 0])
    auc_a, auc_b = float(placed.auc[a]), float(placed.auc[b])
    statistic, note = _statistic(auc_a - auc_b, variance, placed.problem())
    error = sqrt(variance) if variance >= 0 else nan
    return DelongTest(
        auc_a, auc_b, auc_a - auc_b, error, statistic, two_sided_p(statistic), note=note
    )
