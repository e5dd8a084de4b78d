"""Sampling grids of the simulated scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlr.cohort.simulation.shapes import Array


@dataclass(frozen=True)
class Grid:
    """Number of slices, rows and columns, and their distances in mm.

    Parameters
    ----------
    slices, rows, columns : int
        Size of the volume, in the order of its array axes.
    pixel_mm : float
        Distance of rows and of columns.
    slice_mm : float
        Distance of slices (thickness and gap).
    """

    slices: int
    rows: int
    columns: int
    pixel_mm: float
    slice_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Size of the array (slices, rows, columns)."""
        return (self.slices, self.rows, self.columns)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distances in mm in the order columns, rows, slices, as images store them."""
        return (self.pixel_mm, self.pixel_mm, self.slice_mm)

    def axes(self) -> tuple[Array, Array, Array]:
        """Return slice, row and column coordinates in mm from the grid's centre.

        They have shapes (slices, 1, 1), (1, rows, 1) and (1, 1, columns).
        """
        steps = (self.slice_mm, self.pixel_mm, self.pixel_mm)
        vectors = [
            (np.arange(size, dtype=np.float32) - (size - 1) / 2) * step
            for size, step in zip(self.shape, steps)
        ]
        return (vectors[0][:, None, None], vectors[1][None, :, None], vectors[2][None, None, :])

    def in_voxels(self, millimetres: float) -> tuple[float, float, float]:
        """Return a length as voxels along (slices, rows, columns), for smoothing."""
        return (
            millimetres / self.slice_mm,
            millimetres / self.pixel_mm,
            millimetres / self.pixel_mm,
        )


SAGITTAL = Grid(slices=11, rows=128, columns=96, pixel_mm=1.25, slice_mm=4.4)
AXIAL = Grid(slices=7, rows=96, columns=96, pixel_mm=1.25, slice_mm=4.4)
TINY_SAGITTAL = Grid(slices=5, rows=32, columns=32, pixel_mm=2.0, slice_mm=8.0)
TINY_AXIAL = Grid(slices=5, rows=32, columns=32, pixel_mm=2.4, slice_mm=4.4)
TINY_THREE_DISCS = Grid(slices=5, rows=48, columns=32, pixel_mm=2.4, slice_mm=8.0)
