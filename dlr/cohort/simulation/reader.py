"""How readers draw a region: close to the truth, each with errors of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, shift

from dlr.cohort.simulation.grid import Grid
from dlr.cohort.simulation.shapes import smooth_noise

FIRST_READER = "reader1"
SECOND_READER = "reader2"


@dataclass(frozen=True)
class Reader:
    """A reader's habits.

    Parameters
    ----------
    wobble_mm : float
        SD of the contour's distance from the truth along its course.
    offset_mm : float
        Mean distance: positive for a reader who draws generously.
    jitter_mm : float
        SD of a shift of the whole region within the slice.
    """

    wobble_mm: float
    offset_mm: float
    jitter_mm: float


READERS = {
    FIRST_READER: Reader(wobble_mm=0.25, offset_mm=0.0, jitter_mm=0.1),
    SECOND_READER: Reader(wobble_mm=0.45, offset_mm=0.2, jitter_mm=0.3),
}


def contour(region: np.ndarray, grid: Grid, reader: Reader, rng: np.random.Generator) -> np.ndarray:
    """Draw a region as a reader would, slice by slice.

    Parameters
    ----------
    region : ndarray of bool, shape (slices, rows, columns)
        The true region.
    grid : Grid
        Its sampling.
    reader : Reader
        Who draws.
    rng : Generator
        Source of the reader's errors.

    Returns
    -------
    ndarray of bool, of the same shape
        The region drawn; it has the true region's slices.
    """
    wobble = smooth_noise(grid.shape, grid.in_voxels(4.0), rng) * reader.wobble_mm
    jitter = rng.normal(0, reader.jitter_mm / grid.pixel_mm, 2)
    drawn = np.zeros_like(region)
    for index in np.flatnonzero(region.any(axis=(1, 2))):
        distance = _signed_distance(region[index], grid.pixel_mm)
        distance = shift(distance, jitter, order=1, mode="nearest")
        drawn[index] = distance + reader.offset_mm + wobble[index] > 0
    return drawn


def _signed_distance(region: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Distance in mm to the border of a region in a slice, positive inside."""
    inside = distance_transform_edt(region, sampling=pixel_mm)
    outside = distance_transform_edt(~region, sampling=pixel_mm)
    # Both transforms count from voxel centres; the border lies half a voxel before them.
    half = np.where(region, -0.5, 0.5) * pixel_mm
    return np.asarray(inside - outside + half)
