"""Distributions of the cases on the axes of a nomogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from dlr.errors import DlrError
from dlr.figures._style import SKY

if TYPE_CHECKING:
    import pandas as pd

    from dlr.models.nomogram import Nomogram

HILL = 0.2
"""Height of a hill in inches."""
_SIDE = 0.11  # inches of the square of a level that all cases have; labels begin beyond it
_BINS = 60


def draw_distributions(
    ax: Axes,
    nomogram: Nomogram,
    cases: pd.DataFrame,
    heights: list[float],
    left: float,
    width: float,
) -> None:
    """Draw hills over numbers and over the total points, squares over levels.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        In inches, downwards.
    nomogram : Nomogram
        What is drawn.
    cases : DataFrame
        One row per case, with the variables.
    heights : list of float
        Of the points axis, the variables, the total points.
    left, width : float
        Where the rulers begin, and their width.

    Raises
    ------
    DlrError
        If a variable is absent or no case has all of them.
    """
    names = [term.variable for term in nomogram.terms]
    absent = [name for name in names if name not in cases]
    if absent:
        raise DlrError(f"the distributions need the variable '{absent[0]}', which the data lack")
    known = cases.dropna(subset=names)
    if known.empty:
        raise DlrError("no case has all variables of the nomogram, so there is no distribution")
    points = nomogram.points(known)
    for term, height in zip(nomogram.terms, heights[1:], strict=False):
        shares = points[term.variable].to_numpy(dtype=float) / 100.0
        draw = _squares if term.levels else _hill
        draw(ax, shares, height, left, width)
    total = points.sum(axis=1).to_numpy(dtype=float) / nomogram.total_axis.ticks[-1]
    _hill(ax, total, heights[len(names) + 1], left, width)


def _hill(ax: Axes, shares: NDArray[np.float64], y: float, left: float, width: float) -> None:
    """Draw a histogram smoothed by a Gaussian, on the part that the cases cover."""
    counts, edges = np.histogram(np.clip(shares, 0, 1), bins=_BINS, range=(0, 1))
    steps = np.arange(-4, 5)
    kernel = np.exp(-0.5 * (steps / 1.5) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="same")
    middle = left + (edges[1:] + edges[:-1]) / 2 * width
    ax.fill_between(
        middle, y - smooth / smooth.max() * HILL, y, where=smooth > 0, color=SKY, alpha=0.5,
        linewidth=0, zorder=0.5, gid="distribution",
    )  # fmt: skip


def _squares(ax: Axes, shares: NDArray[np.float64], y: float, left: float, width: float) -> None:
    spots, counts = np.unique(shares.round(9), return_counts=True)
    for spot, count in zip(spots, counts, strict=True):
        side = _SIDE * float(np.sqrt(count / len(shares)))
        corner = (left + float(spot) * width - side / 2, y - side / 2)
        ax.add_patch(
            Rectangle(
                corner, side, side, facecolor=SKY, linewidth=0, zorder=1.5, gid="distribution"
            )
        )
