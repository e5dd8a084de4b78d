"""Stacking slices to a volume: order, spacing and everything that can be wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from dlr.dicom.frames import Frame
from dlr.errors import CaseError
from dlr.wording import first_few

COSINE_TOLERANCE = 5e-4
"""Largest difference of a direction cosine within a series: a quarter of a pixel over 512."""

SPACING_TOLERANCE = 1e-3
"""Largest relative difference of the pixel spacing: half a pixel over 512."""

EVEN_TOLERANCE = 0.1
"""How far, in slices, a slice may lie from where even spacing puts it."""

TILT_TOLERANCE = 0.25
"""How far, in pixels, slices may slide against each other over the whole stack."""

SAME_PLACE_MM = 0.01
_SHOWN = 5

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """Frames in order along the slice normal, and the grid they make.

    Attributes
    ----------
    frames : tuple of Frame
        One per slice; positions ascend along the normal of the slices.
    spacing : tuple of float
        Between columns, rows and slices (x, y, z), mm.
    origin : tuple of float
        Centre of the first voxel, patient coordinates, mm.
    direction : tuple of float
        Row-major 3 x 3 matrix whose columns are the directions of x, y and z.
    """

    frames: tuple[Frame, ...]
    spacing: tuple[float, float, float]
    origin: tuple[float, ...]
    direction: tuple[float, ...]


def stack_frames(frames: Sequence[Frame], named: str) -> Stack:
    """Order frames to a volume.

    Parameters
    ----------
    frames : sequence of Frame
        At least one.
    named : str
        What they are, for messages ("The series ...").

    Raises
    ------
    CaseError
        If sizes, orientations or pixel spacings are mixed, positions are absent, doubled or
        unevenly spaced (a gap), or the slices slide against each other (gantry tilt).
    """
    _same_size(frames, named)
    placed = [frame for frame in frames if frame.position and frame.orientation]
    if not placed:
        return _picture(frames, named)
    if len(placed) < len(frames):
        lost = _names([frame for frame in frames if frame not in placed])
        raise CaseError(
            f"{named} has slices without position or orientation ({lost}); leave these files out,"
            " or export the series again."
        )
    _same_plane(placed, named)
    _same_spacing(placed, named)
    axes = orientation_axes(placed[0], named)
    positions = np.array([frame.position for frame in placed])
    heights = positions @ axes[:, 2]
    order = np.argsort(heights, kind="stable")
    ordered = tuple(placed[index] for index in order)
    _no_doubles(ordered, heights[order], named)
    step = _even_step(ordered, heights[order], named)
    row_spacing, column_spacing = placed[0].spacing or (1.0, 1.0)
    _no_tilt(positions[order], axes, min(row_spacing, column_spacing), named)
    return Stack(
        ordered,
        (column_spacing, row_spacing, step),
        tuple(float(value) for value in positions[order[0]]),
        tuple(float(value) for value in axes.ravel()),
    )


def orientation_axes(frame: Frame, named: str) -> _Vector:
    """Return the (3, 3) matrix whose columns are the directions of row, column and normal.

    Cosines are written with few digits; they are brought back to right angles and length 1.
    """
    row, column = np.reshape(np.asarray(frame.orientation, dtype=float), (2, 3))
    lengths = np.linalg.norm([row, column], axis=1)
    if not np.allclose(lengths, 1, atol=1e-2) or abs(row @ column) > 1e-2:
        raise CaseError(
            f"{named} has an orientation that is no pair of perpendicular directions"
            f" ({frame.name}); the header is damaged: export the series again."
        )
    row = row / np.linalg.norm(row)
    column = column - (column @ row) * row
    column = column / np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)], axis=1)


def plane_name(orientation: Sequence[float] | None) -> str:
    """Name the plane of a slice from its direction cosines; ``""`` without any.

    Oblique slices get the nearest of sagittal, coronal and axial.
    """
    if orientation is None:
        return ""
    row, column = np.reshape(np.asarray(orientation, dtype=float), (2, 3))
    normal = np.abs(np.cross(row, column))
    return ("sagittal", "coronal", "axial")[int(np.argmax(normal))]


def _picture(frames: Sequence[Frame], named: str) -> Stack:
    """Give a radiograph, which has no place in the patient, a grid of its own."""
    if len(frames) > 1:
        raise CaseError(
            f"{named} has {len(frames)} frames without position in the patient (radiographs or a"
            " film), which make no volume; name the one file, or save the one frame, to be used."
        )
    row_spacing, column_spacing = frames[0].spacing or (1.0, 1.0)
    spacing = (column_spacing, row_spacing, frames[0].thickness or 1.0)
    return Stack(tuple(frames), spacing, (0.0,) * 3, tuple(np.eye(3).ravel().tolist()))


def _same_size(frames: Sequence[Frame], named: str) -> None:
    sizes = Counter((frame.columns, frame.rows) for frame in frames)
    if len(sizes) > 1:
        usual = sizes.most_common(1)[0][0]
        odd = [frame for frame in frames if (frame.columns, frame.rows) != usual]
        shown = ", ".join(f"{size[0]} x {size[1]} ({n} slices)" for size, n in sizes.most_common())
        raise CaseError(
            f"{named} mixes slices of different size: {shown}; the odd ones are {_names(odd)}:"
            " leave them out, or export the series again."
        )


def _same_plane(frames: Sequence[Frame], named: str) -> None:
    cosines = np.array([frame.orientation for frame in frames])
    usual = np.median(cosines, axis=0)
    off = np.abs(cosines - usual).max(axis=1) > COSINE_TOLERANCE
    if off.any():
        planes = Counter(plane_name(frame.orientation) for frame in frames)
        shown = ", ".join(f"{n} {plane}" for plane, n in planes.most_common())
        odd = [frame for frame, is_off in zip(frames, off, strict=True) if is_off]
        raise CaseError(
            f"{named} mixes slices of different orientation (nearest planes: {shown}; the odd ones"
            f" are {_names(odd)}); localizers have that: leave them out, or name another series."
        )


def _same_spacing(frames: Sequence[Frame], named: str) -> None:
    lost = [frame for frame in frames if frame.spacing is None]
    if lost:
        raise CaseError(
            f"{named} has no pixel spacing ({_names(lost)}), so nothing can be measured in mm;"
            " export the series again."
        )
    spacings = np.array([frame.spacing for frame in frames])
    off = np.abs(spacings / np.median(spacings, axis=0) - 1).max(axis=1) > SPACING_TOLERANCE
    if off.any():
        odd = [frame for frame, is_off in zip(frames, off, strict=True) if is_off]
        raise CaseError(
            f"{named} mixes slices of different pixel spacing; the odd ones are {_names(odd)}:"
            " leave them out, or export the series again."
        )


def _no_doubles(frames: Sequence[Frame], heights: _Vector, named: str) -> None:
    places = np.concatenate([[0], np.cumsum(np.diff(heights) > SAME_PLACE_MM)])
    counts = np.bincount(places)
    if counts.max() == 1:
        return
    if counts.min() == counts.max():
        raise CaseError(
            f"{named} has {counts[0]} slices at every one of its {len(counts)} positions"
            f" ({_names(frames[: counts[0]])} at the first), so it holds {counts[0]} volumes"
            " (echoes, time points, diffusion weightings or copies); put the one to be used in a"
            " folder of its own."
        )
    pairs = [list(group) for _, group in groupby(range(len(frames)), key=lambda i: places[i])]
    doubled = [_names([frames[i] for i in pair]) for pair in pairs if len(pair) > 1]
    shown = "; ".join(doubled[:_SHOWN]) + (" and more" if len(doubled) > _SHOWN else "")
    raise CaseError(
        f"{named} has several slices at the same position: {shown}; remove the copies, or put the"
        " slices to be used in a folder of their own."
    )


def _even_step(frames: Sequence[Frame], heights: _Vector, named: str) -> float:
    """Return the distance between slices, over the whole stack so that rounding evens out."""
    if len(frames) == 1:
        return frames[0].thickness or 1.0
    steps = np.diff(heights)
    usual = float(np.median(steps))
    wide = np.nonzero(steps > 1.5 * usual)[0]
    if len(wide):
        shown = "; ".join(
            f"{round(steps[i] / usual) - 1} between {heights[i]:.6g} mm ({frames[i].name}) and"
            f" {heights[i + 1]:.6g} mm ({frames[i + 1].name})"
            for i in wide[:_SHOWN]
        )
        raise CaseError(
            f"{named} has gaps where slices are missing (slices are {usual:.4g} mm apart): {shown};"
            " export the series again, completely."
        )
    step = float(heights[-1] - heights[0]) / (len(frames) - 1)
    off = np.abs(heights - heights[0] - step * np.arange(len(frames))) / step
    if off.max() > EVEN_TOLERANCE:
        worst = int(off.argmax())
        raise CaseError(
            f"{named} has unevenly spaced slices ({steps.min():.4g} to {steps.max():.4g} mm apart;"
            f" {frames[worst].name} lies {off[worst]:.2g} slices off); resample it to even slices"
            " with a viewer and give the NIfTI or NRRD file."
        )
    return step


def _no_tilt(positions: _Vector, axes: _Vector, pixel: float, named: str) -> None:
    slide = (positions - positions[0]) @ axes[:, :2]
    furthest = float(np.abs(slide).max()) / pixel
    if furthest > TILT_TOLERANCE:
        raise CaseError(
            f"{named} has slices that slide against each other by up to {furthest:.3g} pixels"
            " (gantry tilt); straighten it with a viewer or converter and give the NIfTI or NRRD"
            " file."
        )


def _names(frames: Sequence[Frame]) -> str:
    return first_few((frame.name for frame in frames), _SHOWN)
