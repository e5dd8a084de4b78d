"""Placement values of scores: the exact counts behind every AUC and its variance.

DeLong, DeLong & Clarke-Pearson, Biometrics 44:837-845 (1988), computed from one sort per model
instead of all pairs of cases; the same numbers as the midrank form of Sun & Xu, IEEE Signal
Processing Letters 21:1389-1393 (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dlr.stats._validation import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Placements:
    """Placement values of k scores on the same m positive and n negative cases.

    Attributes
    ----------
    auc : ndarray, shape (k,)
        Area under each ROC curve.
    positive : ndarray, shape (k, m)
        Share of negatives that score below each positive (ties count half), minus the AUC.
    negative : ndarray, shape (k, n)
        Share of positives that score above each negative (ties count half), minus the AUC.
    positive_codes, negative_codes : ndarray of int or None
        Cluster (patient) of every positive and negative case.
    n_clusters : int
        Number of clusters; 0 without clusters.
    """

    auc: FloatArray
    positive: FloatArray
    negative: FloatArray
    positive_codes: IntArray | None = None
    negative_codes: IntArray | None = None
    n_clusters: int = 0

    def problem(self) -> str:
        """Say why the variance cannot be estimated; empty when it can."""
        if self.positive_codes is None or self.negative_codes is None:
            counts, what = (self.positive.shape[1], self.negative.shape[1]), "cases"
        else:
            codes = (self.positive_codes, self.negative_codes)
            counts, what = (len(np.unique(codes[0])), len(np.unique(codes[1]))), "clusters"
        if min(counts) >= 2:
            return ""
        return (
            f"the variance needs at least two {what} with and two without the event, "
            f"got {counts[0]} and {counts[1]}"
        )

    def of_models(self, rows: list[int]) -> Placements:
        """Return the placement values of some of the scores."""
        return replace(
            self, auc=self.auc[rows], positive=self.positive[rows], negative=self.negative[rows]
        )

    def covariance(self, contrast: FloatArray | None = None) -> FloatArray:
        """Return the covariance of contrast @ auc (of the AUCs themselves without a contrast).

        The contrast is applied to the placement values before squaring, so that models which
        coincide give a variance of exactly zero instead of the rounding error of a difference.

        Parameters
        ----------
        contrast : ndarray, shape (r, k), optional

        Returns
        -------
        ndarray, shape (r, r) or (k, k)
            All NaN when `problem` names a reason.
        """
        positive, negative = self.positive, self.negative
        if contrast is not None:
            positive, negative = contrast @ positive, contrast @ negative
        if self.problem():
            return np.full((len(positive), len(positive)), np.nan)
        if self.positive_codes is not None and self.negative_codes is not None:
            return self._clustered(positive, negative, self.positive_codes, self.negative_codes)
        m, n = positive.shape[1], negative.shape[1]
        within: FloatArray = positive @ positive.T / (m * (m - 1.0))
        return within + negative @ negative.T / (n * (n - 1.0))

    def _clustered(
        self,
        positive: FloatArray,
        negative: FloatArray,
        positive_codes: IntArray,
        negative_codes: IntArray,
    ) -> FloatArray:
        """Sum placements per cluster (Obuchowski, Biometrics 53:567-578, 1997, eq. 4-7)."""
        m, n, clusters = positive.shape[1], negative.shape[1], float(self.n_clusters)
        a = _sum_by_code(positive, positive_codes, self.n_clusters)
        b = _sum_by_code(negative, negative_codes, self.n_clusters)
        with_positive = float(len(np.unique(positive_codes)))
        with_negative = float(len(np.unique(negative_codes)))
        cross = a @ b.T
        covariance: FloatArray = (
            with_positive / (with_positive - 1) / m**2 * (a @ a.T)
            + with_negative / (with_negative - 1) / n**2 * (b @ b.T)
            + clusters / (clusters - 1) / (m * n) * (cross + cross.T)
        )
        return covariance


def _sum_by_code(values: FloatArray, codes: IntArray, n_codes: int) -> FloatArray:
    return np.stack([np.bincount(codes, weights=row, minlength=n_codes) for row in values])


def placements(
    outcome: BoolArray, scores: Sequence[FloatArray], codes: IntArray | None = None
) -> Placements:
    """Compute the placement values of several scores in O(n log n) each.

    Parameters
    ----------
    outcome : ndarray of bool, shape (n,)
        True for the event; both classes present.
    scores : sequence of ndarray, shape (n,)
        Higher means the event is more likely; the direction is never turned round.
    codes : ndarray of int, shape (n,), optional
        Cluster of each case, 0..G-1.

    Returns
    -------
    Placements
    """
    m = int(outcome.sum())
    n = len(outcome) - m
    auc = np.empty(len(scores))
    positive = np.empty((len(scores), m))
    negative = np.empty((len(scores), n))
    for row, score in enumerate(scores):
        doubled = doubled_counts(outcome, score)
        auc[row] = int(doubled[outcome].sum()) / (2 * m * n)
        positive[row] = doubled[outcome] / (2.0 * n) - auc[row]
        negative[row] = doubled[~outcome] / (2.0 * m) - auc[row]
    if codes is None:
        return Placements(auc, positive, negative)
    return Placements(
        auc, positive, negative, codes[outcome], codes[~outcome], int(codes.max()) + 1
    )


def doubled_counts(outcome: BoolArray, score: FloatArray) -> IntArray:
    """Count, per case, twice the cases of the other class it is rightly ordered against."""
    order = np.argsort(score)
    ranked = score[order]
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(first, len(score)))
    positives = np.add.reduceat(outcome[order].astype(np.int64), first)
    negatives = sizes - positives
    negatives_below = np.cumsum(negatives) - negatives
    positives_above = positives.sum() - np.cumsum(positives)
    value = np.empty(len(score), dtype=np.int64)
    is_positive = outcome[order]
    value[order] = np.where(
        is_positive,
        np.repeat(2 * negatives_below + negatives, sizes),
        np.repeat(2 * positives_above + positives, sizes),
    )
    return value
