"""The matrix of pairwise DeLong tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dlr.figures._style import INK, PAGE, axes_or_new, styled
from dlr.figures._text import p_cell

if TYPE_CHECKING:
    from dlr.stats import DelongMatrix

_STEPS = ((0.001, "#2C6FA6", "white"), (0.01, "#6FA8D2", INK), (0.05, "#BBD7EC", INK))
_NOT_SIGNIFICANT = ("#F3F3F3", INK)


@styled
def plot_delong_matrix(matrix: DelongMatrix, ax: Axes | None = None) -> Axes:
    """Draw the P value of every pair of AUCs; the AUCs themselves stand on the diagonal.

    Below the diagonal are the adjusted P values, above it the unadjusted ones. Blue means
    that the two AUCs differ (P < 0.05); the deeper, the smaller the P value.

    Parameters
    ----------
    matrix : DelongMatrix
        All pairwise tests on the same cases.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    names = list(matrix.names)
    size = min(max(0.48 * len(names) + 0.8, 2.6), PAGE)
    ax = axes_or_new(ax, size + 0.25, size * 0.8)
    for row, first in enumerate(names):
        for column, second in enumerate(names):
            if row == column:
                _cell(ax, row, column, f"{matrix.auc[first]:.2f}", "white", INK, bold=True)
                continue
            source = matrix.p_adjusted if row > column else matrix.p_value
            value = float(str(source.loc[first, second]))
            _cell(ax, row, column, p_cell(value), *_colours(value), bold=False)
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
    ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel(
        f"below the diagonal: {matrix.adjustment.capitalize()}-adjusted\nabove: unadjusted"
    )
    return ax


def _colours(value: float) -> tuple[str, str]:
    for limit, face, ink in _STEPS:
        if value < limit:
            return face, ink
    return _NOT_SIGNIFICANT


def _cell(ax: Axes, row: int, column: int, text: str, face: str, ink: str, *, bold: bool) -> None:
    ax.add_patch(
        Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=face, edgecolor="white", linewidth=1.5)
    )
    weight = "bold" if bold else "normal"
    ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=6.8, fontweight=weight)
