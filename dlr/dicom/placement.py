"""Whether frames of a mask lie on the voxels of a volume, and on which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.dicom.frames import Frame
from dlr.dicom.stack import EVEN_TOLERANCE, SAME_PLACE_MM, orientation_axes
from dlr.errors import CaseError

OFF_GRID = 0.1
"""How far, in voxels, a frame may lie from the voxels it is put on."""

STEP_TOLERANCE = 0.1
"""How much the distance between a mask's slices may differ from the volume's, as a share of it."""

_MOST_SLICES = 10_000  # of a grid made of positions alone, which a damaged header may invent

_Vector = NDArray[np.float64]


def index_matrix(grid: sitk.Image) -> _Vector:
    """Return the (3, 3) matrix that takes a distance in mm to one in voxels (x, y, z)."""
    direction = np.reshape(grid.GetDirection(), (3, 3))
    inverse: _Vector = np.linalg.inv(direction * np.array(grid.GetSpacing()))
    return inverse


@dataclass(frozen=True)
class Placement:
    """How frames of one orientation and pixel spacing lie on a grid.

    Attributes
    ----------
    column_axis, row_axis : int
        Axis of the grid (x, y, z) along which columns and rows of a frame advance.
    column_sign, row_sign : int
        1 where they advance with the grid, -1 where they go against it.
    """

    grid: sitk.Image
    column_axis: int
    row_axis: int
    column_sign: int
    row_sign: int

    @classmethod
    def find(cls, frame: Frame, grid: sitk.Image, named: str) -> Placement | None:
        """Return the placement of frames like `frame`, None where they need resampling."""
        axes = orientation_axes(frame, named)
        row_spacing, column_spacing = frame.spacing or (1.0, 1.0)
        matrix = index_matrix(grid)
        columns = matrix @ axes[:, 0] * column_spacing
        rows = matrix @ axes[:, 1] * row_spacing
        column_axis, row_axis = int(np.abs(columns).argmax()), int(np.abs(rows).argmax())
        column_sign, row_sign = (
            int(np.sign(step[axis])) for step, axis in ((columns, column_axis), (rows, row_axis))
        )
        drift = [
            np.abs(columns - column_sign * np.eye(3)[column_axis]) * (frame.columns - 1),
            np.abs(rows - row_sign * np.eye(3)[row_axis]) * (frame.rows - 1),
        ]
        if column_axis == row_axis or np.max(drift) > OFF_GRID:
            return None
        return cls(grid, column_axis, row_axis, column_sign, row_sign)

    def holds(self, frame: Frame) -> bool:
        """Tell whether a frame lies on voxels of the grid, and all of it."""
        offset = index_matrix(self.grid) @ self._offset(frame)
        if np.abs(offset - np.rint(offset)).max() > OFF_GRID:
            return False
        parts = [
            (part, part + 1) if isinstance(part, int) else (part.start, part.stop)
            for part in self.slice_of(frame)[::-1]
        ]
        size = self.grid.GetSize()
        return all(a >= 0 and b <= extent for (a, b), extent in zip(parts, size, strict=True))

    def same_step(self, frames: Sequence[Frame], drawn_here: bool) -> bool:
        """Tell whether frames are slices of the grid, and not thicker ones that lie on some.

        A mask drawn on slices of 5 mm fits onto every fifth slice of a series of 1 mm, where it
        would be stripes.

        Parameters
        ----------
        frames : sequence of Frame
            All frames; each lies on a slice (`holds`).
        drawn_here : bool
            Whether the mask names this volume as the one it was drawn on. It decides where one
            slice alone states its thickness only, which gaps and overlaps make differ from the
            distance between slices.
        """
        axis = 3 - self.column_axis - self.row_axis
        if self.grid.GetSize()[axis] == 1:
            return True
        step = self.grid.GetSpacing()[axis]
        places = np.unique(
            [np.rint(index_matrix(self.grid) @ self._offset(frame))[axis] for frame in frames]
        )
        if len(places) > 1 and np.diff(places).min() == 1:
            return True  # neighbours lie on neighbouring slices
        stated = frames[0].step or frames[0].thickness
        if stated is not None and abs(stated / step - 1) <= STEP_TOLERANCE:
            return True  # slices between them hold no ROI
        return len(places) == 1 and frames[0].step is None and (stated is None or drawn_here)

    def _offset(self, frame: Frame) -> _Vector:
        return np.subtract(frame.position or (0.0,) * 3, self.grid.GetOrigin())

    def slice_of(self, frame: Frame) -> tuple[slice | int, ...]:
        """Return the (z, y, x) part of the grid that a frame covers."""
        whole = np.rint(index_matrix(self.grid) @ self._offset(frame))
        parts: list[slice | int] = [int(value) for value in whole]
        for axis, sign, count in (
            (self.column_axis, self.column_sign, frame.columns),
            (self.row_axis, self.row_sign, frame.rows),
        ):
            start = int(whole[axis]) if sign > 0 else int(whole[axis]) - count + 1
            parts[axis] = slice(start, start + count)
        return tuple(parts[::-1])

    def turned(self, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Turn a (rows, columns) frame as `slice_of` the grid stores it."""
        pixels = pixels[:: self.row_sign, :: self.column_sign]
        # The (z, y, x) array has the axis with the higher number first.
        return pixels if self.row_axis > self.column_axis else pixels.T


def own_grid(frames: Sequence[Frame], named: str) -> sitk.Image:
    """Make the smallest grid that holds all frames of one orientation; slices may be absent.

    Raises
    ------
    CaseError
        If the frames are not a whole number of slices apart.
    """
    axes = orientation_axes(frames[0], named)
    positions = np.array([frame.position for frame in frames])
    heights = positions @ axes[:, 2]
    lowest = int(heights.argmin())
    distances = np.unique(np.round(heights - heights[lowest], 6))
    steps = np.diff(distances)
    steps = steps[steps > SAME_PLACE_MM]
    step = float(steps.min()) if len(steps) else frames[0].thickness or 1.0
    stated = frames[0].thickness
    # A mask leaves out slices without ROI, so the header's spacing goes first where it fits.
    if stated and np.abs(distances / stated - np.rint(distances / stated)).max() <= EVEN_TOLERANCE:
        step = stated
    count = int(np.rint(distances[-1] / step)) + 1
    if count > _MOST_SLICES:
        raise CaseError(
            f"{named} has slices up to {distances[-1]:.4g} mm apart at a distance of {step:.4g} mm,"
            " which no scan has; the header is damaged: save the mask again."
        )
    if np.abs(distances / step - np.rint(distances / step)).max() > EVEN_TOLERANCE:
        raise CaseError(
            f"{named} has unevenly spaced slices ({steps.min():.4g} to {steps.max():.4g} mm apart);"
            " save the mask again on the slices of its image."
        )
    row_spacing, column_spacing = frames[0].spacing or (1.0, 1.0)
    grid = sitk.Image([frames[0].columns, frames[0].rows, count], sitk.sitkUInt8)
    grid.SetSpacing((column_spacing, row_spacing, step))
    grid.SetOrigin([float(value) for value in positions[lowest]])
    grid.SetDirection([float(value) for value in axes.ravel()])
    return grid
