"""The forest plot of an ablation: what each change costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import BLUE, GREY, INK, VERMILLION, axes_or_new, styled
from dlr.figures._text import signed

if TYPE_CHECKING:
    from dlr.results import Ablation


@styled
def plot_ablation(ablation: Ablation, ax: Axes | None = None, *, score: str = "") -> Axes:
    """Draw the difference of each variant's AUC to the full model's, with its interval.

    Left of the dotted line: worse than the full model. Intervals that leave out 0 are orange.

    Parameters
    ----------
    ablation : Ablation
        The variants and their paired comparisons.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    score : str
        Which score: the fused one or the nomogram; the first one when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    table = ablation.table
    chosen = score or str(table["score"].iloc[0])
    rows = table[(table["score"] == chosen) & (table["variant"] != ablation.reference)]
    ax = axes_or_new(ax, 6.2, 0.8 + 0.19 * max(len(rows), 1))
    groups = list(rows["group"])
    for y, row in enumerate(rows.itertuples()):
        low, high = float(str(row.difference_low)), float(str(row.difference_high))
        clear = low > 0 or high < 0
        color = VERMILLION if clear else BLUE
        if np.isfinite(low):
            ax.plot([low, high], [y, y], color=color, linewidth=1.1)
        ax.plot(float(str(row.difference)), y, "o", color=color, markersize=4)
        text = f"{signed(float(str(row.difference)), 3)} ({signed(low, 3)} to {signed(high, 3)})"
        ax.annotate(
            text, (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize=6.3,
            color=INK,
        )  # fmt: skip
        if y and groups[y] != groups[y - 1]:
            ax.axhline(y - 0.5, color="#D0D0D0", linewidth=0.7, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    ax.set_yticks(range(len(rows)), list(rows["variant"]))
    ax.set_ylim(max(len(rows), 1) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"Difference in AUC of {chosen} to the full model (95% CI, paired DeLong)")
    return ax
