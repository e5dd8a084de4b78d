"""Clusters of cases in the space of their features, found without looking at the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError

MOST_CLUSTERS = 7


@dataclass(frozen=True, eq=False)
class FeatureClusters:
    """Cases on the first two principal components of their features.

    Parameters
    ----------
    spots : ndarray, shape (n_cases, 2)
        Scores on the two components.
    explained : (float, float)
        Share of the variance of each, in [0, 1].
    cluster : ndarray of int, shape (n_cases,)
        From 0, numbered from left to right.
    outcome : ndarray, shape (n_cases,)
        1 or 0; NaN where unknown.
    """

    spots: NDArray[np.float64]
    explained: tuple[float, float]
    cluster: NDArray[np.intp]
    outcome: NDArray[np.float64]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per case: ``component_1``, ``component_2``, ``cluster``, ``outcome``."""
        columns = {"component_1": self.spots[:, 0], "component_2": self.spots[:, 1]}
        return pd.DataFrame({**columns, "cluster": self.cluster + 1, "outcome": self.outcome})


def feature_clusters(
    features: pd.DataFrame, outcome: ArrayLike, clusters: int = 2
) -> FeatureClusters:
    """Cluster cases by k-means (MacQueen 1967; 10 starts, fixed seed) on standardised features.

    Parameters
    ----------
    features : DataFrame of shape (n_cases, n_features)
        Such as the deep features of one view. A missing value counts as the feature's median.
    outcome : array_like, shape (n_cases,)
        1 or 0; missing where unknown. The clusters know nothing of it.
    clusters : int
        1 to 7; fewer where fewer cases differ.

    Raises
    ------
    DlrError
        If there are fewer than three cases, no feature varies, the number of clusters is out of
        range or there is not one outcome per case.
    """
    known = np.asarray(outcome, dtype=float)
    if not 1 <= clusters <= MOST_CLUSTERS:
        raise DlrError(f"clusters must be a number from 1 to {MOST_CLUSTERS}, got {clusters!r}")
    if known.shape != (len(features),):
        raise DlrError(f"there are {len(features)} cases but outcomes of shape {known.shape}")
    values = _standardised(features)
    spots, explained = _components(values)
    return FeatureClusters(spots, explained, _k_means(values, clusters, spots), known)


def _standardised(features: pd.DataFrame) -> NDArray[np.float64]:
    if len(features) < 3:
        raise DlrError(f"clusters of cases need at least three cases, got {len(features)}")
    numbers = features.astype(float)
    filled = numbers.fillna(numbers.median()).fillna(0.0).to_numpy()
    spread = filled.std(axis=0)
    varying = spread > 1e-12 * np.maximum(np.abs(filled).max(axis=0), 1e-300)
    if not varying.any():
        raise DlrError("no feature varies between the cases, so there are no clusters")
    scaled: NDArray[np.float64] = (filled - filled.mean(axis=0))[:, varying] / spread[varying]
    return scaled


def _components(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the scores on two components and the share of the variance of each."""
    left, sizes, axes = np.linalg.svd(values, full_matrices=False)
    # The largest loading is positive, so that the same data always give the same picture.
    sign = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    scores, share = left * sizes * sign, sizes**2 / (sizes**2).sum()
    if values.shape[1] == 1:
        scores, share = np.pad(scores, ((0, 0), (0, 1))), np.append(share, 0.0)
    return scores[:, :2], (float(share[0]), float(share[1]))


def _k_means(
    values: NDArray[np.float64], clusters: int, spots: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the cluster of every case, numbered from left to right on the drawing."""
    from sklearn.cluster import KMeans

    clusters = min(clusters, len(np.unique(values, axis=0)))
    found = KMeans(clusters, n_init=10, random_state=0).fit_predict(values)
    left = [spots[found == number, 0].mean() for number in range(clusters)]
    rank = np.argsort(np.argsort(left))
    numbers: NDArray[np.intp] = rank[found]
    return numbers
