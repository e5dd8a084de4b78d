"""What a score is worth at one threshold: the confusion matrix and the shares read off it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._results import ConfidenceInterval, Proportion
from dlr.stats._validation import outcome_and_score

PROPORTIONS = ("accuracy", "sensitivity", "specificity", "ppv", "npv")


@dataclass(frozen=True)
class ClassificationMetrics:
    """Confusion matrix at a threshold and the shares that follow from it.

    Attributes
    ----------
    threshold : float
        A case is called positive when its score >= threshold.
    true_positive, false_positive, true_negative, false_negative : int
        The confusion matrix.
    """

    threshold: float
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def n(self) -> int:
        """Number of cases."""
        return self.true_positive + self.false_positive + self.true_negative + self.false_negative

    @property
    def accuracy(self) -> Proportion:
        """Share of all cases called rightly."""
        return Proportion.of(self.true_positive + self.true_negative, self.n)

    @property
    def sensitivity(self) -> Proportion:
        """Share of cases with the event that are called positive."""
        events = self.true_positive + self.false_negative
        return Proportion.of(self.true_positive, events, "cases with the event")

    @property
    def specificity(self) -> Proportion:
        """Share of cases without the event that are called negative."""
        non_events = self.true_negative + self.false_positive
        return Proportion.of(self.true_negative, non_events, "cases without the event")

    @property
    def ppv(self) -> Proportion:
        """Positive predictive value: share of positive calls that are right."""
        called = self.true_positive + self.false_positive
        return Proportion.of(self.true_positive, called, "positive calls")

    @property
    def npv(self) -> Proportion:
        """Negative predictive value: share of negative calls that are right."""
        called = self.true_negative + self.false_negative
        return Proportion.of(self.true_negative, called, "negative calls")

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and PPV, 2 TP / (2 TP + FP + FN).

        0 when no case with the event is called positive. Always defined, as events occur.
        """
        twice = 2 * self.true_positive
        return twice / (twice + self.false_positive + self.false_negative)

    def f1_confidence_interval(
        self, level: float = 0.95, method: str = "wilson"
    ) -> ConfidenceInterval:
        """Return an interval of F1.

        F1 = 2 J / (1 + J) rises with J = TP / (TP + FP + FN), and given the number of cases
        that are not true negatives, TP is binomial with J. So the limits of J, a proportion,
        carry over.

        Parameters
        ----------
        level : float
            Confidence level in (0, 1).
        method : {"wilson", "clopper-pearson"}
            Interval of the proportion.

        Returns
        -------
        ConfidenceInterval
        """
        interval = self._jaccard().confidence_interval(level, method)
        low, high = (_f1_of_jaccard(limit) for limit in interval)
        return ConfidenceInterval(low, high, level, method, interval.note)

    def _jaccard(self) -> Proportion:
        relevant = self.true_positive + self.false_positive + self.false_negative
        return Proportion.of(self.true_positive, relevant, "events or positive calls")

    def confusion_matrix(self) -> pd.DataFrame:
        """Return the counts with the truth in rows and the call in columns."""
        return pd.DataFrame(
            [
                [self.true_negative, self.false_positive],
                [self.false_negative, self.true_positive],
            ],
            index=pd.Index(["no event", "event"], name="truth"),
            columns=pd.Index(["called negative", "called positive"], name="call"),
        )

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per measure with its counts, Wilson and Clopper-Pearson limits."""
        shares = {name: getattr(self, name) for name in PROPORTIONS} | {"f1": self._jaccard()}
        frame = pd.concat(
            [share.to_frame(level).assign(measure=name) for name, share in shares.items()]
        ).set_index("measure")
        values = ["value", *(column for column in frame if str(column).endswith(("low", "high")))]
        frame.loc["f1", values] = [_f1_of_jaccard(float(x)) for x in frame.loc["f1", values]]
        frame.loc["f1", "value"] = self.f1
        return frame


def _f1_of_jaccard(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def classification_metrics(
    y: ArrayLike, score: ArrayLike, threshold: float
) -> ClassificationMetrics:
    """Count right and wrong calls of the rule "positive when score >= threshold".

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    score : array_like, shape (n,)
        Higher when the event is more likely: probabilities, log-odds or a marker.
    threshold : float
        On the scale of the score, for example from `youden_threshold` on training data.
        Infinite thresholds call every case or no case positive.

    Returns
    -------
    ClassificationMetrics
        Each share with Wilson and Clopper-Pearson intervals.

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, lengths differ, or the threshold
        is not a number.
    """
    outcome, values = outcome_and_score(y, score)
    if isnan(threshold):
        raise DlrError("threshold must be a number, got NaN.")
    called = values >= threshold
    return ClassificationMetrics(
        float(threshold),
        int((called & outcome).sum()),
        int((called & ~outcome).sum()),
        int((~called & ~outcome).sum()),
        int((~called & outcome).sum()),
    )
