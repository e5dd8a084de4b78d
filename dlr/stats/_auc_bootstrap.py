"""Bootstrap replicates of the area under the ROC curve, many resamples at a time."""

from __future__ import annotations

import numpy as np

from dlr.stats._validation import BoolArray, FloatArray, IntArray

# Counts of one block of resamples; keeps memory near 64 MB whatever the number of cases.
_BLOCK = 4_000_000


def bootstrap_auc(
    outcome: BoolArray,
    score: FloatArray,
    codes: IntArray | None,
    n_resamples: int,
    random_state: int,
) -> FloatArray:
    """Return AUCs of resampled data.

    Cases are resampled within each class (the numbers with and without the event stay fixed).
    With `codes`, whole clusters are resampled instead, and a resample without both classes is
    drawn again.

    Returns
    -------
    ndarray, shape (n_resamples,)
    """
    rng = np.random.default_rng(random_state)
    levels = np.unique(score, return_inverse=True)[1]
    rows = max(1, _BLOCK // len(score))
    blocks = []
    done = 0
    while done < n_resamples:
        size = min(rows, n_resamples - done)
        if codes is None:
            weights = _case_weights(rng, outcome, size)
        else:
            weights = _cluster_weights(rng, outcome, codes, size)
        blocks.append(_weighted_auc(outcome, levels, weights))
        done += size
    return np.concatenate(blocks)


def _case_weights(rng: np.random.Generator, outcome: BoolArray, size: int) -> FloatArray:
    """Draw how often each case occurs in each of `size` stratified resamples."""
    weights = np.empty((size, len(outcome)))
    for members in (np.flatnonzero(outcome), np.flatnonzero(~outcome)):
        weights[:, members] = resample_counts(rng, len(members), size)
    return weights


def _cluster_weights(
    rng: np.random.Generator, outcome: BoolArray, codes: IntArray, size: int
) -> FloatArray:
    n_clusters = int(codes.max()) + 1
    counts = resample_counts(rng, n_clusters, size)
    while True:
        weights: FloatArray = counts[:, codes]
        lacking = (weights[:, outcome].sum(1) == 0) | (weights[:, ~outcome].sum(1) == 0)
        if not lacking.any():
            return weights
        counts[lacking] = resample_counts(rng, n_clusters, int(lacking.sum()))


def resample_counts(rng: np.random.Generator, n: int, size: int) -> FloatArray:
    """Return, for `size` draws of n out of n with replacement, how often each was drawn.

    Returns
    -------
    ndarray, shape (size, n)
        Whole numbers as floats, each row summing to n.
    """
    drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def _weighted_auc(outcome: BoolArray, levels: IntArray, weights: FloatArray) -> FloatArray:
    """Return the AUC of each row of case weights; `levels` ranks the scores, ties equal."""
    positive = _sum_by_level(weights[:, outcome], levels[outcome], int(levels.max()) + 1)
    negative = _sum_by_level(weights[:, ~outcome], levels[~outcome], int(levels.max()) + 1)
    below = np.cumsum(negative, axis=1) - negative / 2
    ordered: FloatArray = (positive * below).sum(1)
    return ordered / (positive.sum(1) * negative.sum(1))


def _sum_by_level(weights: FloatArray, levels: IntArray, n_levels: int) -> FloatArray:
    cells = levels + n_levels * np.arange(len(weights))[:, None]
    total = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=n_levels * len(weights))
    return total.reshape(len(weights), n_levels).astype(np.float64)
