"""Clusters of correlated features, before and after the redundant ones are removed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dlr.errors import DlrError
from dlr.figures._style import COLUMN, PAGE, axes_or_new, root_figure, styled

_SHADES = "cividis"  # made for colour-blind readers, even in grey
_MOST_NAMES = 24


@styled
def plot_correlation(features: pd.DataFrame, ax: Axes | None = None, *, scale: bool = True) -> Axes:
    """Draw the absolute Spearman correlations between features, alike ones side by side.

    Features are ordered by average-linkage clustering of 1 - |rho|, so that redundant ones
    form bright squares along the diagonal; features that do not vary come last and are dark.

    Parameters
    ----------
    features : DataFrame of shape (n_cases, n_features)
        A missing value counts as the feature's median.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    scale : bool
        Whether a colour scale is drawn.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on. Features are named where there are at most 24.

    Raises
    ------
    DlrError
        If there is no feature or there are fewer than three cases.
    """
    if features.shape[1] < 1 or len(features) < 3:
        raise DlrError("correlations between features need three cases and one feature")
    correlation, order = _ordered(features)
    named = len(order) <= _MOST_NAMES
    ax = axes_or_new(ax, COLUMN + (0.9 if named else 0.0), COLUMN)
    image = ax.imshow(correlation, cmap=_SHADES, vmin=0, vmax=1, interpolation="nearest")
    names = [str(features.columns[place]) for place in order]
    if named:
        ax.set_yticks(range(len(names)), names, fontsize=5.8)
    else:
        ax.set_yticks([])
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.set_xlabel(f"{len(names)} feature{'s' * (len(names) != 1)}")
    if scale:
        bar = root_figure(ax).colorbar(image, ax=ax, shrink=0.7, pad=0.02)
        bar.set_label("|Spearman correlation|")
        bar.ax.tick_params(labelsize=6.5, length=2)
    return ax


@styled
def plot_correlation_clusters(
    features: pd.DataFrame, kept: Sequence[str], axes: tuple[Axes, Axes] | None = None
) -> Figure:
    """Draw the clusters of correlated features before and after redundancy removal.

    Parameters
    ----------
    features : DataFrame of shape (n_cases, n_features)
        Values before.
    kept : sequence of str
        Columns that were kept.
    axes : pair of matplotlib.axes.Axes, optional
        Where to draw before and after; a new figure when left out.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DlrError
        If a kept feature is not among the columns, or there is nothing to correlate.
    """
    absent = [name for name in kept if name not in features]
    if absent:
        raise DlrError(f"the kept feature '{absent[0]}' is not among the features before")
    if axes is None:
        figure = Figure(figsize=(PAGE, 3.2), layout="constrained")
        pair = figure.subplots(1, 2)
        axes = (pair[0], pair[1])
    for ax, part, title in zip(
        axes, (features, features[list(kept)]), ("Before", "After redundancy removal"), strict=True
    ):
        plot_correlation(part, ax, scale=ax is axes[1])
        ax.set_title(title)
        ax.set_yticks([])
    return root_figure(axes[0])


def _ordered(features: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the absolute correlations in the order of the clusters, and that order."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    from dlr.selection.spearman import absolute_spearman

    numbers = features.astype(float)
    filled = numbers.fillna(numbers.median()).fillna(0.0)
    correlation = absolute_spearman(filled.to_numpy())
    varying = np.flatnonzero(correlation.diagonal() > 0)
    order = varying
    if len(varying) > 1:
        inner = correlation[np.ix_(varying, varying)]
        distance = squareform(1 - (inner + inner.T) / 2, checks=False)
        order = varying[leaves_list(linkage(np.maximum(distance, 0), "average"))]
    constant = np.flatnonzero(correlation.diagonal() == 0)
    everything = np.concatenate([order, constant])
    return correlation[np.ix_(everything, everything)], everything
