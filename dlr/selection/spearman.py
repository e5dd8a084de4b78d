"""Redundancy filter: greedy recursive deletion of rank-correlated features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from dlr.errors import DlrError
from dlr.selection._base import FeatureSelector


class SpearmanFilter(FeatureSelector):
    """Delete, one at a time, the feature that is redundant with most others.

    Two features are redundant when the absolute value of their Spearman correlation exceeds the
    threshold. The correlation matrix is computed once; deletions only update counts.

    Parameters
    ----------
    threshold : float, default=0.9
        Limit on the absolute correlation.
    variant : {"degree", "published"}, default="degree"
        ``"degree"`` deletes the feature with the most redundant partners among those left; ties
        go by the larger mean absolute correlation with those left, then by name. The kept set does
        not depend on the order of the columns.
        ``"published"`` is the greedy recursive deletion of the published protocol as its software
        implements it: partners are counted only among the *later* columns, ties go to the earliest
        column, so the last column of a redundant clique always survives and the result depends on
        column order. Constant columns, whose correlations are undefined, are dropped first.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
    deleted_ : ndarray of int
        Column positions in the order in which they were deleted.
    fallback_ : bool
        True where every feature was constant (``"published"``) and the first was kept.
    """

    def __init__(self, threshold: float = 0.9, variant: str = "degree") -> None:
        self.threshold = threshold
        self.variant = variant

    def fit(self, X: ArrayLike | pd.DataFrame, y: Any = None) -> SpearmanFilter:  # noqa: ARG002
        """Find the redundant features; `y` is ignored (deletion is blind to the outcome)."""
        if self.variant not in ("degree", "published"):
            raise DlrError(
                f"SpearmanFilter: variant must be 'degree' or 'published', got {self.variant!r}."
            )
        values = self._check_features(X)
        self.fallback_ = False
        if self.variant == "degree":
            order = self._canonical_order(values)
            correlation = absolute_spearman(values[:, order])
            self.deleted_ = order[_delete_by_degree(correlation, self.threshold)]
            self.support_ = np.ones(values.shape[1], dtype=bool)
        else:
            correlation = absolute_spearman(values)
            self.support_ = correlation.diagonal() > 0  # zero for a constant column
            self.deleted_ = _delete_by_column_order(correlation, self.threshold)
        self.support_[self.deleted_] = False
        if not self.support_.any():
            self.support_[0] = self.fallback_ = True
        return self

    def _canonical_order(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Order columns by what does not move with them: name, or values where unnamed.

        Working in this order makes even the rounding of sums the same for shuffled columns.
        """
        if hasattr(self, "feature_names_in_"):
            return np.argsort(self._names().astype(str), kind="stable")
        return np.lexsort(values[::-1])


def absolute_spearman(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the absolute Spearman correlations between columns.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)

    Returns
    -------
    ndarray of shape (n_features, n_features)
        Between 0 and 1; rows and columns of a constant feature are 0, the diagonal included.
    """
    ranks = rankdata(values, axis=0)
    ranks -= (len(values) + 1) / 2
    norm = np.sqrt(np.einsum("ij,ij->j", ranks, ranks))
    ranks /= np.where(norm > 0, norm, 1.0)
    correlation: NDArray[np.float64] = ranks.T @ ranks
    np.abs(correlation, out=correlation)
    return np.minimum(correlation, 1.0, out=correlation)


def _delete_by_degree(correlation: NDArray[np.float64], threshold: float) -> NDArray[np.intp]:
    redundant = correlation > threshold
    np.fill_diagonal(redundant, False)
    degree = redundant.sum(axis=1)
    strength = correlation.sum(axis=1)
    left = np.ones(len(degree), dtype=bool)
    deleted: list[int] = []
    while (most := degree.max(initial=0)) > 0:
        tied = np.flatnonzero(degree == most)
        # Rounding must not decide between equals, so sums within 1e-9 count as tied; the later
        # name goes.
        strongest = strength[tied].max()
        worst = int(tied[strength[tied] >= strongest - 1e-9][-1])
        left[worst] = False
        deleted.append(worst)
        degree -= redundant[worst] & left
        degree[worst] = 0
        strength -= correlation[worst]
    return np.asarray(deleted, dtype=np.intp)


def _delete_by_column_order(correlation: NDArray[np.float64], threshold: float) -> NDArray[np.intp]:
    later = np.triu(correlation > threshold, k=1)
    count = later.sum(axis=1)
    deleted: list[int] = []
    while count.max(initial=0) > 0:
        worst = int(np.argmax(count))  # the first of the largest
        deleted.append(worst)
        count -= later[:, worst]
        count[worst] = 0
        later[worst] = False
        later[:, worst] = False
    return np.asarray(deleted, dtype=np.intp)
