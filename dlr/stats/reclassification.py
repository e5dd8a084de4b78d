"""Net reclassification and integrated discrimination improvement of a new model over an old."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.stats._results import Estimate
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    check_same_order,
    open_unit_thresholds,
    outcome_and_probability,
)

_CATEGORICAL = ("categorical_nri", "categorical_nri_events", "categorical_nri_nonevents")


@dataclass(frozen=True, eq=False)
class Reclassification:
    """How a new model moves predictions, compared with an old one; positive is better.

    Attributes
    ----------
    nri, nri_events, nri_nonevents : Estimate
        Category-free net reclassification improvement, in all (-2 to 2), among cases with the
        event (share moved up minus share moved down) and without (down minus up).
    idi, idi_events, idi_nonevents : Estimate
        Integrated discrimination improvement: rise of the mean prediction with the event, plus
        its fall without.
    categorical_nri, categorical_nri_events, categorical_nri_nonevents : Estimate or None
        The same over risk categories; None without cut-offs. The test uses the variance under
        the null hypothesis (Pencina 2008), the interval the estimated one.
    table_events, table_nonevents : DataFrame or None
        Counts by old (rows) and new (columns) risk category.
    cutoffs : tuple of float
        Lower bounds of the second and later categories; a risk equal to one belongs above.
    """

    nri: Estimate
    nri_events: Estimate
    nri_nonevents: Estimate
    idi: Estimate
    idi_events: Estimate
    idi_nonevents: Estimate
    categorical_nri: Estimate | None = None
    categorical_nri_events: Estimate | None = None
    categorical_nri_nonevents: Estimate | None = None
    table_events: pd.DataFrame | None = None
    table_nonevents: pd.DataFrame | None = None
    cutoffs: tuple[float, ...] = ()

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per measure with its interval and p value."""
        names = ["nri", "nri_events", "nri_nonevents", "idi", "idi_events", "idi_nonevents"]
        if self.cutoffs:
            names += _CATEGORICAL
        rows = []
        for name in names:
            estimate: Estimate = getattr(self, name)
            low, high = estimate.confidence_interval(level)
            rows.append((name, estimate.value, low, high, estimate.p_value, estimate.note))
        columns = ["measure", "value", "low", "high", "p_value", "note"]
        return pd.DataFrame(rows, columns=columns).set_index("measure")


def reclassification(
    y: ArrayLike, p_old: ArrayLike, p_new: ArrayLike, cutoffs: ArrayLike | None = None
) -> Reclassification:
    """Compare two models by how they move the predicted risks of the same cases.

    The NRI rewards miscalibrated models (Hilden & Gerds, Stat Med 33:3405, 2014); report it
    beside the difference in AUC and net benefit, never alone.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    p_old, p_new : array_like, shape (n,)
        Predicted probabilities of the event by the old and the new model.
    cutoffs : array_like, optional
        Rising risk cut-offs in (0, 1) for the categorical NRI.

    Returns
    -------
    Reclassification
        Pencina et al., Stat Med 27:157-172 (2008) and 30:11-21 (2011); the category-free
        measures as Hmisc::improveProb.

    Raises
    ------
    DlrError
        When an input is not valid or a cut-off is 0 or 1.
    """
    outcome, old = outcome_and_probability(y, p_old, "p_old")
    _, new = outcome_and_probability(y, p_new, "p_new")
    check_same_order(p_old, p_new, "p_new", "p_old")
    nri = _net(np.sign(new - old), outcome)
    idi = _discrimination(new - old, outcome)
    if cutoffs is None:
        return Reclassification(*nri, *idi)
    cuts = open_unit_thresholds(cutoffs, "cutoffs")
    before, after = (np.searchsorted(cuts, p, side="right") for p in (old, new))
    labels = _labels(cuts)
    return replace(
        Reclassification(*nri, *idi),
        **dict(zip(_CATEGORICAL, _categorical(np.sign(after - before), outcome))),
        table_events=_table(before[outcome], after[outcome], labels),
        table_nonevents=_table(before[~outcome], after[~outcome], labels),
        cutoffs=tuple(float(cut) for cut in cuts),
    )


def _net(moved: FloatArray, outcome: BoolArray) -> tuple[Estimate, Estimate, Estimate]:
    """Return total, event and non-event NRI from moves of +1, 0, -1."""
    parts = []
    for signs in (moved[outcome], -moved[~outcome]):
        net, any_move = float(signs.mean()), float(np.abs(signs).mean())
        # Var(share up - share down) of a multinomial; clipped since rounding may leave -1e-17.
        parts.append(_estimate(net, sqrt(max(any_move - net**2, 0.0) / len(signs))))
    return _total(*parts), parts[0], parts[1]


def _categorical(moved: IntArray, outcome: BoolArray) -> list[Estimate]:
    """Return the three NRIs, with the standard errors under no net movement for the tests."""
    variances = [float(np.abs(moved[part]).mean()) / part.sum() for part in (outcome, ~outcome)]
    null = (sqrt(sum(variances)), sqrt(variances[0]), sqrt(variances[1]))
    estimates = _net(moved.astype(np.float64), outcome)
    return [
        replace(estimate, null_standard_error=error) for estimate, error in zip(estimates, null)
    ]


def _discrimination(change: FloatArray, outcome: BoolArray) -> tuple[Estimate, Estimate, Estimate]:
    parts = []
    for values in (change[outcome], -change[~outcome]):
        if len(values) < 2:
            note = "a standard error needs at least two cases with and two without the event"
            parts.append(Estimate(float(values.mean()), nan, note))
        else:
            error = float(values.std(ddof=1)) / sqrt(len(values))
            parts.append(_estimate(float(values.mean()), error))
    return _total(*parts), parts[0], parts[1]


def _estimate(value: float, error: float) -> Estimate:
    note = "all cases moved alike, so there is no variance to test with"
    return Estimate(value, error, note if error == 0 and value != 0 else "")


def _total(events: Estimate, nonevents: Estimate) -> Estimate:
    error = sqrt(events.standard_error**2 + nonevents.standard_error**2)
    return Estimate(events.value + nonevents.value, error, events.note or nonevents.note)


def _labels(cuts: FloatArray) -> list[str]:
    edges = ["0", *(f"{cut:g}" for cut in cuts), "1"]
    closing = [")"] * len(cuts) + ["]"]
    return [f"[{a}, {b}{close}" for a, b, close in zip(edges, edges[1:], closing)]


def _table(before: IntArray, after: IntArray, labels: list[str]) -> pd.DataFrame:
    k = len(labels)
    counts = np.bincount(before * k + after, minlength=k * k).reshape(k, k)
    return pd.DataFrame(
        counts, index=pd.Index(labels, name="old"), columns=pd.Index(labels, name="new")
    )
