"""Result types that several statistics share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtr, ndtri

from dlr.errors import DlrError
from dlr.stats._validation import check_choice, check_level


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal variable lies within +/- z with probability `level`."""
    return float(ndtri(0.5 + check_level(level) / 2))


def two_sided_p(z: float) -> float:
    """Return the two-sided p value of a standard normal statistic."""
    return float(2 * ndtr(-abs(z)))


@dataclass(frozen=True)
class ConfidenceInterval:
    """Two confidence limits; unpacks as ``low, high = interval``.

    Attributes
    ----------
    low, high : float
        The limits. Both are NaN when there is no interval; `note` then says why.
    level : float
        Confidence level, such as 0.95.
    method : str
        Name of the method.
    note : str
        Why the limits are absent or need care; empty otherwise.
    """

    low: float
    high: float
    level: float = 0.95
    method: str = ""
    note: str = ""

    def __iter__(self) -> Iterator[float]:
        """Give the two limits, so that an interval can be unpacked."""
        return iter((self.low, self.high))

    def contains(self, value: float) -> bool:
        """Say whether `value` lies within the limits, which belong to the interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, tested against zero with the normal distribution.

    Attributes
    ----------
    value : float
        The estimate.
    standard_error : float
        Its standard error; NaN when it cannot be computed.
    note : str
        Why a number is missing; empty otherwise.
    null_standard_error : float or None
        Standard error if the quantity were zero, where the test uses that one; None where test
        and interval share `standard_error`.
    """

    value: float
    standard_error: float
    note: str = ""
    null_standard_error: float | None = None

    @property
    def statistic(self) -> float:
        """Value / standard error; 0 for a zero without any variance, NaN without a test."""
        null = self.null_standard_error
        error = self.standard_error if null is None else null
        if error > 0:
            return self.value / error
        return 0.0 if self.value == 0 and error == 0 else nan

    @property
    def p_value(self) -> float:
        """Two-sided p value for the hypothesis that the quantity is zero."""
        return two_sided_p(self.statistic)

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the Wald interval, value +/- z * standard error."""
        half = normal_quantile(level) * self.standard_error
        return ConfidenceInterval(self.value - half, self.value + half, level, "Wald", self.note)


@dataclass(frozen=True)
class Proportion:
    """A share of cases with its counts.

    Attributes
    ----------
    value : float
        numerator / denominator; NaN when there is nothing to divide by (`note` says so).
    numerator, denominator : int
        Number of cases that count, and of those among which they were counted.
    note : str
        Why the value is missing; empty otherwise.
    design_effect : float
        By how much several cases of one patient enlarge the variance; intervals count
        ``denominator / design_effect`` cases.
    """

    value: float
    numerator: int
    denominator: int
    note: str = ""
    design_effect: float = 1.0

    @classmethod
    def of(cls, numerator: int, denominator: int, what: str = "cases") -> Proportion:
        """Make a proportion from its counts; `what` names the denominator in the note."""
        if not 0 <= numerator <= denominator:
            raise DlrError(
                f"A proportion needs 0 <= numerator <= denominator, got {numerator}/{denominator}."
            )
        if denominator == 0:
            return cls(nan, 0, 0, f"not defined: there are no {what}")
        return cls(numerator / denominator, int(numerator), int(denominator))

    def confidence_interval(
        self, level: float = 0.95, method: str = "wilson"
    ) -> ConfidenceInterval:
        """Return a binomial confidence interval.

        Parameters
        ----------
        level : float
            Confidence level in (0, 1).
        method : {"wilson", "clopper-pearson"}
            Wilson's score interval (E. B. Wilson, J Am Stat Assoc 22:209, 1927), which is close
            to its level on average, or the exact interval of Clopper & Pearson (Biometrika
            26:404, 1934), which never falls below it.

        Returns
        -------
        ConfidenceInterval
            Within [0, 1].

        Raises
        ------
        DlrError
            When the level or the method is not known.
        """
        check_choice(method, "method", ("wilson", "clopper-pearson"))
        check_level(level)
        if isnan(self.value):
            return ConfidenceInterval(nan, nan, level, method, self.note)
        limits = _wilson if method == "wilson" else _clopper_pearson
        cases = self.denominator / self.design_effect
        low, high = limits(self.numerator / self.design_effect, cases, level)
        return ConfidenceInterval(low, high, level, method)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row with the value, the counts and both intervals."""
        wilson = self.confidence_interval(level)
        exact = self.confidence_interval(level, "clopper-pearson")
        return pd.DataFrame(
            {
                "value": [self.value],
                "numerator": [self.numerator],
                "denominator": [self.denominator],
                "wilson_low": [wilson.low],
                "wilson_high": [wilson.high],
                "clopper_pearson_low": [exact.low],
                "clopper_pearson_high": [exact.high],
                "note": [self.note],
            }
        )


def _wilson(k: float, n: float, level: float) -> tuple[float, float]:
    z = normal_quantile(level)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * sqrt(k * (n - k) / n + z**2 / 4)
    # At 0 and n the limits are exactly 0 and 1; rounding would leave 1e-17 beside them.
    return (0.0 if k == 0 else centre - half), (1.0 if k == n else centre + half)


def _clopper_pearson(k: float, n: float, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def percentile_interval(replicates: np.ndarray, level: float) -> ConfidenceInterval:
    """Return the percentile bootstrap interval of a vector of replicates."""
    tail = (1 - check_level(level)) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return ConfidenceInterval(float(low), float(high), level, "bootstrap")
