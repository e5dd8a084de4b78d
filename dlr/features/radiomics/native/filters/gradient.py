"""Gradient magnitude."""

from __future__ import annotations

import SimpleITK as sitk

from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.intensities import Intensities, Voxels


def gradient(intensities: Intensities, box: Box, use_spacing: bool) -> Voxels:
    """Return the magnitude of central differences, per mm or (not `use_spacing`) per voxel.

    One voxel around the box is enough; at the border of the image the edge value is repeated.
    """
    outer = box.grown((1, 1, 1), intensities.shape)
    image = sitk.GetImageFromArray(intensities.crop(outer))
    image.SetSpacing(intensities.spacing[::-1])
    magnitude = sitk.GradientMagnitude(image, use_spacing)
    return sitk.GetArrayFromImage(magnitude)[box.within(outer).slices]
