"""The slice that shows most of an ROI."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError


def largest_slice(mask: sitk.Image) -> int:
    """Return the index along array axis 0 of the slice with the most ROI voxels.

    Where several slices are equal, the one nearest to the middle of the ROI's slices is taken
    (the lower of two equally near), so that the choice does not lean to one side.

    Raises
    ------
    CaseError
        If the mask is empty.
    """
    counts = np.count_nonzero(sitk.GetArrayViewFromImage(mask), axis=(1, 2))
    occupied = np.flatnonzero(counts)
    if occupied.size == 0:
        raise CaseError("The ROI is empty; draw it or leave out the row.")
    best = np.flatnonzero(counts == counts.max())
    middle = (occupied[0] + occupied[-1]) / 2
    return int(best[np.argmin(np.abs(best - middle))])


def roi_slice(image: sitk.Image, mask: sitk.Image) -> tuple[sitk.Image, sitk.Image]:
    """Cut the slice with the largest ROI out of image and mask.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask on the same grid, slices along array axis 0.

    Returns
    -------
    tuple of SimpleITK.Image
        Image and mask of one slice each, three-dimensional, where they lay in space.
    """
    index = largest_slice(mask)
    return image[:, :, index : index + 1], mask[:, :, index : index + 1]


def roi_slab(image: sitk.Image, mask: sitk.Image, axis: int) -> tuple[sitk.Image, sitk.Image]:
    """Cut out the slices along array axis `axis` that the ROI touches."""
    others = tuple(other for other in range(3) if other != axis)
    occupied = np.flatnonzero(sitk.GetArrayViewFromImage(mask).any(axis=others))
    if occupied.size == 0:
        raise CaseError("The ROI is empty; draw it or leave out the row.")
    span = [slice(None)] * 3
    span[2 - axis] = slice(int(occupied[0]), int(occupied[-1]) + 1)
    return image[tuple(span)], mask[tuple(span)]
