"""Spiegelhalter's test of calibration."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import pandas as pd
from numpy.typing import ArrayLike

from dlr.stats._results import two_sided_p
from dlr.stats._validation import outcome_and_probability


@dataclass(frozen=True)
class Spiegelhalter:
    """Test that predicted probabilities are right.

    Attributes
    ----------
    statistic : float
        Standard normal when the predictions are right; positive when the Brier score is worse
        than they promise. NaN when all predictions are 0, 0.5 or 1 (`note` says so).
    p_value : float
        Two-sided.
    note : str
        Why there is no test; empty otherwise.
    """

    statistic: float
    p_value: float
    note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the statistic and its p value."""
        return pd.DataFrame(
            {"statistic": [self.statistic], "p_value": [self.p_value], "note": [self.note]}
        )


def spiegelhalter(y: ArrayLike, p: ArrayLike) -> Spiegelhalter:
    """Test calibration without groups.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    p : array_like, shape (n,)
        Predicted probability of the event.

    Returns
    -------
    Spiegelhalter
        z = sum (y - p)(1 - 2 p) / sqrt(sum (1 - 2 p)^2 p (1 - p)); Spiegelhalter, Stat Med
        5:421-433 (1986).

    Raises
    ------
    DlrError
        When an input is missing values, has one class only, or lengths differ.
    """
    outcome, predicted = outcome_and_probability(y, p)
    lean = 1 - 2 * predicted
    variance = float((lean**2 * predicted * (1 - predicted)).sum())
    if variance == 0:
        return Spiegelhalter(
            nan, nan, "predictions of only 0, 0.5 and 1 leave the statistic without variance"
        )
    statistic = float(((outcome - predicted) * lean).sum()) / sqrt(variance)
    return Spiegelhalter(statistic, two_sided_p(statistic))
