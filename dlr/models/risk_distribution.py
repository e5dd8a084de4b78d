"""How the predicted risks of the training cases lie: counts and quantiles, never single cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError

BINS = 20
"""Equal bins between 0 and 1: each is five percentage points wide."""
QUANTILES = 21
"""Quantiles from 0 to 1 in steps of 0.05, from which a patient's rank is interpolated."""


@dataclass(frozen=True)
class RiskDistribution:
    """Predicted risks of the cases a model was trained on.

    Parameters
    ----------
    events, others : tuple of int
        Cases with and without the event in each of :data:`BINS` equal bins from 0 to 1; a risk
        on the border of two belongs to the upper one.
    quantiles : tuple of float
        Risks at 0, 5, ... 100 percent of the cases, ascending.
    estimate : str
        How the risks came about, as :data:`dlr.results.Estimate` has it.
    """

    events: tuple[int, ...]
    others: tuple[int, ...]
    quantiles: tuple[float, ...]
    estimate: str = "out-of-fold"

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        found = len(self.events), len(self.others), len(self.quantiles)
        if found != (BINS, BINS, QUANTILES):
            raise DlrError(
                f"a distribution of risks needs {BINS} counts of events, {BINS} of others and "
                f"{QUANTILES} quantiles, got {found[0]}, {found[1]} and {found[2]}"
            )

    @classmethod
    def of(cls, probability: ArrayLike, outcome: ArrayLike, estimate: str = "out-of-fold") -> Self:
        """Count the predicted risks of cases.

        Parameters
        ----------
        probability : array_like of shape (n,)
            In [0, 1].
        outcome : array_like of shape (n,)
            1 for the event, 0 for none.
        estimate : str
            How the risks came about.

        Raises
        ------
        DlrError
            If there is no case, or a risk lies outside 0 to 1.
        """
        risk = np.asarray(probability, dtype=float)
        event = np.asarray(outcome, dtype=float) == 1
        if not risk.size or not ((risk >= 0) & (risk <= 1)).all():
            raise DlrError("a distribution of risks needs at least one risk, all within 0 to 1")
        # A little is added, as 0.15 * 20 must land in the fourth bin whatever the rounding.
        bins = np.minimum((risk * BINS + 1e-9).astype(int), BINS - 1)
        events = np.bincount(bins[event], minlength=BINS)
        others = np.bincount(bins[~event], minlength=BINS)
        quantiles = np.quantile(risk, np.linspace(0, 1, QUANTILES))
        return cls(
            tuple(events.tolist()), tuple(others.tolist()), tuple(quantiles.tolist()), estimate
        )

    @property
    def n(self) -> int:
        """Number of cases."""
        return sum(self.events) + sum(self.others)

    def share_below(self, risk: float) -> float:
        """Return the share of the cases with a lower risk, interpolated between the quantiles."""
        if risk <= self.quantiles[0]:
            return 0.0
        shares = np.linspace(0, 1, QUANTILES)
        return float(np.interp(risk, self.quantiles, shares))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per bin: low, high, events, others."""
        edges = np.linspace(0, 1, BINS + 1)
        counts = {"events": self.events, "others": self.others}
        return pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counts})

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "events": list(self.events),
            "others": list(self.others),
            "quantiles": list(self.quantiles),
            "estimate": self.estimate,
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        events, others = tuple(item["events"]), tuple(item["others"])
        return cls(events, others, tuple(item["quantiles"]), item["estimate"])


def training_risks(scores: pd.DataFrame, cohort: str, feature_set: str) -> RiskDistribution | None:
    """Take the training cases' risks from a score table; None where it has none.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns :data:`dlr.results.SCORE_COLUMNS`.
    cohort : str
        The training cohort.
    feature_set : str
        Whose risks.

    Returns
    -------
    RiskDistribution or None
        Of the out-of-fold risks; of the first estimate there is, if there are none.
    """
    rows = scores[(scores["cohort"] == cohort) & (scores["feature_set"] == feature_set)]
    rows = rows[rows["outcome"].notna()]
    if rows.empty:
        return None
    known = list(dict.fromkeys(rows["estimate"]))
    estimate = "out-of-fold" if "out-of-fold" in known else str(known[0])
    rows = rows[rows["estimate"] == estimate]
    return RiskDistribution.of(rows["probability"], rows["outcome"], estimate)
