"""Result of a test between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from scipy.stats.contingency import odds_ratio

from dlr.stats._results import ConfidenceInterval
from dlr.stats._validation import check_level


@dataclass(frozen=True)
class GroupTest:
    """Result of a test.

    Attributes
    ----------
    test : str
        Name of the test as papers write it.
    statistic : float
        Test statistic; NaN for an exact test without one.
    degrees_of_freedom : float
        NaN where the test has none.
    p_value : float
        Two-sided; NaN when the test cannot be done (`note` says why).
    n : tuple of int
        Size of each group, or of the one sample.
    estimate : float
        What is tested: difference of means (first minus second), probability that a value of the
        first group exceeds one of the second, odds ratio, or rho; NaN where there is none.
    estimate_name : str
        Which of these.
    note : str
        Why a number is missing or needs care; empty otherwise.
    """

    test: str
    statistic: float
    degrees_of_freedom: float
    p_value: float
    n: tuple[int, ...]
    estimate: float = nan
    estimate_name: str = ""
    note: str = ""
    _standard_error: float = nan
    _table: tuple[tuple[int, ...], ...] = ()

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the interval of the estimate: of a difference of means, or Fisher's odds ratio.

        Other tests have none; the limits are then NaN and the note says so.
        """
        check_level(level)
        if self._table:
            result = odds_ratio(np.array(self._table), kind="conditional")
            low, high = result.confidence_interval(level)
            return ConfidenceInterval(float(low), float(high), level, "exact conditional")
        half = float(stdtrit(self.degrees_of_freedom, 0.5 + level / 2)) * self._standard_error
        note = self.note
        if np.isnan(half) and not note:
            note = f"{self.test} comes without an interval"
        return ConfidenceInterval(self.estimate - half, self.estimate + half, level, "t", note)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row: test, statistic, degrees of freedom, p, estimate with limits, note."""
        low, high = self.confidence_interval(level)
        row = {
            "test": self.test,
            "statistic": self.statistic,
            "degrees_of_freedom": self.degrees_of_freedom,
            "p_value": self.p_value,
            "estimate": self.estimate,
            "estimate_name": self.estimate_name,
            "low": low,
            "high": high,
            "note": self.note,
        }
        return pd.DataFrame([row])


def not_done(
    name: str, sizes: Sequence[int], why: str, estimate: float = nan, what: str = ""
) -> GroupTest:
    """Return the result of a test that cannot be done, with the reason."""
    return GroupTest(name, nan, nan, nan, tuple(sizes), estimate, what, f"not done: {why}")
