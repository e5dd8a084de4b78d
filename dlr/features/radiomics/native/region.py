"""The region of interest: found, checked, resampled and resegmented as PyRadiomics does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.features.radiomics.native.box import Box, locate
from dlr.features.radiomics.native.intensities import Voxels
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


def resegmented(mask: Mask, box: Box, values: Voxels, settings: ExtractionSettings) -> Region:
    """Keep the voxels of a region whose intensities lie between thresholds.

    Parameters
    ----------
    mask : ndarray of bool, shape of the box
        The region in its bounding box.
    box : Box
        Where it lies.
    values : ndarray, shape of the box
        The intensities.
    settings : ExtractionSettings
        Thresholds, and least size.

    Raises
    ------
    CaseError
        If what is left is too small in extent or voxels.
    """
    kept = resegment(values, mask, settings)
    smaller, n_voxels = locate_label(kept, settings.model_copy(update={"label": 1}))
    check_region(smaller, n_voxels, settings)
    # PyRadiomics cuts the shape to the box of the resegmented mask, even where it keeps the mask
    shape = kept if settings.resegmentShape else mask
    low = [a + b for a, b in zip(box.low, smaller.low)]
    high = [a + b for a, b in zip(box.low, smaller.high)]
    moved = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return Region(
        moved,
        np.ascontiguousarray(kept[smaller.slices]),
        np.ascontiguousarray(shape[smaller.slices]),
    )


def check_region(box: Box, n_voxels: int, settings: ExtractionSettings) -> None:
    """Say why a region cannot be used, if so."""
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


def resegment(values: Voxels, mask: Mask, settings: ExtractionSettings) -> Mask:
    """Keep the voxels whose intensity lies within ``resegmentRange``.

    Absolute: intensities; relative: shares of the largest one in the region; sigma: standard
    deviations from the region's mean. One threshold is a lower one.
    """
    inside = values[mask]
    scale, centre = 1.0, 0.0
    if settings.resegmentMode == "relative":
        scale = inside.max()  # in the image's own precision, as PyRadiomics has it
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
    """Return the channel of a mask that is asked for."""
    if mask.GetDimension() != 3:
        raise CaseError(f"the mask has {mask.GetDimension()} dimensions, but must be a volume")
    channels = mask.GetNumberOfComponentsPerPixel()
    if channels == 1:
        _require_whole_labels(mask)
        return mask
    if settings.label_channel >= channels:
        raise CaseError(
            f"the mask has {channels} channels, but label_channel is {settings.label_channel}; "
            "correct label_channel"
        )
    return sitk.VectorIndexSelectionCast(mask, settings.label_channel)


def _require_whole_labels(mask: sitk.Image) -> None:
    """Refuse shares of voxels: which of them belong to the region is not ours to say."""
    if "float" not in mask.GetPixelIDTypeAsString():
        return
    labels = sitk.GetArrayViewFromImage(mask)
    if not (labels == np.rint(labels)).all():
        raise CaseError("the mask holds values between whole labels; threshold it first")


def locate_label(labels: Voxels, settings: ExtractionSettings) -> tuple[Box, int]:
    """Return bounding box and number of voxels of the label, or say which labels there are."""
    box, n_voxels = locate(labels, settings.label)
    if box is None:
        present = ", ".join(f"{value:g}" for value in np.unique(labels[labels != 0])[:20])
        found = f"it holds {present}" if present else "it is empty"
        raise CaseError(f"label {settings.label} is not in the mask; {found}")
    return box, n_voxels
