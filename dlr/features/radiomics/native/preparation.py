"""Bring image and mask onto one grid and find the region, in PyRadiomics' order of steps."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from dlr.features.radiomics.native.diagnostics import Diagnostics
from dlr.features.radiomics.native.geometry import matched, resampled
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.native.region import Region, check_region, find_region, label_mask
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
    mask = label_mask(mask, settings)
    diagnostics.add_original(image, mask)
    if settings.resamples:
        image, mask = resampled(whole.as_image(image), mask, settings)
        whole = Intensities.of(image, settings.model_copy(update={"normalize": False}))
        diagnostics.add_interpolated(image, mask, whole)
    given, mask = mask, matched(image, mask, settings)
    inside = sitk.GetArrayViewFromImage(mask) == settings.label
    if mask is not given:
        diagnostics.add_mask("corrected", mask, inside, whole)
    if settings.preCrop and not settings.resamples:
        margin = settings.padDistance
        box = check_region(inside, settings).grown((margin, margin, margin), whole.shape)
        whole, inside, mask = whole.cut(box), inside[box.slices], mask[box.slices[::-1]]
    region = find_region(inside, whole, settings)
    if settings.resegmentRange is not None:
        kept = np.zeros(whole.shape, bool)
        kept[region.box.slices] = region.mask
        diagnostics.add_mask("resegmented", mask, kept, whole)
    return whole, region
