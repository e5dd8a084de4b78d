"""The nomogram: points above, variables below, total points and probability at the bottom."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._hills import HILL, draw_distributions
from dlr.figures._scales import LABEL, Scale, draw_scale, overhang, scale_height, text_width
from dlr.figures._style import FAINT, PAGE, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    import pandas as pd

    from dlr.models.nomogram import Axis, Case, Nomogram

_NAME = 7.2  # font size of the names of the axes, as draw_scale writes them
_WRAP = 26  # characters per line of a name; half of it on a narrow drawing
_NARROW = 5.0  # inches
_GAP = 0.14  # inches between what two axes occupy
_RIGHT = 0.3  # inches for the half of the last label that stands beyond the axes


@styled
def plot_nomogram(
    nomogram: Nomogram,
    ax: Axes | None = None,
    *,
    case: Case | None = None,
    linear_predictor: bool = False,
    distributions: pd.DataFrame | None = None,
    width: float = PAGE,
) -> Axes:
    """Draw a nomogram, to be read as those of ``rms``.

    The upper ruler belongs to the variables, the lower one to the results; both are as wide as
    the drawing. The coordinates of the Axes are inches, downwards.

    Parameters
    ----------
    nomogram : Nomogram
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as high as it needs to be, when left out.
    case : mapping or Series, optional
        One patient, whose values, total and probability are marked; an arrow head stands for a
        value beyond its axis.
    linear_predictor : bool
        Whether the log-odds get an axis too.
    distributions : DataFrame, optional
        Cases, with the variables of the nomogram, whose distribution is drawn on the axes (as
        ``regplot`` does): a hill over a number and over the total points, over every level a
        square whose area is its share. Rows with a missing value are left out.
    width : float
        Width of the drawing in inches; 3.4 for one column.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    results = [nomogram.total_axis, nomogram.probability_axis]
    if linear_predictor:
        results.insert(1, nomogram.log_odds_axis)
    total = nomogram.total_axis.ticks[-1]
    wrap = _WRAP if width > _NARROW else _WRAP // 2
    upper = [_scale(axis, 100.0, wrap) for axis in (nomogram.points_axis, *nomogram.axes)]
    scales = upper + [_scale(axis, total, wrap) for axis in results]
    frame = _place(scales, len(upper), width, 0.0 if distributions is None else HILL)
    heights = frame.heights
    ax = axes_or_new(ax, width, heights[-1])
    ax.set(xlim=(0, width), ylim=(heights[-1], 0))
    ax.axis("off")
    if distributions is not None:
        draw_distributions(ax, nomogram, distributions, heights, frame.left, frame.width)
    if case is not None:
        _mark(ax, nomogram, case, frame)
    for position in np.linspace(0, 1, 11):
        x = frame.left + position * frame.width
        ax.plot([x, x], [heights[0], heights[len(upper) - 1]], color=FAINT, lw=0.4, zorder=0)
    for scale, height in zip(scales, heights[:-1], strict=True):
        draw_scale(ax, scale, height, frame.left, frame.width, frame.gap)
    return ax


@dataclass(frozen=True)
class _Frame:
    """Where everything stands, in inches: the rulers' left end, width, the gap to the names."""

    left: float
    width: float
    gap: float
    hill: float  # height of the distributions
    heights: list[float]  # of every axis line, and last of the whole drawing


def _place(scales: list[Scale], n_upper: int, width: float, hill: float) -> _Frame:
    """Leave room for names on the left and for what labels reach beyond the rulers."""
    names = max(_name_width(scale.name) for scale in scales)
    guess = max(width - names - 0.6, 0.8)
    reach = [overhang(scale, guess) for scale in scales]
    # A name of one line ends above the labels; one of several stands beside them.
    beside = [left for (left, _), scale in zip(reach, scales) if "\n" in scale.name]
    gap = max([0.15, *(left + 0.12 for left in beside)])
    left = max(0.1 + names + gap, 0.02 + max(left for left, _ in reach))
    right = max([_RIGHT, *(end + 0.02 for _, end in reach)])
    ruler = max(width - left - right, 0.5)
    return _Frame(left, ruler, gap, hill, _heights(scales, n_upper, ruler, hill))


def _scale(axis: Axis, end: float, wrap: int) -> Scale:
    """Put an axis on the ruler from 0 to `end`; result ticks below zero points are left out."""
    inside = [
        (points / end, text)
        for points, text in zip(axis.points, axis.texts, strict=True)
        if -1e-9 <= points <= end * (1 + 1e-9)
    ]
    # Two ticks on one spot (a spline that turns, levels that coincide) share their label.
    shared: dict[float, str] = {}
    for position, text in inside:
        key = round(position, 9)
        shared[key] = f"{shared[key]}, {text}" if key in shared else text
    name = textwrap.fill(axis.label, wrap)
    return Scale(name, list(shared), list(shared.values()), every=bool(axis.levels))


def _name_width(name: str) -> float:
    return max(text_width(line, _NAME) for line in name.splitlines())


def _heights(scales: list[Scale], n_upper: int, width: float, hill: float) -> list[float]:
    """Return the height of every axis line, and last that of the whole drawing, in inches."""
    heights, y = [], 0.0
    for number, scale in enumerate(scales):
        above, below = scale_height(scale, width)
        half_name = 0.06 * (scale.name.count("\n") + 1)
        # Hills stand on the axes of numbers and on that of the total points.
        hilly = number == n_upper or (0 < number < n_upper and not scale.every)
        above = max(above, hill + 0.03) if hilly else above
        y += max(above, half_name) + (_GAP if number else 0.0) + (0.12 if number == n_upper else 0)
        heights.append(y)
        y += max(below, half_name)
    return [*heights, y + 0.05]


def _mark(ax: Axes, nomogram: Nomogram, case: Case, frame: _Frame) -> None:
    """Mark one patient: a dot on each variable's axis, one line through the result axes."""
    heights, points = frame.heights, nomogram.points(case)
    for height, value in zip(heights[1:], points, strict=False):
        x, marker = _spot(float(value) / 100.0, frame)
        ax.plot([x, x], [heights[0], height], color=VERMILLION, lw=0.6, alpha=0.6, zorder=1)
        _dot(ax, x, height, marker)
    total = float(points.sum())
    x, marker = _spot(total / nomogram.total_axis.ticks[-1], frame)
    ends = [heights[len(nomogram.axes) + 1], heights[-2]]
    ax.plot([x, x], ends, color=VERMILLION, lw=1.0, zorder=1)
    for height in ends:
        _dot(ax, x, height, marker)
    text = f"{total:.0f} points, probability {nomogram.probability(case):.2f}"
    half = text_width(text, LABEL) / 2
    x = min(max(x, frame.left + half), frame.left + frame.width + _RIGHT - half - 0.02)
    plate = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
    ax.text(
        x, ends[0] - max(0.09, frame.hill + 0.04), text, color=VERMILLION, fontsize=LABEL,
        ha="center", va="bottom", bbox=plate, zorder=6,
    )  # fmt: skip


def _spot(share: float, frame: _Frame) -> tuple[float, str]:
    """Return where a share of the ruler is, and the marker: an arrow head for one beyond it."""
    marker = "o" if 0 <= share <= 1 + 1e-9 else "<" if share < 0 else ">"
    return frame.left + min(max(share, 0.0), 1.0) * frame.width, marker


def _dot(ax: Axes, x: float, y: float, marker: str) -> None:
    ax.plot([x], [y], marker, color=VERMILLION, markersize=4, zorder=5, gid="case")
