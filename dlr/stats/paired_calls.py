"""Model against reader: sensitivity and specificity of two calls on the same cases."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import bdtr, chdtrc

from dlr.stats._results import ConfidenceInterval, Proportion
from dlr.stats._validation import (
    BoolArray,
    binary_outcome,
    check_choice,
    check_same_order,
    numeric_vector,
)

METHODS = ("exact", "continuity", "uncorrected")


@dataclass(frozen=True)
class PairedProportions:
    """Two shares of the same cases, compared by McNemar's test.

    Attributes
    ----------
    both, only_a, only_b, neither : int
        How many cases are called rightly by both, by one alone, or by none.
    statistic : float
        Chi-squared statistic; for the exact test the smaller discordant count.
    p_value : float
        Two-sided; 1 when no case is discordant.
    method : str
        "exact", "continuity" or "uncorrected".
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    statistic: float
    p_value: float
    method: str

    @property
    def n(self) -> int:
        """Number of cases compared."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def proportion_a(self) -> Proportion:
        """Share called rightly by the first."""
        return Proportion.of(self.both + self.only_a, self.n)

    @property
    def proportion_b(self) -> Proportion:
        """Share called rightly by the second."""
        return Proportion.of(self.both + self.only_b, self.n)

    @property
    def difference(self) -> float:
        """Share of the first minus share of the second."""
        return (self.only_a - self.only_b) / self.n

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the score interval of the difference (Newcombe, Stat Med 17:2635, 1998, no. 10).

        Unlike a Wald interval it keeps within [-1, 1] and has width when nothing is discordant.
        """
        first, second = self.proportion_a, self.proportion_b
        (low_a, high_a), (low_b, high_b) = (
            first.confidence_interval(level),
            second.confidence_interval(level),
        )
        phi = self._correlation()
        down_a, up_a = first.value - low_a, high_a - first.value
        down_b, up_b = second.value - low_b, high_b - second.value
        low = sqrt(max(0.0, down_a**2 - 2 * phi * down_a * up_b + up_b**2))
        high = sqrt(max(0.0, up_a**2 - 2 * phi * up_a * down_b + down_b**2))
        return ConfidenceInterval(self.difference - low, self.difference + high, level, "Newcombe")

    def _correlation(self) -> float:
        """Return Newcombe's phi, with his continuity correction when positive."""
        a, b, c, d = self.both, self.only_a, self.only_b, self.neither
        margins = (a + b) * (c + d) * (a + c) * (b + d)
        if margins == 0:
            return 0.0
        determinant = float(a * d - b * c)
        if determinant > 0:
            determinant = max(determinant - self.n / 2, 0.0)
        return determinant / sqrt(margins)


@dataclass(frozen=True)
class ReaderComparison:
    """Sensitivity and specificity of two calls compared.

    Attributes
    ----------
    sensitivity : PairedProportions
        Among the cases with the event.
    specificity : PairedProportions
        Among the cases without it.
    """

    sensitivity: PairedProportions
    specificity: PairedProportions

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return a row each for sensitivity and specificity."""
        rows = []
        for name, pair in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            low, high = pair.confidence_interval(level)
            rows.append(
                {
                    "measure": name,
                    "a": pair.proportion_a.value,
                    "b": pair.proportion_b.value,
                    "difference": pair.difference,
                    "low": low,
                    "high": high,
                    "only_a": pair.only_a,
                    "only_b": pair.only_b,
                    "statistic": pair.statistic,
                    "p_value": pair.p_value,
                }
            )
        return pd.DataFrame(rows).set_index("measure")


def compare_sensitivity_specificity(
    y: ArrayLike, call_a: ArrayLike, call_b: ArrayLike, method: str = "exact"
) -> ReaderComparison:
    """Compare two yes/no calls on the same cases, such as a model against a reader.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    call_a, call_b : array_like, shape (n,)
        1 where the case is called positive, 0 where negative.
    method : {"exact", "continuity", "uncorrected"}
        Binomial test on the discordant cases, or McNemar's chi-squared with or without
        continuity correction (McNemar, Psychometrika 12:153, 1947).

    Returns
    -------
    ReaderComparison

    Raises
    ------
    DlrError
        When a call is not 0/1, lengths differ or the method is unknown.
    """
    check_choice(method, "method", METHODS)
    outcome = binary_outcome(y)
    calls = []
    check_same_order(call_a, call_b, "call_b", "call_a")
    for name, call in (("call_a", call_a), ("call_b", call_b)):
        check_same_order(y, call, name)
        numeric_vector(call, name, len(outcome))
        calls.append(binary_outcome(call, name, both_classes=False))
    a, b = calls
    return ReaderComparison(
        _compare(a[outcome], b[outcome], method), _compare(~a[~outcome], ~b[~outcome], method)
    )


def _compare(right_a: BoolArray, right_b: BoolArray, method: str) -> PairedProportions:
    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    statistic, p_value = _mcnemar(only_a, only_b, method)
    both, neither = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
    return PairedProportions(both, only_a, only_b, neither, statistic, p_value, method)


def _mcnemar(only_a: int, only_b: int, method: str) -> tuple[float, float]:
    discordant = only_a + only_b
    if discordant == 0:
        return 0.0, 1.0
    if method == "exact":
        fewer = min(only_a, only_b)
        return float(fewer), min(1.0, 2 * float(bdtr(fewer, discordant, 0.5)))
    distance = abs(only_a - only_b)
    if method == "continuity":
        # R's mcnemar.test subtracts 1 only where the counts differ.
        distance = max(distance - 1, 0)
    statistic = distance**2 / discordant
    return statistic, float(chdtrc(1, statistic))
