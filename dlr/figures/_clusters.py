"""Clusters of cases in the space of their deep features."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from dlr.feature_clusters import MOST_CLUSTERS, FeatureClusters, feature_clusters
from dlr.figures._style import FAINT, GREY, INK, NEGATIVE, POSITIVE, axes_or_new, styled

if TYPE_CHECKING:
    import pandas as pd

_LONG = 16  # characters of a label of which two do not stand side by side
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
assert len(_MARKERS) == MOST_CLUSTERS


@styled
def plot_feature_clusters(
    features: pd.DataFrame | FeatureClusters,
    outcome: ArrayLike | None = None,
    ax: Axes | None = None,
    *,
    clusters: int = 2,
    labels: tuple[str, str] = ("negative", "positive"),
) -> Axes:
    """Draw the cases on the first two principal components of their features, by cluster.

    The clusters come from k-means on all standardised features
    (:func:`dlr.feature_clusters.feature_clusters`) and know nothing of the outcome: where they
    differ in colour, the features alone tell the classes apart. Shapes are clusters, colours
    outcomes, pale areas the clusters' hulls.

    Parameters
    ----------
    features : DataFrame of shape (n_cases, n_features), or FeatureClusters
        Such as the deep features of one view, a missing value counting as the feature's median;
        or clusters found before.
    outcome : array_like, shape (n_cases,), optional
        1 or 0; missing where unknown, drawn grey. Clusters found before bring their own.
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
    if not isinstance(features, FeatureClusters):
        known = np.full(len(features), np.nan) if outcome is None else outcome
        features = feature_clusters(features, known, clusters)
    spots, explained, numbers = features.spots, features.explained, features.cluster
    known = features.outcome
    columns = 1 if max(map(len, labels)) > _LONG else 2
    ax = axes_or_new(ax, height=3.1 if columns == 2 else 3.5)
    for number in np.unique(numbers):
        chosen = numbers == number
        _hull(ax, spots[chosen])
        share = known[chosen][np.isfinite(known[chosen])]
        name = textwrap.shorten(labels[1], 36, placeholder="\N{HORIZONTAL ELLIPSIS}")
        part = f", {share.mean():.0%} {name}" if len(share) else ""
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
    ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, columnspacing=1.0,
        fontsize=None if columns == 2 else 6,
    )  # fmt: skip
    return ax


def _hull(ax: Axes, spots: NDArray[np.float64]) -> None:
    from scipy.spatial import ConvexHull

    # Points on one line have no area.
    if len(spots) < 3 or np.linalg.matrix_rank(spots - spots[0], tol=1e-9) < 2:
        return
    corners = spots[ConvexHull(spots).vertices]
    ax.fill(corners[:, 0], corners[:, 1], color=FAINT, alpha=0.45, linewidth=0, zorder=1)
