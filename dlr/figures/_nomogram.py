"""The nomogram: points above, variables below, total points and probability at the bottom."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._scales import Scale, draw_scale, scale_height, text_width
from dlr.figures._style import FAINT, PAGE, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    from dlr.models.nomogram import Axis, Case, Nomogram

_NAME = 7.2  # font size of the names of the axes, as draw_scale writes them
_WRAP = 26  # characters per line of a name
_GAP = 0.14  # inches between what two axes occupy
_RIGHT = 0.3  # inches for the half of the last label that stands beyond the axes


@styled
def plot_nomogram(
    nomogram: Nomogram,
    ax: Axes | None = None,
    *,
    case: Case | None = None,
    linear_predictor: bool = False,
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
        One patient, whose values, total and probability are marked.
    linear_predictor : bool
        Whether the log-odds get an axis too.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    results = [nomogram.total_axis, nomogram.probability_axis]
    if linear_predictor:
        results.insert(1, nomogram.log_odds_axis)
    total = nomogram.total_axis.ticks[-1]
    upper = [_scale(axis, 100.0) for axis in (nomogram.points_axis, *nomogram.axes)]
    scales = upper + [_scale(axis, total) for axis in results]
    left = 0.25 + max(_name_width(scale.name) for scale in scales)
    width = PAGE - left - _RIGHT
    heights = _heights(scales, len(upper), width)
    ax = axes_or_new(ax, PAGE, heights[-1])
    ax.set(xlim=(0, PAGE), ylim=(heights[-1], 0))
    ax.axis("off")
    if case is not None:
        _mark(ax, nomogram, case, heights, left, width)
    for position in np.linspace(0, 1, 11):
        x = left + position * width
        ax.plot([x, x], [heights[0], heights[len(upper) - 1]], color=FAINT, lw=0.4, zorder=0)
    for scale, height in zip(scales, heights[:-1], strict=True):
        draw_scale(ax, scale, height, left, width)
    return ax


def _scale(axis: Axis, end: float) -> Scale:
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
    name = textwrap.fill(axis.label, _WRAP)
    return Scale(name, list(shared), list(shared.values()), every=bool(axis.levels))


def _name_width(name: str) -> float:
    return max(text_width(line, _NAME) for line in name.splitlines())


def _heights(scales: list[Scale], n_upper: int, width: float) -> list[float]:
    """Return the height of every axis line, and last that of the whole drawing, in inches."""
    heights, y = [], 0.0
    for number, scale in enumerate(scales):
        above, below = scale_height(scale, width)
        half_name = 0.06 * (scale.name.count("\n") + 1)
        y += max(above, half_name) + (_GAP if number else 0.0) + (0.12 if number == n_upper else 0)
        heights.append(y)
        y += max(below, half_name)
    return [*heights, y + 0.05]


def _mark(
    ax: Axes, nomogram: Nomogram, case: Case, heights: list[float], left: float, width: float
) -> None:
    """Mark one patient: a dot on each variable's axis, one line through the result axes."""
    points = nomogram.points(case)
    for height, value in zip(heights[1:], points, strict=False):
        x = left + float(value) / 100.0 * width
        ax.plot([x, x], [heights[0], height], color=VERMILLION, lw=0.6, alpha=0.6, zorder=1)
        ax.plot(x, height, "o", color=VERMILLION, markersize=4, zorder=5, gid="case")
    total = float(points.sum())
    x = left + total / nomogram.total_axis.ticks[-1] * width
    ends = [heights[len(nomogram.axes) + 1], heights[-2]]
    ax.plot([x, x], ends, color=VERMILLION, lw=1.0, zorder=1)
    ax.plot([x, x], ends, "o", color=VERMILLION, markersize=4, zorder=5, gid="case")
    text = f"{total:.0f} points, probability {nomogram.probability(case):.2f}"
    ax.text(x, ends[0] - 0.09, text, color=VERMILLION, fontsize=6.3, ha="center", va="bottom")
