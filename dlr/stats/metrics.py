"""What a score is worth at one threshold: the confusion matrix and the shares read off it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isnan

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._clustered import design_effect
from dlr.stats._results import ConfidenceInterval, Proportion
from dlr.stats._validation import BoolArray, IntArray, group_codes, outcome_and_score

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
    design_effects : mapping of str to float
        By share, where several cases of one patient were told of; see `Proportion`.
    """

    threshold: float
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    design_effects: Mapping[str, float] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of cases."""
        return self.true_positive + self.false_positive + self.true_negative + self.false_negative

    @property
    def accuracy(self) -> Proportion:
        """Share of all cases called rightly."""
        return self._share("accuracy", self.true_positive + self.true_negative, self.n, "cases")

    @property
    def sensitivity(self) -> Proportion:
        """Share of cases with the event that are called positive."""
        events = self.true_positive + self.false_negative
        return self._share("sensitivity", self.true_positive, events, "cases with the event")

    @property
    def specificity(self) -> Proportion:
        """Share of cases without the event that are called negative."""
        non_events = self.true_negative + self.false_positive
        return self._share("specificity", self.true_negative, non_events, "cases without the event")

    @property
    def ppv(self) -> Proportion:
        """Positive predictive value: share of positive calls that are right."""
        called = self.true_positive + self.false_positive
        return self._share("ppv", self.true_positive, called, "positive calls")

    @property
    def npv(self) -> Proportion:
        """Negative predictive value: share of negative calls that are right."""
        called = self.true_negative + self.false_negative
        return self._share("npv", self.true_negative, called, "negative calls")

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
        return self._share("f1", self.true_positive, relevant, "events or positive calls")

    def _share(self, name: str, numerator: int, denominator: int, what: str) -> Proportion:
        share = Proportion.of(numerator, denominator, what)
        return replace(share, design_effect=self.design_effects.get(name, 1.0))

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
    y: ArrayLike, score: ArrayLike, threshold: float, groups: ArrayLike | None = None
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
    groups : array_like, shape (n,), optional
        Patient of each case, where a patient may have several: intervals then allow for it.

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
    codes = group_codes(groups, len(outcome), y, score)
    return ClassificationMetrics(
        float(threshold),
        int((called & outcome).sum()),
        int((called & ~outcome).sum()),
        int((~called & ~outcome).sum()),
        int((~called & outcome).sum()),
        {} if codes is None else _design_effects(outcome, called, codes),
    )


def _design_effects(outcome: BoolArray, called: BoolArray, codes: IntArray) -> dict[str, float]:
    everyone = np.ones(len(outcome), dtype=bool)
    among = {
        "accuracy": everyone,
        "sensitivity": outcome,
        "specificity": ~outcome,
        "ppv": called,
        "npv": ~called,
        "f1": outcome | called,
    }
    right = outcome == called
    return {name: design_effect(right[rows], codes[rows]) for name, rows in among.items()}
