"""Grey levels: intensities of the region put into bins, as PyRadiomics does it.

Fixed width ``w``: bins of width `w` aligned to 0, ``floor(x / w) - floor(min / w) + 1``.
Fixed count: equal bins between minimum and maximum, the maximum falling into the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.options import ExtractionSettings

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


MOST_LEVELS = 5000
"""More occupied grey levels than this mean a bin width that does not fit the intensities."""


MOST_BINS = 10_000_000


class UndefinedLevels(Exception):
    """The intensities of one image cannot be put into bins; the message says why."""


@dataclass(frozen=True)
class GreyLevels:
    """The discretised region.

    Attributes
    ----------
    volume : ndarray of int32, shape (z + 2 pad, y + 2 pad, x + 2 pad)
        0 outside the region, else 1 + index into `levels`.
    places : ndarray of int, shape (n_voxels,)
        Where the voxels of the region lie in the flattened `volume`, ascending.
    pad : int
        Width of the empty border, so that no neighbour lies outside the array.
    levels : ndarray of float
        The grey levels that occur, ascending; the first is 1.
    counts : ndarray of int
        Voxels of each level.
    """

    volume: npt.NDArray[np.int32]
    places: Integers
    pad: int
    levels: Floats
    counts: Integers

    @property
    def highest(self) -> int:
        """The highest grey level (PyRadiomics' ``Ng``)."""
        return int(self.levels[-1])


def bin_edges(values: npt.NDArray[Any], settings: ExtractionSettings) -> Floats:
    """Return the lower edges of all bins, and the upper edge of the last.

    The arithmetic is done in the type of `values` for floats (a 32-bit image has 32-bit edges in
    PyRadiomics) and in 64 bits for integers, which cannot overflow.

    Raises
    ------
    UndefinedLevels
        If an intensity is not finite, or bins would be narrower than rounding.
    """
    if not np.isfinite(values).all():
        raise UndefinedLevels("some intensities in the region are not finite numbers")
    if settings.binCount is not None:
        try:
            edges = np.histogram_bin_edges(values, settings.binCount).astype(np.float64)
        except ValueError:
            raise UndefinedLevels(
                f"the intensities in the region are too close together for {settings.binCount} "
                "bins (binCount)"
            ) from None
        edges[-1] += 1
        return edges
    width = float(settings.binWidth)
    lowest, highest = values.min(), values.max()
    if np.issubdtype(values.dtype, np.integer):
        lowest, highest = int(lowest), int(highest)
    if (float(highest) - float(lowest)) / width > MOST_BINS:
        raise UndefinedLevels(
            f"intensities from {lowest:g} to {highest:g} give too many bins of width {width:g}; "
            "choose a larger binWidth"
        )
    first = _ibsi_start(float(lowest), settings) if settings.ibsi else lowest - (lowest % width)
    edges = np.arange(first, highest + 2 * width, width)
    if len(edges) == 1:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    return edges.astype(np.float64)


def _ibsi_start(lowest: float, settings: ExtractionSettings) -> float:
    """Return where IBSI starts bins of fixed width: the range's lower bound, or the minimum."""
    if settings.resegmentRange is not None and settings.resegmentMode == "absolute":
        return float(min(settings.resegmentRange))
    return lowest


def discretise(
    values: npt.NDArray[Any], mask: npt.NDArray[np.bool_], pad: int, settings: ExtractionSettings
) -> GreyLevels:
    """Put the intensities of a region into bins.

    Parameters
    ----------
    values : ndarray, shape (n_voxels,)
        Intensities inside `mask`, in C order and in the type of the image.
    mask : ndarray of bool, shape (z, y, x)
        The region in its bounding box.
    pad : int
        Width of the empty border of the result.
    settings : ExtractionSettings
        ``binWidth`` or ``binCount``.

    Raises
    ------
    UndefinedLevels
        If the intensities cannot be put into a sensible number of bins.
    """
    bins = _digitise(values.astype(np.float64), bin_edges(values, settings))
    counts = np.bincount(bins)
    levels = np.flatnonzero(counts)
    if len(levels) > MOST_LEVELS:
        raise UndefinedLevels(
            f"the region has {len(levels)} grey levels; choose a larger binWidth, so that it has "
            "16 to 128"
        )
    index = np.zeros(len(counts), np.int32)
    index[levels] = np.arange(1, len(levels) + 1)
    volume, places = _fill(mask, index[bins], pad)
    return GreyLevels(
        volume, places, pad, levels.astype(np.float64), counts[levels].astype(np.int64)
    )


@compiled
def _digitise(values: Floats, edges: Floats) -> Integers:
    """Return ``numpy.digitize(values, edges)`` for evenly spaced edges."""
    last = len(edges) - 1
    scale = last / (edges[last] - edges[0]) if edges[last] > edges[0] else 0.0
    bins = np.empty(len(values), np.int64)
    for i in range(len(values)):
        value = values[i]
        k = min(max(int((value - edges[0]) * scale), 0), last)
        while k < last and value >= edges[k + 1]:  # rounding may be one bin off either way
            k += 1
        while k > 0 and value < edges[k]:
            k -= 1
        bins[i] = k + 1
    return bins


@compiled
def _fill(
    mask: npt.NDArray[np.bool_], index: npt.NDArray[np.int32], pad: int
) -> tuple[npt.NDArray[np.int32], Integers]:
    """Return the grey levels in an array with an empty border, and the places of the region."""
    depth, height, width = mask.shape
    volume = np.zeros((depth + 2 * pad, height + 2 * pad, width + 2 * pad), np.int32)
    places = np.empty(len(index), np.int64)
    i = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if mask[z, y, x]:
                    volume[z + pad, y + pad, x + pad] = index[i]
                    places[i] = ((z + pad) * volume.shape[1] + y + pad) * volume.shape[2] + x + pad
                    i += 1
    return volume, places
