"""The region of interest: found, checked, resampled and resegmented as PyRadiomics does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.intensities import Intensities, Voxels
from dlr.features.radiomics.options import ExtractionSettings

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """A region of interest in its bounding box.

    Attributes
    ----------
    box : Box
        The bounding box of `mask` within the image.
    mask : ndarray of bool, shape of the box
        The voxels whose intensities count.
    shape_mask : ndarray of bool, shape of the box
        The voxels whose shape counts; differs only after resegmentation.
    """

    box: Box
    mask: Mask
    shape_mask: Mask


def find_region(mask: Mask, intensities: Intensities, settings: ExtractionSettings) -> Region:
    """Find the bounding box of a mask, and resegment it by intensity where asked.

    Raises
    ------
    CaseError
        If the region is too small in extent or voxels.
    """
    box = check_region(mask, settings)
    inside = np.ascontiguousarray(mask[box.slices])
    if settings.resegmentRange is None:
        return Region(box, inside, inside)
    kept = resegment(intensities.crop(box), inside, settings)
    smaller = check_region(kept, settings)
    # PyRadiomics cuts the shape to the box of the resegmented mask, even where it keeps the mask
    shape = kept if settings.resegmentShape else inside
    low = [a + b for a, b in zip(box.low, smaller.low)]
    high = [a + b for a, b in zip(box.low, smaller.high)]
    moved = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return Region(
        moved,
        np.ascontiguousarray(kept[smaller.slices]),
        np.ascontiguousarray(shape[smaller.slices]),
    )


def check_region(mask: Mask, settings: ExtractionSettings) -> Box:
    """Return the bounding box of a mask, or say why it cannot be used."""
    n_voxels = int(np.count_nonzero(mask))
    if n_voxels == 0:
        raise CaseError(f"label {settings.label} is not in the mask; draw the region of interest")
    box = Box.around(mask)
    extents = sum(extent > 1 for extent in box.size)
    if extents == 0:
        raise CaseError("the region is a single voxel, which has no texture; draw a larger one")
    if extents < settings.minimumROIDimensions:
        raise CaseError(
            f"the region extends in {extents} of at least {settings.minimumROIDimensions} "
            "dimensions (minimumROIDimensions); draw a larger one"
        )
    if settings.minimumROISize is not None and n_voxels <= settings.minimumROISize:
        raise CaseError(
            f"the region has {n_voxels} voxels and needs more than {settings.minimumROISize} "
            "(minimumROISize); draw a larger one"
        )
    return box


def resegment(values: Voxels, mask: Mask, settings: ExtractionSettings) -> Mask:
    """Keep the voxels whose intensity lies within ``resegmentRange``.

    Absolute: intensities; relative: shares of the largest one in the region; sigma: standard
    deviations from the region's mean. One threshold is a lower one.
    """
    inside = values[mask]
    scale, centre = 1.0, 0.0
    if settings.resegmentMode == "relative":
        scale = float(inside.max())
    elif settings.resegmentMode == "sigma":
        scale, centre = float(np.std(inside)), float(np.mean(inside))
    thresholds = [centre + scale * value for value in sorted(settings.resegmentRange or ())]
    keep = inside >= thresholds[0]
    if len(thresholds) == 2:
        keep &= inside <= thresholds[1]
    if np.count_nonzero(keep) <= 1:
        raise CaseError(
            f"resegmentation keeps {np.count_nonzero(keep)} voxels of the region; "
            "widen resegmentRange"
        )
    kept = np.zeros_like(mask)
    kept[mask] = keep
    return kept


def label_mask(mask: sitk.Image, settings: ExtractionSettings) -> sitk.Image:
    """Return the channel of a mask that is asked for, as 32-bit labels, checked for the label."""
    if mask.GetNumberOfComponentsPerPixel() > 1:
        channels = mask.GetNumberOfComponentsPerPixel()
        if settings.label_channel >= channels:
            raise CaseError(
                f"the mask has {channels} channels, but label_channel is {settings.label_channel}; "
                "correct label_channel"
            )
        mask = sitk.VectorIndexSelectionCast(mask, settings.label_channel)
    array = sitk.GetArrayViewFromImage(mask)
    if not (array == settings.label).any():
        present = ", ".join(f"{value:g}" for value in np.unique(array[array != 0])[:20])
        found = f"it holds {present}" if present else "it is empty"
        raise CaseError(f"label {settings.label} is not in the mask; {found}")
    return mask
