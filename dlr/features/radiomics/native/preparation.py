"""Bring image and mask onto one grid and find the region, in PyRadiomics' order of steps."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from dlr.features.radiomics.native.diagnostics import Diagnostics
from dlr.features.radiomics.native.geometry import matched, resampled
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.native.region import (
    Region,
    check_region,
    label_mask,
    locate_label,
    resegmented,
)
from dlr.features.radiomics.options import ExtractionSettings


def prepare(
    image: sitk.Image,
    whole: Intensities,
    mask: sitk.Image,
    settings: ExtractionSettings,
    diagnostics: Diagnostics,
) -> tuple[Intensities, Region]:
    """Resample, match and crop as the settings say, and find the region.

    Parameters
    ----------
    image : SimpleITK.Image
        The image as given.
    whole : Intensities
        Its intensities, normalised where asked.
    mask : SimpleITK.Image
        The mask as given.
    settings : ExtractionSettings
        What to do.
    diagnostics : Diagnostics
        Receives the facts on each step.

    Raises
    ------
    CaseError
        If the region cannot be used.
    """
    given = label_mask(mask, settings)
    labels = sitk.GetArrayViewFromImage(given)
    box, n_voxels = locate_label(labels, settings)
    diagnostics.add_original(image, given, box)
    mask = given
    if settings.resamples:
        image, mask = resampled(whole.as_image(image), given, settings)
        whole = Intensities.of(image, settings.model_copy(update={"normalize": False}))
        diagnostics.add_interpolated(image, mask, whole)
    unmatched, mask = mask, matched(image, mask, settings)
    if mask is not given:
        labels = sitk.GetArrayViewFromImage(mask)
        box, n_voxels = locate_label(labels, settings)
    if mask is not unmatched:
        diagnostics.add_mask("corrected", mask, labels == settings.label, whole)
    check_region(box, n_voxels, settings)
    inside = np.ascontiguousarray(labels[box.slices] == settings.label)
    if settings.preCrop and not settings.resamples:
        outer = box.grown((settings.padDistance,) * 3, whole.shape)
        whole, mask, box = whole.cut(outer), mask[outer.slices[::-1]], box.within(outer)
    if settings.resegmentRange is None:
        return whole, Region(box, inside, inside)
    region = resegmented(inside, box, whole.crop(box), settings)
    kept = np.zeros(whole.shape, bool)
    kept[region.box.slices] = region.mask
    diagnostics.add_mask("resegmented", mask, kept, whole)
    return whole, region
