"""Pictures of regions of interest: on the slice, their local entropy, contact sheets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._entropy import local_entropy
from dlr.figures._style import (
    FAINT,
    INK,
    ORANGE,
    PAGE,
    VERMILLION,
    axes_or_new,
    root_figure,
    styled,
)

if TYPE_CHECKING:
    from dlr.roi_pictures import Polygon, RoiPicture

_OUTLINE = ORANGE
_ROW = 1.26  # height of a tile with its caption, in widths of a tile
_SIDE = 0.95


@styled
def plot_roi(picture: RoiPicture, ax: Axes | None = None, *, title: str = "") -> Axes:
    """Draw the region of interest on its slice.

    Parameters
    ----------
    picture : RoiPicture
        From :func:`dlr.roi_pictures.roi_pictures`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    title : str
        Written above.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, 2.6, 2.6)
    ax.imshow(picture.crop, cmap="gray", vmin=0, vmax=255, extent=_extent(picture))
    _outline(ax, picture.outline)
    return _bare(ax, picture, title)


@styled
def plot_local_entropy(
    picture: RoiPicture, ax: Axes | None = None, *, radius: int = 5, title: str = ""
) -> Axes:
    """Draw the local entropy of a slice with the outline of its region of interest.

    Parameters
    ----------
    picture : RoiPicture
        From :func:`dlr.roi_pictures.roi_pictures`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    radius : int
        Radius of the neighbourhood in pixels; see :func:`dlr.figures.local_entropy`.
    title : str
        Written above.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on; bright is varied, dark uniform.
    """
    ax = axes_or_new(ax, 3.2, 2.6)
    entropy = local_entropy(picture.crop, radius)
    # A few uniform spots must not use up the colours.
    low, high = (float(value) for value in np.percentile(entropy, [2, 98]))
    image = ax.imshow(
        entropy, cmap="cividis", vmin=low, vmax=max(high, low + 1e-6), extent=_extent(picture)
    )
    bar = root_figure(ax).colorbar(image, ax=ax, shrink=0.8, pad=0.02, extend="both")
    bar.set_label("Local entropy (bits)")
    bar.ax.tick_params(labelsize=6.5, length=2)
    _outline(ax, picture.outline, color="white")
    return _bare(ax, picture, title)


@styled
def plot_roi_sheet(
    pictures: Mapping[str, Sequence[RoiPicture]],
    ax: Axes | None = None,
    *,
    columns: int = 6,
    flagged: Collection[str] = (),
) -> Axes:
    """Draw a contact sheet of regions of interest with their outlines, for quality control.

    Parameters
    ----------
    pictures : mapping of str to sequence of RoiPicture
        By case, as :func:`dlr.roi_pictures.roi_pictures` returns them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    columns : int
        Pictures per row.
    flagged : collection of str
        Cases framed in orange, such as those to be looked at again.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on. A picture without outline says so.
    """
    tiles = [(case, picture) for case, group in pictures.items() for picture in group]
    columns = min(columns, max(len(tiles), 1))
    rows = max(-(-len(tiles) // columns), 1)
    width = min(PAGE, 1.15 * columns)
    ax = axes_or_new(ax, width, width / columns * _ROW * rows)
    for index, (case, picture) in enumerate(tiles):
        place = (index % columns, index // columns * _ROW)
        _tile(ax, case, picture, place, flagged=case in flagged)
    if not tiles:
        ax.text(0.5, 0.5, "no pictures", ha="center", va="center")
    ax.set(xlim=(-0.02, columns), ylim=(rows * _ROW, -0.02), aspect="equal")
    ax.axis("off")
    return ax


def _tile(
    ax: Axes, case: str, picture: RoiPicture, place: tuple[float, float], *, flagged: bool
) -> None:
    x, y = place
    rows, columns = picture.crop.shape
    scale = _SIDE / max(rows, columns)
    extent = (x, x + columns * scale, y + rows * scale, y)
    ax.imshow(picture.crop, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
    _outline(ax, picture.outline, scale, place, linewidth=0.8)
    color, linewidth = (VERMILLION, 1.8) if flagged else (FAINT, 0.6)
    ax.plot(
        [x, x + _SIDE, x + _SIDE, x, x], [y, y, y + _SIDE, y + _SIDE, y], color=color,
        linewidth=linewidth,
    )  # fmt: skip
    note = "" if picture.outline else ", no outline"
    ax.text(
        x + _SIDE / 2, y + 0.99, f"{short_name(case)}\n{picture.view}{note}", ha="center",
        va="top", fontsize=5.2, linespacing=1.1, color=INK,
    )  # fmt: skip


def short_name(name: str, most: int = 20) -> str:
    """Return a name that fits below a tile."""
    return name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _extent(picture: RoiPicture) -> tuple[float, float, float, float]:
    """Return the picture's own coordinates: (0, 0) is its upper left corner."""
    rows, columns = picture.crop.shape
    return (0.0, float(columns), float(rows), 0.0)


def _outline(
    ax: Axes,
    outline: Sequence[Polygon],
    scale: float = 1.0,
    place: tuple[float, float] = (0.0, 0.0),
    *,
    color: str = _OUTLINE,
    linewidth: float = 1.1,
) -> None:
    for polygon in outline:
        points = np.asarray(polygon, dtype=float) * scale + np.asarray(place)
        closed = np.vstack([points, points[:1]])
        ax.plot(closed[:, 0], closed[:, 1], color=color, linewidth=linewidth, gid="outline")


def _bare(ax: Axes, picture: RoiPicture, title: str) -> Axes:
    rows, columns = picture.crop.shape
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    ax.axis("off")
    if title:
        ax.set_title(title)
    return ax
