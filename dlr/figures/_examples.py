"""A contact sheet of ROI crops, for a look at what the networks saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from dlr.figures._roi import short_name
from dlr.figures._style import GREY, NEGATIVE, PAGE, POSITIVE, axes_or_new, styled

if TYPE_CHECKING:
    from dlr.results import Example


@styled
def plot_examples(examples: Sequence[Example], ax: Axes | None = None, *, columns: int = 6) -> Axes:
    """Draw ROI crops in a grid, framed in the colour of their outcome.

    Parameters
    ----------
    examples : sequence of Example
        Crops of shape (height, width) in [0, 1].
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    columns : int
        Crops per row.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    columns = min(columns, max(len(examples), 1))
    rows = max(-(-len(examples) // columns), 1)
    width = min(PAGE, 1.15 * columns)
    ax = axes_or_new(ax, width, width / columns * 1.22 * rows)
    for index, example in enumerate(examples):
        _tile(ax, example, index % columns, index // columns * 1.22)
    ax.set(xlim=(-0.02, columns), ylim=(rows * 1.22, -0.02), aspect="equal")
    ax.axis("off")
    return ax


def _tile(ax: Axes, example: Example, x: float, y: float) -> None:
    extent = (x, x + 0.95, y + 0.95, y)
    ax.imshow(example.crop, cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto")
    color = {0: NEGATIVE, 1: POSITIVE}.get(-1 if example.outcome is None else example.outcome, GREY)
    ax.plot(
        [x, x + 0.95, x + 0.95, x, x], [y, y, y + 0.95, y + 0.95, y], color=color, linewidth=1.4
    )
    sign = {0: ", \N{MINUS SIGN}", 1: ", +"}
    known = "" if example.outcome is None else sign[example.outcome]
    ax.text(
        x + 0.475, y + 0.99, f"{short_name(example.case_id)}\n{example.view}{known}", ha="center",
        va="top", fontsize=5.2, linespacing=1.1,
    )  # fmt: skip
