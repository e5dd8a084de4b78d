"""All features of one region, class by class."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.discretisation import (
    GreyLevels,
    UndefinedLevels,
    discretise,
)
from dlr.features.radiomics.native.first_order import first_order
from dlr.features.radiomics.native.glcm import glcm
from dlr.features.radiomics.native.gldm import gldm
from dlr.features.radiomics.native.glrlm import glrlm
from dlr.features.radiomics.native.glszm import glszm
from dlr.features.radiomics.native.intensities import Voxels
from dlr.features.radiomics.native.ngtdm import ngtdm
from dlr.features.radiomics.native.region import Mask
from dlr.features.radiomics.native.shape import shape
from dlr.features.radiomics.native.shape2d import shape_2d
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.radiomics.settings import FeatureClass

Spacing = tuple[float, float, float]
TextureClass = Callable[[GreyLevels, ExtractionSettings, Spacing], dict[str, float]]

NORMAL_KURTOSIS = 3.0
"""IBSI's kurtosis is the excess over that of a normal distribution."""

TEXTURES: dict[str, TextureClass] = {
    "glcm": glcm,
    "gldm": lambda grey, settings, _: gldm(grey, settings),
    "glrlm": glrlm,
    "glszm": lambda grey, settings, _: glszm(grey, settings),
    "ngtdm": lambda grey, settings, _: ngtdm(grey, settings),
}


def intensity_features(
    voxels: Voxels,
    mask: Mask,
    classes: tuple[FeatureClass, ...],
    settings: ExtractionSettings,
    spacing: Spacing,
) -> dict[str, float] | str:
    """Compute the classes that look at intensities, or say why they cannot be.

    Names are ``<class>_<feature>``.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The (filtered) image in the region's bounding box.
    mask : ndarray of bool, shape (z, y, x)
        The region.
    classes : tuple of FeatureClass
        Classes and features that are asked for.
    settings : ExtractionSettings
        Options of the image type.
    spacing : tuple of float
        Voxel size (mm) along z, y, x.
    """
    values = voxels[mask]
    try:
        grey = discretise(values, mask, max(settings.distances), settings)
    except UndefinedLevels as error:
        return str(error)
    result: dict[str, float] = {}
    for chosen in classes:
        if chosen.name == "firstorder":
            found = first_order(
                values.astype(np.float64),
                grey.counts,
                math.prod(spacing),
                float(settings.voxelArrayShift),
            )
            if settings.ibsi:
                found["Kurtosis"] -= NORMAL_KURTOSIS
        else:
            found = TEXTURES[chosen.name](grey, settings, spacing)
        result |= {f"{chosen.name}_{feature}": found[feature] for feature in chosen.features}
    return result


def shape_features(
    mask: npt.NDArray[np.bool_],
    chosen: FeatureClass,
    settings: ExtractionSettings,
    spacing: Spacing,
) -> dict[str, float] | str:
    """Compute one shape class, or say why it cannot be."""
    if chosen.name == "shape":
        return _named(chosen, shape(mask, spacing, settings.ibsi))
    axis = settings.force2Ddimension
    if not settings.force2D:
        return "shape2D needs force2D: true"
    if mask.shape[axis] > 1:
        return f"shape2D needs one slice, the region has {mask.shape[axis]} along array axis {axis}"
    if mask.shape[2 - axis] == 1:
        # PyRadiomics looks at the opposite axis here; kept, so that both give the same columns
        return "shape2D needs a region of more than one voxel across"
    flat = [size for other, size in enumerate(spacing) if other != axis]
    return _named(chosen, shape_2d(mask.squeeze(axis), (flat[0], flat[1]), settings.ibsi))


def _named(chosen: FeatureClass, found: dict[str, float]) -> dict[str, float]:
    return {f"{chosen.name}_{feature}": found[feature] for feature in chosen.features}
