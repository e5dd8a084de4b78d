"""Clusters of cases in the space of their deep features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError
from dlr.figures._style import FAINT, GREY, INK, NEGATIVE, POSITIVE, axes_or_new, styled

if TYPE_CHECKING:
    import pandas as pd

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@styled
def plot_feature_clusters(
    features: pd.DataFrame,
    outcome: ArrayLike,
    ax: Axes | None = None,
    *,
    clusters: int = 2,
    labels: tuple[str, str] = ("negative", "positive"),
) -> Axes:
    """Draw the cases on the first two principal components of their features, by cluster.

    The clusters come from k-means (MacQueen 1967; 10 starts, fixed seed) on all standardised
    features and know nothing of the outcome: where they differ in colour, the features alone
    tell the classes apart. Shapes are clusters, colours outcomes, pale areas the clusters' hulls.

    Parameters
    ----------
    features : DataFrame of shape (n_cases, n_features)
        Such as the deep features of one view. A missing value counts as the feature's median.
    outcome : array_like, shape (n_cases,)
        1 or 0; missing where unknown, drawn grey.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    clusters : int
        Number of clusters, 1 to 7; fewer where fewer cases differ.
    labels : tuple of str
        What outcome 0 and outcome 1 are called.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    DlrError
        If there are fewer than three cases, no feature varies, the number of clusters is out of
        range or there is not one outcome per case.
    """
    known = np.asarray(outcome, dtype=float)
    if not 1 <= clusters <= len(_MARKERS):
        raise DlrError(f"clusters must be a number from 1 to {len(_MARKERS)}, got {clusters!r}")
    if known.shape != (len(features),):
        raise DlrError(f"there are {len(features)} cases but outcomes of shape {known.shape}")
    values = _standardised(features)
    spots, explained = _components(values)
    numbers = _k_means(values, clusters, spots)
    ax = axes_or_new(ax, height=3.1)
    for number in np.unique(numbers):
        chosen = numbers == number
        _hull(ax, spots[chosen])
        share = known[chosen][np.isfinite(known[chosen])]
        part = f", {share.mean():.0%} {labels[1]}" if len(share) else ""
        ax.plot(
            [], [], _MARKERS[number], color=INK, markerfacecolor="white", markersize=4,
            linestyle="none", label=f"cluster {number + 1}: {chosen.sum()}{part}",
        )  # fmt: skip
        for value, color in ((0.0, NEGATIVE), (1.0, POSITIVE), (np.nan, GREY)):
            here = chosen & (np.isnan(known) if np.isnan(value) else known == value)
            ax.scatter(
                spots[here, 0], spots[here, 1], s=11, color=color, marker=_MARKERS[number],
                alpha=0.75, linewidths=0, zorder=3,
            )  # fmt: skip
    for color, label in ((NEGATIVE, labels[0]), (POSITIVE, labels[1])):
        ax.plot([], [], "o", color=color, markersize=4, linestyle="none", label=label)
    ax.set_xlabel(f"Component 1 ({explained[0]:.0%})")
    ax.set_ylabel(f"Component 2 ({explained[1]:.0%})")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.0)
    return ax


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


def _components(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores on two components and the share of the variance of each."""
    left, sizes, axes = np.linalg.svd(values, full_matrices=False)
    # The largest loading is positive, so that the same data always give the same picture.
    sign = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    scores, share = left * sizes * sign, sizes**2 / (sizes**2).sum()
    if values.shape[1] == 1:
        scores, share = np.pad(scores, ((0, 0), (0, 1))), np.append(share, 0.0)
    return scores[:, :2], share[:2]


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


def _hull(ax: Axes, spots: NDArray[np.float64]) -> None:
    from scipy.spatial import ConvexHull

    # Points on one line have no area.
    if len(spots) < 3 or np.linalg.matrix_rank(spots - spots[0], tol=1e-9) < 2:
        return
    corners = spots[ConvexHull(spots).vertices]
    ax.fill(corners[:, 0], corners[:, 1], color=FAINT, alpha=0.45, linewidth=0, zorder=1)
