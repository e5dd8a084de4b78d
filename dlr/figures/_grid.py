"""The model grid: every algorithm on every feature set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from dlr.figures._style import INK, PAGE, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    import pandas as pd

_SHADES = LinearSegmentedColormap.from_list("auc", ["#F7F7F7", "#BBD7EC", "#2C6FA6", "#123F66"])
_DARK = 0.55


@styled
def plot_auc_heatmap(
    auc: pd.DataFrame, ax: Axes | None = None, *, winner: str = "", top: int = 3
) -> Axes:
    """Draw the AUC of every algorithm (rows) on every feature set (columns).

    The best `top` of each column are set in bold, the row of the `winner` is framed. Shades run
    from 0.5, chance, to 1.

    Parameters
    ----------
    auc : pandas.DataFrame
        Values in [0, 1]; NaN where an algorithm was not run.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    winner : str
        Row to frame.
    top : int
        How many of each column are set in bold.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    width = min(1.6 + 0.62 * auc.shape[1], PAGE)
    ax = axes_or_new(ax, width, 0.75 + 0.24 * len(auc))
    values = auc.to_numpy(dtype=float)
    best = auc.rank(axis=0, ascending=False, method="min") <= top
    for row in range(auc.shape[0]):
        for column in range(auc.shape[1]):
            value = float(values[row, column])
            _cell(ax, row, column, value, bold=bool(best.iat[row, column]))
    if winner in auc.index:
        place = list(auc.index).index(winner)
        ax.add_patch(
            Rectangle(
                (-0.5, place - 0.5),
                auc.shape[1],
                1,
                fill=False,
                edgecolor=VERMILLION,
                linewidth=1.6,
                clip_on=False,
                zorder=4,
            )
        )
    ax.set(xlim=(-0.5, auc.shape[1] - 0.5), ylim=(len(auc) - 0.5, -0.5))
    ax.set_xticks(range(auc.shape[1]), list(auc.columns), rotation=35, ha="right")
    ax.set_yticks(range(len(auc)), [str(name) for name in auc.index])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _cell(ax: Axes, row: int, column: int, value: float, *, bold: bool) -> None:
    known = np.isfinite(value)
    share = min(max((value - 0.5) / 0.5, 0.0), 1.0) if known else 0.0
    ax.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5),
            1,
            1,
            facecolor=_SHADES(share) if known else "white",
            edgecolor="white",
            linewidth=1.2,
        )
    )
    ax.text(
        column,
        row,
        f"{value:.3f}" if known else "–",
        ha="center",
        va="center",
        fontsize=6.8,
        color="white" if share > _DARK else INK,
        fontweight="bold" if bold else "normal",
    )
