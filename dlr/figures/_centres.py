"""The cases of each centre on two principal components, before and after harmonisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlr.figures._style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PAGE,
    PURPLE,
    SKY,
    VERMILLION,
    root_figure,
    styled,
)

if TYPE_CHECKING:
    from dlr.models.centre_scatter import CentreScatter

COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TITLES = {"before": "Before harmonisation", "after": "After ComBat"}


@styled
def plot_centre_scatter(scatter: CentreScatter, axes: tuple[Axes, Axes] | None = None) -> Figure:
    """Draw the centres before and after harmonisation, on the same two components.

    Parameters
    ----------
    scatter : CentreScatter
        From `dlr.models.centre_scatter.centre_scatter`.
    axes : pair of matplotlib.axes.Axes, optional
        Where to draw before and after; a new figure when left out.

    Returns
    -------
    matplotlib.figure.Figure
        Small marks are cases, large ones the centres' means; both panels share their limits.
    """
    if axes is None:
        figure = Figure(figsize=(PAGE, 2.9), layout="constrained")
        pair = figure.subplots(1, 2, sharex=True, sharey=True)
        axes = (pair[0], pair[1])
    table = scatter.table
    centres = sorted(table["centre"].unique())
    for ax, stage in zip(axes, TITLES, strict=True):
        part = table[table["stage"] == stage]
        for number, centre in enumerate(centres):
            _draw(ax, part[part["centre"] == centre], centre, number)
        share = f"{100 * scatter.between[stage]:.0f}"
        ax.set_title(f"{TITLES[stage]}\nvariance between centres: {share} %")
        ax.set_xlabel(f"Component 1 ({100 * scatter.explained[0]:.0f} %)")
        for side, name in (("x", "pc1"), ("y", "pc2")):
            low, high = table[name].min(), table[name].max()
            margin = 0.06 * (high - low)
            getattr(ax, f"set_{side}lim")(low - margin, high + margin)
    axes[0].set_ylabel(f"Component 2 ({100 * scatter.explained[1]:.0f} %)")
    axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="Centre")
    return root_figure(axes[0])


def _draw(ax: Axes, cases: pd.DataFrame, centre: str, number: int) -> None:
    color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
    # Rare centres lie on top.
    size = float(np.clip(400 / max(len(cases), 1), 4, 16))
    ax.scatter(
        cases["pc1"], cases["pc2"], s=size, color=color, marker=marker, alpha=0.55, linewidths=0,
        zorder=2 + 1 / max(len(cases), 1),
    )  # fmt: skip
    ax.scatter(
        cases["pc1"].mean(), cases["pc2"].mean(), s=36, color=color, marker=marker,
        edgecolors=INK, linewidths=0.8, zorder=4, label=f"{centre} (n = {len(cases)})",
    )  # fmt: skip
