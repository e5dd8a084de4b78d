"""Where an ROI lies in its image: bounding box, parts, sides it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import SimpleITK as sitk

Slices = tuple[slice, slice, slice]

_SIDES = {
    "L": "left",
    "R": "right",
    "A": "anterior",
    "P": "posterior",
    "S": "head",
    "I": "foot",
}
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"}


def direction_code(image: sitk.Image) -> str:
    """Return where x, y and z lead, such as ``"LPS"``."""
    import SimpleITK as sitk

    code: str = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    return code


def box_of(inside: NDArray[np.bool_]) -> Slices:
    """Return the smallest box, as slices along z, y, x, that holds all true voxels."""
    ends = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        where = np.flatnonzero(inside.any(axis=others))
        ends.append(slice(int(where[0]), int(where[-1]) + 1))
    return ends[0], ends[1], ends[2]


def count_parts(inside: NDArray[np.bool_]) -> tuple[int, float]:
    """Count connected components (26 neighbours) and the share of the largest."""
    from scipy import ndimage

    labels, count = ndimage.label(inside, structure=np.ones((3, 3, 3), dtype=bool))
    sizes = np.bincount(labels.ravel())[1:]
    return int(count), float(sizes.max() / sizes.sum())


def border_faces(
    box: Slices, shape: tuple[int, ...], slice_axis: int, code: str
) -> tuple[tuple[str, ...], bool]:
    """Return the sides of the image an ROI touches within its slices, and whether it is cut off.

    Parameters
    ----------
    box : tuple of slice
        The ROI along z, y, x.
    shape : tuple of int
        The image along z, y, x.
    slice_axis : int
        Array axis along which slices are stacked; contact there is only "cut off".
    code : str
        As `direction_code` returns it.
    """
    sides: list[str] = []
    cut_off = False
    for axis, (span, extent) in enumerate(zip(box, shape, strict=True)):
        low, high = span.start == 0, span.stop == extent
        if extent == 1:
            continue
        if axis == slice_axis:
            cut_off = low or high
            continue
        towards = code[2 - axis]
        sides += [_SIDES[_OPPOSITE[towards]]] if low else []
        sides += [_SIDES[towards]] if high else []
    return tuple(sides), cut_off
