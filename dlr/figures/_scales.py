"""Ruled axes for nomograms: ticks along a line, labels that never run into each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from dlr.figures._style import GREY, INK

LABEL = 6.3
"""Font size of tick labels in points."""
_GAP = 0.045  # inches between neighbouring labels
_LINE = 0.105  # inches per line of labels


@dataclass(frozen=True)
class Scale:
    """One ruled axis.

    Parameters
    ----------
    name : str
        Written to the left of it.
    positions : sequence of float
        Where the ticks are, as a share of the full width (0 left, 1 right).
    texts : sequence of str
        Label of each tick; an empty one leaves the tick without.
    every : bool
        Whether every label must be shown (levels of a categorical variable); otherwise labels
        that would run into their neighbours are left out.
    """

    name: str
    positions: Sequence[float]
    texts: Sequence[str]
    every: bool = False


@dataclass(frozen=True)
class Placed:
    """One label with its line: 0 is nearest the axis; negative lines are below it."""

    position: float
    text: str
    line: int


def place_labels(scale: Scale, width: float, size: float = LABEL) -> list[Placed]:
    """Decide which labels are shown and on which line.

    Labels of numbers that would collide are dropped, the first and the last kept. Labels that
    must all be shown alternate below and above the axis, as rms prints them, and move to
    further lines until they fit.

    Parameters
    ----------
    scale : Scale
        What to label.
    width : float
        Width of the axis in inches.
    size : float
        Font size in points.

    Returns
    -------
    list of Placed
        The labels shown.
    """
    items = sorted(zip(scale.positions, scale.texts, strict=True))
    items = [(position, text) for position, text in items if text]
    if not scale.every:
        return [Placed(position, text, 0) for position, text in _thinned(items, width, size)]
    # Line 0 hangs below the axis, line -1 stands above it, then further away on both sides.
    ends: dict[int, float] = {}
    placed = []
    for position, text in items:
        half = text_width(text, size) / 2
        for line in _lines():
            if position * width - half >= ends.get(line, -9.0) + _GAP:
                break
        ends[line] = position * width + half
        placed.append(Placed(position, text, line))
    return placed


def _lines() -> Iterator[int]:
    """Yield 0, -1, 1, -2, 2, ... without end, so that every label finds room."""
    yield 0
    for distance in count(1):
        yield -distance
        yield distance


def overhang(scale: Scale, width: float) -> tuple[float, float]:
    """Return how far labels reach beyond positions 0 and 1, in inches; at least 0."""
    left = right = 0.0
    for label in place_labels(scale, width):
        half = text_width(label.text, LABEL) / 2
        left = max(left, half - label.position * width)
        right = max(right, half - (1 - label.position) * width)
    return left, right


def _thinned(items: list[tuple[float, str]], width: float, size: float) -> list[tuple[float, str]]:
    """Keep the first and last label and, from the left, all that fit between."""
    if len(items) < 3:
        return items
    last = items[-1]
    limit = last[0] * width - text_width(last[1], size) / 2 - _GAP
    kept: list[tuple[float, str]] = []
    end = -9.0
    for position, text in items[:-1]:
        half = text_width(text, size) / 2
        centre = position * width
        if centre - half >= end and (centre + half <= limit or not kept):
            kept.append((position, text))
            end = centre + half + _GAP
    return [*kept, last]


@cache
def text_width(text: str, size: float) -> float:
    """Return the width of a text in inches."""
    path = TextPath((0, 0), text, size=size, prop=FontProperties(family="DejaVu Sans"))
    return float(path.get_extents().width) / 72


def scale_height(scale: Scale, width: float) -> tuple[float, float]:
    """Return the room a scale needs above and below its line, in inches."""
    lines = [label.line for label in place_labels(scale, width)]
    above = max([-line for line in lines if line < 0], default=0)
    below = 1 + max([line for line in lines if line >= 0], default=-1)
    return 0.07 + above * _LINE, 0.07 + below * _LINE


def draw_scale(
    ax: Axes, scale: Scale, y: float, left: float, width: float, gap: float = 0.15
) -> None:
    """Draw a scale on an Axes whose data coordinates are inches, y downwards.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    scale : Scale
        What to draw.
    y : float
        Height of the line.
    left, width : float
        Where position 0 is, and how far it is from there to position 1.
    gap : float
        Distance of the name from position 0.
    """
    ax.text(left - gap, y, scale.name, ha="right", va="center", fontsize=7.2, color=INK)
    spots = [left + position * width for position in scale.positions]
    if spots:
        ax.plot([min(spots), max(spots)], [y, y], color=INK, linewidth=0.8)
    labels = place_labels(scale, width)
    shown = {label.position: label for label in labels}
    for position, x in zip(scale.positions, spots, strict=True):
        label = shown.get(position)
        up = label is not None and label.line < 0
        length = 0.05 if label is not None else 0.028
        ax.plot([x, x], [y, y - length if up else y + length], color=INK, linewidth=0.6)
    for label in labels:
        _label(ax, label, left + label.position * width, y)


def _label(ax: Axes, label: Placed, x: float, y: float) -> None:
    distance = (label.line if label.line >= 0 else -label.line - 1) * _LINE
    side = 1 if label.line >= 0 else -1
    if distance:
        ends = [y + side * 0.05, y + side * (0.05 + distance)]
        ax.plot([x, x], ends, color=GREY, linewidth=0.35)
    ax.text(
        x, y + side * (0.06 + distance), label.text, ha="center", fontsize=LABEL, color=INK,
        va="top" if side > 0 else "bottom",
    )  # fmt: skip
