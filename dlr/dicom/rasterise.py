"""From contours to voxels: which pixel centres a set of closed contours encloses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Contour:
    """A closed contour in one slice.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        Column and row of each corner, in pixels; pixel centres have whole numbers.
    exclusive : bool
        Whether the file itself says that overlaps are holes (CLOSEDPLANAR_XOR).
    """

    points: Points
    exclusive: bool = False


def fill_polygon(points: Points, rows: int, columns: int) -> Mask:
    """Mark the pixels whose centres lie inside a polygon (even-odd rule).

    A centre exactly on the outline belongs to the polygon at its right (or lower) side, so that
    of two polygons that share an edge each pixel belongs to one. A polygon that touches itself,
    the "keyhole" drawn to cut out a hole, is filled as meant.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Column and row of each corner; the last is joined to the first.
    rows, columns : int
        Size of the slice. What lies beyond is cut off.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
    """
    crossed = np.zeros((rows, columns + 1), dtype=np.bool_)
    start, end = points, np.roll(points, -1, axis=0)
    # The rows whose centre line an edge crosses: lower end included, upper end not.
    first = np.ceil(np.minimum(start[:, 1], end[:, 1]))
    last = np.ceil(np.maximum(start[:, 1], end[:, 1]))
    first, last = (np.clip(limit, 0, rows).astype(int) for limit in (first, last))
    counts = last - first
    edge = np.repeat(np.arange(len(points)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    run = end[edge] - start[edge]
    where = start[edge, 0] + (row - start[edge, 1]) * run[:, 0] / run[:, 1]
    column = np.clip(np.ceil(where), 0, columns).astype(int)
    # Every edge turns over all pixels to its right; those turned an odd number of times are in.
    np.logical_xor.at(crossed, (row, column), True)
    return np.logical_xor.accumulate(crossed, axis=1)[:, :columns]


def fill_contours(contours: Sequence[Contour], rows: int, columns: int) -> Mask:
    """Mark the pixels that all contours of an ROI enclose in one slice.

    A contour inside another is a hole, one inside the hole an island, and so on (which is what
    XOR gives). Contours that only overlap in part are parts of one ROI and are joined, where XOR
    would cut out the overlap; those marked CLOSEDPLANAR_XOR are combined by XOR as they say.
    A contour stored twice counts once.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
    """
    filled = np.zeros((rows, columns), dtype=np.bool_)
    for contour in sorted(_distinct(contours), key=lambda each: -_area(each.points)):
        inside = fill_polygon(contour.points, rows, columns)
        nested = not bool(np.any(inside & ~filled))
        filled = filled ^ inside if contour.exclusive or nested else filled | inside
    return filled


def _distinct(contours: Sequence[Contour]) -> list[Contour]:
    seen: dict[bytes, Contour] = {}
    for contour in contours:
        # The same outline may start at another corner.
        rounded = np.round(contour.points, 4) + 0.0
        seen.setdefault(np.unique(rounded, axis=0).tobytes(), contour)
    return list(seen.values())


def _area(points: Points) -> float:
    """Return the area of a polygon (shoelace formula)."""
    x, y = points.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
