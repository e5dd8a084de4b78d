"""How many features survive perturbation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import BLUE, GREY, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    import pandas as pd


@styled
def plot_icc_histogram(icc: pd.Series, ax: Axes | None = None, *, threshold: float = 0.75) -> Axes:
    """Draw a histogram of the features' ICC; those above the threshold are blue.

    Parameters
    ----------
    icc : pandas.Series
        One value per feature; values below 0 are drawn at 0, missing ones are counted below.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    threshold : float
        Features need an ICC above it.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, 3.6, 2.6)
    known = icc.dropna().clip(lower=0.0).to_numpy()
    edges = np.linspace(0, 1, 41)
    counts, _ = np.histogram(known, edges)
    colors = [BLUE if left >= threshold - 1e-9 else GREY for left in edges[:-1]]
    ax.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=colors, linewidth=0)
    ax.axvline(threshold, color=VERMILLION, linewidth=1.0, linestyle=(0, (4, 1.5)))
    kept = int((icc > threshold).sum())
    missing = int(icc.isna().sum())
    tail = f"; {missing} without ICC" if missing else ""
    ax.set_xlabel(f"ICC over perturbed regions: {kept} of {len(icc)} above {threshold:g}{tail}")
    ax.set_ylabel("Features")
    ax.set_xlim(0, 1)
    return ax
