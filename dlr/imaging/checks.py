"""Rules that an ROI must meet before features are computed from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.safety.paths import quoted
from dlr.settings import MaskSettings


def check_roi(
    mask: sitk.Image, settings: MaskSettings | None = None, path: str | Path | None = None
) -> None:
    """Refuse an ROI that is too small to be measured.

    Parameters
    ----------
    mask : SimpleITK.Image
        Binary mask.
    settings : MaskSettings, optional
        ``minimum_voxels`` is the smallest number of voxels accepted.
    path : str or Path, optional
        Mask file, named in the message.

    Raises
    ------
    CaseError
        If the ROI is empty, has fewer voxels than the minimum, or is a single line of voxels
        (texture and shape need at least two directions).
    """
    settings = settings or MaskSettings()
    named = "The ROI" if path is None else f"The ROI in {quoted(path)}"
    where = np.nonzero(sitk.GetArrayViewFromImage(mask))
    count = len(where[0])
    if count == 0:
        raise CaseError(f"{named} is empty; draw it or leave out the row.")
    if count < settings.minimum_voxels:
        noun = "voxel" if count == 1 else "voxels"
        raise CaseError(
            f"{named} has {count} {noun}, fewer than the {settings.minimum_voxels} asked for by"
            " 'masks.minimum_voxels'; check the mask, or leave out the case."
        )
    extents = [int(axis.max() - axis.min()) + 1 for axis in where]
    if sum(extent > 1 for extent in extents) < 2:
        raise CaseError(
            f"{named} is a single line of {count} voxels, from which neither shape nor texture can"
            " be computed; check the mask, or leave out the case."
        )


def check_intensity(image: sitk.Image, mask: sitk.Image, path: str | Path | None = None) -> None:
    """Refuse an ROI without any intensity differences, or with values that are not finite.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Image and binary mask on the same grid.
    path : str or Path, optional
        Image file, named in the message.

    Raises
    ------
    CaseError
        If all intensities inside the ROI are equal, or any of them is NaN or infinite.
    """
    named = "The image" if path is None else f"The image {quoted(path)}"
    inside = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) != 0]
    odd = int(np.count_nonzero(~np.isfinite(inside)))
    if odd:
        raise CaseError(
            f"{named} has {odd} values inside the ROI that are not finite (NaN or infinite);"
            " repair the image, or leave out the case."
        )
    if inside.size and inside.min() == inside.max():
        raise CaseError(
            f"{named} is constant inside the ROI (every value is {inside[0]:g}); check that image"
            " and mask belong together and that the image is not blank."
        )
