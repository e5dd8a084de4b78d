"""Slice planes: which axis the slices are stacked along, and reformatting to another plane.

Where "left" is comes from the direction cosines of the file, never from the order in which
axes happen to be stored: sagittal and axial files keep theirs differently, and mixing them up
goes unnoticed until the results make no sense.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError

Plane = Literal["sagittal", "axial", "coronal"]

# Where the axes (column, row, slice) point in each plane, as DICOM orientation codes
# (L, P, S = towards the patient's left, back, head). All three are right-handed, have the
# head (sagittal, coronal) or the front (axial) up, and follow radiological reading habits:
# front on the left in sagittal, patient's left on the picture's right in the others.
_AXES: dict[str, str] = {"sagittal": "PIR", "axial": "LPS", "coronal": "LIP"}
_PLANE_OF_NORMAL: dict[str, Plane] = {
    "L": "sagittal",
    "R": "sagittal",
    "A": "coronal",
    "P": "coronal",
    "S": "axial",
    "I": "axial",
}
_THICKER = 1.2  # a spacing so many times the others' is the distance between slices
_FEWER = 0.5  # an axis with less than this share of the others' voxels counts slices


def slice_axis(image: sitk.Image) -> int:
    """Find the array axis that the slices are stacked along.

    A single slice has it where the size is 1. Otherwise it is the axis whose spacing is at
    least 1.2 times that of both others (slices of a 2-D acquisition); with isotropic voxels,
    the axis with less than half as many voxels as both others; and where neither tells, array
    axis 0, where every format stores its slices.

    Returns
    -------
    int
        0, 1 or 2, an axis of the (z, y, x) array.
    """
    sizes = np.array(image.GetSize()[::-1])
    spacings = np.array(image.GetSpacing()[::-1])
    if np.count_nonzero(sizes == 1) == 1:
        return int(np.argmin(sizes))
    for axis in range(3):
        if spacings[axis] >= _THICKER * np.delete(spacings, axis).max():
            return axis
    for axis in range(3):
        if sizes[axis] < _FEWER * np.delete(sizes, axis).min():
            return axis
    return 0


def plane_of(image: sitk.Image, axis: int | None = None) -> Plane:
    """Name the anatomical plane, from the direction cosines, of slices stacked along `axis`.

    Parameters
    ----------
    image : SimpleITK.Image
        Volume; an oblique one gets the nearest plane.
    axis : int, optional
        Array axis; by default the one `slice_axis` finds.
    """
    axis = slice_axis(image) if axis is None else axis
    code = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    return _PLANE_OF_NORMAL[code[2 - axis]]


def upright(image: sitk.Image, plane: Plane) -> sitk.Image:
    """Reorder and flip axes, without interpolation, so that array axis 0 stacks `plane` slices.

    Rows run from head to foot (sagittal, coronal) or front to back (axial), columns from front
    to back (sagittal) or from the patient's right to left (axial, coronal). An oblique scan
    keeps its own axes, each standing for the anatomical one it is nearest to.
    """
    return sitk.DICOMOrient(image, _AXES[plane])


def slices_first(image: sitk.Image, axis: int) -> sitk.Image:
    """Bring array axis `axis` to the front, without interpolation; the others keep their order."""
    if axis == 0:
        return image
    last = 2 - axis  # the same axis in ITK's (x, y, z) order
    order = [other for other in range(3) if other != last] + [last]
    return sitk.PermuteAxes(image, order)


def reformat(
    image: sitk.Image, mask: sitk.Image, plane: str, spacing_mm: float | None = None
) -> tuple[sitk.Image, sitk.Image]:
    """Reformat image and mask so that array axis 0 stacks slices of the wanted plane.

    Axes are reordered and flipped without interpolation; then the slices (never the distance
    between them) are interpolated to square pixels, linearly for the image and by nearest
    neighbour for the mask. Slices that have the wanted pixels already are left as they are.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask on the same grid.
    plane : {"native", "sagittal", "axial", "coronal"}
        "native" keeps the scan's own slices and pixels; `slice_axis` is brought to the front.
    spacing_mm : float, optional
        Pixel size; by default the finer of the two in-plane spacings ("native": unchanged).

    Returns
    -------
    tuple of SimpleITK.Image
        Image and mask; where anything was interpolated the image is float64.

    Raises
    ------
    CaseError
        If slices of that plane would be a single line of voxels (a 2-D picture cannot be
        reformatted).
    """
    image, mask = reorient(image, mask, stacking_axis(image, plane), plane)
    return square_pixels(image, mask, plane, spacing_mm)


def stacking_axis(image: sitk.Image, plane: str) -> int:
    """Find the array axis along which slices of `plane` are stacked, as the file stores it."""
    if plane == "native":
        return slice_axis(image)
    if plane not in _AXES:
        raise ValueError(f"plane must be native, sagittal, axial or coronal, but got {plane!r}.")
    return next(axis for axis in range(3) if plane_of(image, axis) == plane)


def reorient(
    image: sitk.Image, mask: sitk.Image, axis: int, plane: str
) -> tuple[sitk.Image, sitk.Image]:
    """Do the part of `reformat` that needs no interpolation; `axis` is the plane's."""
    if plane == "native":
        return slices_first(image, axis), slices_first(mask, axis)
    turned, turned_mask = (sitk.DICOMOrient(each, _AXES[plane]) for each in (image, mask))
    if min(turned.GetSize()[:2]) < 2:
        raise CaseError(
            f"The image has a single {plane_of(image)} slice and cannot be cut in the {plane}"
            " plane; use 'plane: native' for this view."
        )
    return turned, turned_mask


def square_pixels(
    image: sitk.Image, mask: sitk.Image, plane: str, spacing_mm: float | None
) -> tuple[sitk.Image, sitk.Image]:
    """Do the part of `reformat` that interpolates within the slices."""
    column, row, between = image.GetSpacing()
    if spacing_mm is None:
        if plane == "native":
            return image, mask
        spacing_mm = min(column, row)
    if np.allclose([column, row], spacing_mm, rtol=1e-3, atol=0):
        return image, mask
    grid = _grid(image, (spacing_mm, spacing_mm, between))
    return (
        sitk.Resample(image, grid, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat64),
        sitk.Resample(
            mask, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, mask.GetPixelID()
        ),
    )


def _grid(image: sitk.Image, spacing: tuple[float, float, float]) -> sitk.Image:
    """Return an empty image of the given spacing over the same space, centred on `image`."""
    old = np.array(image.GetSpacing())
    new = np.array(spacing)
    extent = np.array(image.GetSize())
    size = np.maximum(np.rint(extent * old / new), 1).astype(int)
    # Both grids share their centre, so no sample lies outside the outermost voxels.
    first = (extent - 1) / 2 - (size - 1) / 2 * new / old
    grid = sitk.Image([int(count) for count in size], sitk.sitkUInt8)
    grid.SetSpacing([float(step) for step in new])
    grid.SetDirection(image.GetDirection())
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint([float(at) for at in first]))
    return grid
