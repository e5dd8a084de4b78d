"""Bootstrap replicates of the area under the ROC curve, many resamples at a time."""

from __future__ import annotations

import numpy as np

from dlr.stats._resampling import weight_blocks
from dlr.stats._validation import BoolArray, FloatArray, IntArray


def bootstrap_auc(
    outcome: BoolArray,
    score: FloatArray,
    codes: IntArray | None,
    n_resamples: int,
    random_state: int,
) -> FloatArray:
    """Return AUCs of resampled data.

    Cases are resampled within each class; with `codes`, whole clusters are resampled instead.

    Returns
    -------
    ndarray, shape (n_resamples,)
    """
    levels = np.unique(score, return_inverse=True)[1]
    rng = np.random.default_rng(random_state)
    blocks = weight_blocks(rng, n_resamples, outcome, codes, stratified=True)
    return np.concatenate([_weighted_auc(outcome, levels, weights) for weights in blocks])


def _weighted_auc(outcome: BoolArray, levels: IntArray, weights: FloatArray) -> FloatArray:
    """Return the AUC of each row of case weights; `levels` ranks the scores, ties equal."""
    n_levels = int(levels.max()) + 1
    positive = _sum_by_level(weights[:, outcome], levels[outcome], n_levels)
    negative = _sum_by_level(weights[:, ~outcome], levels[~outcome], n_levels)
    below = np.cumsum(negative, axis=1) - negative / 2
    ordered: FloatArray = (positive * below).sum(1)
    return ordered / (positive.sum(1) * negative.sum(1))


def _sum_by_level(weights: FloatArray, levels: IntArray, n_levels: int) -> FloatArray:
    cells = levels + n_levels * np.arange(len(weights))[:, None]
    total = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=n_levels * len(weights))
    return total.reshape(len(weights), n_levels).astype(np.float64)
