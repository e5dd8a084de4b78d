"""Concordance of a score with any ordered outcome."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._placements import doubled_counts
from dlr.stats._results import ConfidenceInterval, normal_quantile
from dlr.stats._validation import FloatArray, check_same_order, numeric_vector

_BLOCK = 2_000_000


@dataclass(frozen=True)
class Concordance:
    """Share of pairs of cases that score and outcome order alike.

    Attributes
    ----------
    c : float
        Concordance index; with a binary outcome the area under the ROC curve. 0.5 is chance.
    dxy : float
        Somers' rank correlation, 2 (c - 0.5).
    standard_deviation : float
        Standard error of `dxy`, Hmisc's "S.D."; a U-statistic form that differs a little from
        DeLong's. Halve it for c.
    n : int
        Number of cases.
    relevant_pairs : int
        Ordered pairs with different outcomes (each pair counts twice, as in Hmisc).
    concordant_pairs : float
        Of these, ordered alike; pairs tied in the score count half.
    note : str
        Why the standard error is missing; empty otherwise.
    """

    c: float
    dxy: float
    standard_deviation: float
    n: int
    relevant_pairs: int
    concordant_pairs: float
    note: str = ""

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the Wald interval of c, cut off at 0 and 1."""
        half = normal_quantile(level) * self.standard_deviation / 2
        if isnan(half):
            return ConfidenceInterval(nan, nan, level, "Wald", self.note)
        return ConfidenceInterval(max(0.0, self.c - half), min(1.0, self.c + half), level, "Wald")

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row with c, its interval, Dxy and the pairs."""
        low, high = self.confidence_interval(level)
        return pd.DataFrame(
            {
                "c": [self.c],
                "low": [low],
                "high": [high],
                "dxy": [self.dxy],
                "standard_deviation": [self.standard_deviation],
                "n": [self.n],
                "relevant_pairs": [self.relevant_pairs],
                "concordant_pairs": [self.concordant_pairs],
            }
        )


def concordance(y: ArrayLike, score: ArrayLike, exclude_ties: bool = False) -> Concordance:
    """Compute the concordance index and Somers' Dxy.

    Parameters
    ----------
    y : array_like, shape (n,)
        Outcome: binary, ordinal or continuous, without censoring; higher is "more".
    score : array_like, shape (n,)
        Higher when the outcome is expected to be higher; never turned round.
    exclude_ties : bool
        Leave out pairs tied in the score instead of counting them half (``outx=TRUE``).

    Returns
    -------
    Concordance
        As Hmisc::rcorr.cens; Harrell et al., JAMA 247:2543-2546 (1982).

    Raises
    ------
    DlrError
        When an input is missing values, lengths differ, or no pair is left to compare.
    """
    check_same_order(y, score, "score")
    outcome = numeric_vector(y, "y")
    values = numeric_vector(score, "score", len(outcome))
    relevant, lean = _pair_sums(outcome, values, exclude_ties)
    total = float(relevant.sum())
    if total == 0:
        raise DlrError("No pair of cases can be compared: all outcomes (or scores) are equal.")
    dxy = float(lean.sum()) / total
    # Variance of a ratio of two U-statistics; each pair enters twice, hence the factor 2.
    deviation = 2 * sqrt(float(((lean - dxy * relevant) ** 2).sum())) / total
    c = 0.5 + dxy / 2
    note = "" if len(outcome) > 2 else "a standard error needs at least three cases"
    return Concordance(
        c, dxy, nan if note else deviation, len(outcome), int(total), c * total, note
    )


def _pair_sums(
    outcome: FloatArray, score: FloatArray, exclude_ties: bool
) -> tuple[FloatArray, FloatArray]:
    """Count, per case, the pairs it can be compared in and (concordant - discordant) ones."""
    n = len(outcome)
    if not exclude_ties and set(np.unique(outcome)) == {0.0, 1.0}:
        event = outcome == 1
        opposed = np.where(event, (~event).sum(), event.sum()).astype(np.float64)
        return opposed, doubled_counts(event, score) - opposed
    relevant, lean = np.empty(n), np.empty(n)
    rows = max(1, _BLOCK // max(n, 1))
    for start in range(0, n, rows):
        part = slice(start, start + rows)
        above = np.sign(outcome[part, None] - outcome)
        higher = np.sign(score[part, None] - score)
        lean[part] = (above * higher).sum(1)
        compared = (above != 0) & (higher != 0) if exclude_ties else above != 0
        relevant[part] = compared.sum(1)
    return relevant, lean
