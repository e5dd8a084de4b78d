"""The cohort flowchart: who came in, who was left out and why."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.text import Text

from dlr.figures._style import BLUE, COLUMN, GREY, INK, PAGE, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    from dlr.results import FlowStep

_COMMON = ("", "all")
_ROW = 0.95  # inches between boxes


@styled
def plot_flowchart(flow: Sequence[FlowStep], ax: Axes | None = None) -> Axes:
    """Draw the flow of cases: one column of boxes per cohort, exclusions on the arrows.

    Steps whose cohort is empty or ``"all"`` come first and are drawn above all columns.

    Parameters
    ----------
    flow : sequence of FlowStep
        Steps in order; the exclusions of a step are those between the step before and it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    common = [step for step in flow if step.cohort in _COMMON]
    columns = _columns(flow)
    depth = len(common) + max((len(steps) for steps in columns.values()), default=0)
    width = COLUMN if len(columns) < 2 else PAGE
    ax = axes_or_new(ax, width, max(depth, 1) * _ROW)
    ax.set(xlim=(0, max(len(columns), 1)), ylim=(depth, 0))
    ax.axis("off")
    middle = max(len(columns), 1) / 2
    last: Text | None = None
    for row, step in enumerate(common):
        last = _step(ax, step, middle, row, last)
    for column, (cohort, steps) in enumerate(columns.items()):
        before = last
        for index, step in enumerate(steps):
            heading = cohort if index == 0 else ""
            before = _step(ax, step, column + 0.5, len(common) + index, before, heading)
    return ax


def _columns(flow: Sequence[FlowStep]) -> dict[str, list[FlowStep]]:
    columns: dict[str, list[FlowStep]] = {}
    for step in flow:
        if step.cohort not in _COMMON:
            columns.setdefault(step.cohort, []).append(step)
    return columns


def _step(
    ax: Axes, step: FlowStep, x: float, row: int, before: Text | None, heading: str = ""
) -> Text:
    """Draw one box, the arrow that leads to it and what was excluded on the way."""
    y = row + 0.62
    counted = f"{step.n_cases} case{'s' * (step.n_cases != 1)}"
    if step.n_subjects != step.n_cases:
        counted += f" ({step.n_subjects} subject{'s' * (step.n_subjects != 1)})"
    body = "\n".join([*textwrap.wrap(step.label, 34), counted])
    box = {"boxstyle": "round,pad=0.5", "facecolor": "#EEF4F9", "edgecolor": BLUE}
    drawn = ax.text(
        x, y, body, ha="center", va="center", fontsize=7, color=INK, bbox=box, linespacing=1.3,
        zorder=3,
    )  # fmt: skip
    if heading:
        plate = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        ax.text(
            x, row + 0.13, f"{heading[:1].upper()}{heading[1:]} cohort", ha="center", va="center",
            fontsize=7.5, fontweight="bold", color=INK, bbox=plate, zorder=3,
        )  # fmt: skip
    if before is None:
        return drawn
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 1}
    # Drawn after the boxes, whose borders are known by then: it goes from border to border.
    ends = {"patchA": before.get_bbox_patch(), "patchB": drawn.get_bbox_patch()}
    start = before.get_position()
    ax.annotate("", xy=(x, y), xytext=start, arrowprops={**arrow, **ends}, zorder=3.5)
    if step.excluded:
        reason = f"excluded: {step.excluded}"
        lines = textwrap.wrap(f"{reason} ({step.reason})" if step.reason else reason, 26)
        ax.text(
            x + 0.03, y - 0.5, "\n".join(lines), ha="left", va="center", fontsize=6.3,
            color=VERMILLION, linespacing=1.15, zorder=4,
        )  # fmt: skip
    return drawn
