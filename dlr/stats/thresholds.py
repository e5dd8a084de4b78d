"""The cut-off that turns a score into a decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.stats._validation import outcome_and_score
from dlr.stats.roc import operating_points


@dataclass(frozen=True)
class YoudenThreshold:
    """The threshold with the largest Youden index.

    Attributes
    ----------
    threshold : float
        A case is called positive when its score >= threshold. The midpoint between two
        neighbouring scores, or -inf when nothing beats calling every case positive.
    sensitivity, specificity : float
        At the threshold, on the data it was chosen from: optimistic on these data.
    index : float
        sensitivity + specificity - 1.
    tied : bool
        Whether other thresholds reach the same index.
    tied_thresholds : tuple of float
        All thresholds with this index, rising; holds `threshold`.
    note : str
        What needs care; empty otherwise.
    """

    threshold: float
    sensitivity: float
    specificity: float
    index: float
    tied: bool
    tied_thresholds: tuple[float, ...]
    note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the threshold and what it reaches."""
        return pd.DataFrame(
            {
                "threshold": [self.threshold],
                "sensitivity": [self.sensitivity],
                "specificity": [self.specificity],
                "index": [self.index],
                "tied": [self.tied],
                "note": [self.note],
            }
        )


def youden_threshold(y: ArrayLike, score: ArrayLike) -> YoudenThreshold:
    """Find the threshold with the largest sensitivity + specificity - 1.

    Choose it on training data (best on out-of-fold scores) and carry it to other data
    unchanged; chosen on the data it is judged on, it flatters the score.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    score : array_like, shape (n,)
        Higher when the event is more likely; never turned round.

    Returns
    -------
    YoudenThreshold
        Youden, Cancer 3:32-35 (1950). Among tied thresholds the one with the highest
        sensitivity is taken, then the lowest. Ties are found by whole-number counts: pROC
        compares floating-point sums and may miss one.

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, or lengths differ.

    Examples
    --------
    >>> best = youden_threshold([0, 0, 1, 0, 1, 1, 0, 1], [1, 2, 3, 4, 5, 6, 7, 8])
    >>> best.threshold, best.sensitivity, best.specificity, best.tied_thresholds
    (2.5, 1.0, 0.5, (2.5, 4.5))
    """
    outcome, values = outcome_and_score(y, score)
    thresholds, true_positive, false_positive = operating_points(outcome, values)
    m, n = int(true_positive[-1]), int(false_positive[-1])
    index = true_positive * n - false_positive * m
    tied = np.flatnonzero(index == index.max())
    # Thresholds fall along the array, so the last tie is at once the most sensitive and lowest.
    best = tied[-1]

    return YoudenThreshold(
        float(thresholds[best]),
        float(true_positive[best] / m),
        float((n - false_positive[best]) / n),
        float(index[best] / (m * n)),
        len(tied) > 1,
        tuple(float(t) for t in thresholds[tied][::-1]),
        "" if index[best] > 0 else "no threshold does better than calling every case positive",
    )
