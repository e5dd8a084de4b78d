"""The ROC curve and the area under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan, log, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from dlr.stats._auc_bootstrap import bootstrap_auc
from dlr.stats._clustered import FEW_CLUSTERS, NO_SPREAD, clusters_words
from dlr.stats._placements import placements
from dlr.stats._results import ConfidenceInterval, normal_quantile, percentile_interval
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    check_choice,
    check_count,
    group_codes,
    outcome_and_score,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Auc:
    """Area under the ROC curve with DeLong's variance.

    Attributes
    ----------
    value : float
        Probability that a random positive scores above a random negative, ties counting half.
        Below 0.5 when the score points the wrong way: the direction is never turned round.
    variance : float
        DeLong's variance, or Obuchowski's clustered variance when groups were given; NaN when
        it cannot be estimated (`note` says why).
    n_positive, n_negative : int
        Number of cases with and without the event.
    n_clusters : int or None
        Number of groups, such as patients with several lesions; None without groups.
    note : str
        What is missing or needs care; empty otherwise.
    """

    value: float
    variance: float
    n_positive: int
    n_negative: int
    n_clusters: int | None = None
    note: str = ""
    _outcome: BoolArray = field(repr=False, compare=False, kw_only=True)
    _score: FloatArray = field(repr=False, compare=False, kw_only=True)
    _codes: IntArray | None = field(default=None, repr=False, compare=False, kw_only=True)

    def __float__(self) -> float:
        """Return the area itself."""
        return self.value

    @property
    def standard_error(self) -> float:
        """Square root of the variance."""
        return sqrt(self.variance)

    def confidence_interval(
        self,
        level: float = 0.95,
        method: str = "delong",
        n_resamples: int = 2000,
        random_state: int = 0,
    ) -> ConfidenceInterval:
        """Return a confidence interval of the area.

        Parameters
        ----------
        level : float
            Confidence level in (0, 1).
        method : {"delong", "logit", "bootstrap"}
            "delong": value +/- z * standard error, cut off at 0 and 1 (pROC's default);
            "logit": the same on the log-odds of the area, better near 1 (Pepe, The Statistical
            Evaluation of Medical Tests, 2003, p. 107); "bootstrap": percentiles of stratified
            resamples of cases, or of resampled groups when groups were given.
        n_resamples : int
            Number of bootstrap resamples.
        random_state : int
            Seed of the bootstrap.

        Returns
        -------
        ConfidenceInterval
            Within [0, 1]; NaN with a note when there is no interval.

        Raises
        ------
        DlrError
            When the level or the method is unknown.
        """
        check_choice(method, "method", ("delong", "logit", "bootstrap"))
        z = normal_quantile(level)
        if method == "bootstrap":
            check_count(n_resamples, "n_resamples", 2)
            draws = bootstrap_auc(
                self._outcome, self._score, self._codes, n_resamples, random_state
            )
            return percentile_interval(draws, level)
        if isnan(self.variance):
            return ConfidenceInterval(nan, nan, level, method, self.note)
        if method == "logit":
            return self._logit_interval(level, z)
        half = z * self.standard_error
        low, high = max(0.0, self.value - half), min(1.0, self.value + half)
        return ConfidenceInterval(low, high, level, method, self.note)

    def _logit_interval(self, level: float, z: float) -> ConfidenceInterval:
        if self.value in (0.0, 1.0):
            note = f"the log-odds of an area of exactly {self.value:g} are infinite"
            return ConfidenceInterval(nan, nan, level, "logit", note)
        centre = log(self.value / (1 - self.value))
        half = z * self.standard_error / (self.value * (1 - self.value))
        low, high = float(expit(centre - half)), float(expit(centre + half))
        return ConfidenceInterval(low, high, level, "logit", self.note)

    def to_frame(self, level: float = 0.95, method: str = "delong") -> pd.DataFrame:
        """Return one row: area, standard error, interval, counts and note."""
        interval = self.confidence_interval(level, method)
        return pd.DataFrame(
            {
                "auc": [self.value],
                "standard_error": [self.standard_error],
                "low": [interval.low],
                "high": [interval.high],
                "level": [level],
                "method": [method],
                "n_positive": [self.n_positive],
                "n_negative": [self.n_negative],
                "note": [self.note],
            }
        )


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Points of an empirical ROC curve, from the strictest threshold to the laxest.

    Attributes
    ----------
    false_positive_rate, true_positive_rate : ndarray, shape (k,)
        1 - specificity and sensitivity of the rule "positive when score >= threshold"; both
        rise from 0 to 1.
    thresholds : ndarray, shape (k,)
        Falling: +inf, the midpoints between neighbouring distinct scores (as pROC), -inf.
    auc : Auc
        Area under the curve.
    """

    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    thresholds: FloatArray
    auc: Auc

    def to_frame(self) -> pd.DataFrame:
        """Return one row per threshold with sensitivity and specificity."""
        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "sensitivity": self.true_positive_rate,
                "specificity": 1 - self.false_positive_rate,
                "false_positive_rate": self.false_positive_rate,
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curve with its area; see `dlr.figures.plot_roc`."""
        from dlr.figures import plot_roc

        return plot_roc(self, ax=ax)


def auc(y: ArrayLike, score: ArrayLike, groups: ArrayLike | None = None) -> Auc:
    """Compute the area under the ROC curve and its DeLong variance.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    score : array_like, shape (n,)
        Any number that is higher when the event is more likely (probability, log-odds,
        marker). It is never turned round: an area below 0.5 stays below 0.5.
    groups : array_like, shape (n,), optional
        Patient of each case, when patients contribute several lesions. The variance then
        follows Obuchowski, Biometrics 53:567-578 (1997).

    Returns
    -------
    Auc
        DeLong, DeLong & Clarke-Pearson, Biometrics 44:837-845 (1988).

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, or lengths differ.

    Examples
    --------
    >>> area = auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> area.value
    0.75
    """
    outcome, values = outcome_and_score(y, score)
    codes = group_codes(groups, len(outcome), y, score)
    placed = placements(outcome, [values], codes)
    value, variance = float(placed.auc[0]), float(placed.covariance()[0, 0])
    note = placed.problem()
    if not note and value in (0.0, 1.0):
        variance = 0.0
        note = (
            f"the estimated variance of an area of exactly {value:g} is zero, so the interval "
            "has no width and understates the uncertainty"
        )
    elif not note and values.min() == values.max():
        note = "all scores are equal, so the area is 0.5 and its interval has no width"
    elif not note and codes is not None and variance <= NO_SPREAD:
        # Of two or three patients' cases Obuchowski's estimate can be zero or below it.
        variance = nan
        note = f"no variance can be estimated from {clusters_words(placed.n_clusters)}"
    elif not note and codes is not None and placed.n_clusters < FEW_CLUSTERS:
        note = f"from {clusters_words(placed.n_clusters)} no interval is reliable"
    return Auc(
        value,
        variance if isnan(variance) else max(variance, 0.0),
        placed.positive.shape[1],
        placed.negative.shape[1],
        None if codes is None else placed.n_clusters,
        note,
        _outcome=outcome,
        _score=values,
        _codes=codes,
    )


def roc_curve(y: ArrayLike, score: ArrayLike, groups: ArrayLike | None = None) -> RocCurve:
    """Compute the empirical ROC curve.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    score : array_like, shape (n,)
        Higher when the event is more likely; never turned round.
    groups : array_like, shape (n,), optional
        Patient of each case; only changes the variance of the area.

    Returns
    -------
    RocCurve
        One point per distinct score and the corner (0, 0).

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, or lengths differ.
    """
    outcome, values = outcome_and_score(y, score)
    thresholds, true_positive, false_positive = operating_points(outcome, values)
    return RocCurve(
        false_positive / false_positive[-1],
        true_positive / true_positive[-1],
        thresholds,
        auc(outcome, values, groups),
    )


def operating_points(
    outcome: BoolArray, score: FloatArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Count true and false positives of the rule ``score >= threshold`` at every threshold.

    Returns
    -------
    thresholds : ndarray, shape (k + 1,)
        Falling from +inf over the midpoints of k distinct scores to -inf.
    true_positive, false_positive : ndarray of int, shape (k + 1,)
    """
    order = np.argsort(-score)
    ranked = score[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    true_positive = np.append(0, np.cumsum(outcome[order])[last])
    false_positive = np.append(0, last + 1 - true_positive[1:])
    distinct = ranked[last]
    # Halving first keeps sums of huge scores finite. Between neighbouring floats the midpoint
    # rounds to one of them; the upper one is taken, so that `>=` still separates the two.
    middle = distinct[1:] / 2 + distinct[:-1] / 2
    middle = np.where(middle <= distinct[1:], distinct[:-1], middle)
    return np.concatenate(([np.inf], middle, [-np.inf])), true_positive, false_positive
