"""dlr's own radiomics engine: PyRadiomics' features and values, without a compiler."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError, Fault, InputError
from dlr.features.radiomics.engine import RadiomicsResult
from dlr.features.radiomics.names import SHAPE_CLASSES, feature_names
from dlr.features.radiomics.native.diagnostics import Diagnostics
from dlr.features.radiomics.native.features import intensity_features, shape_features
from dlr.features.radiomics.native.filters.images import SUPPORTED, filtered_images
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.native.preparation import prepare
from dlr.features.radiomics.native.region import Region
from dlr.features.radiomics.settings import ImageType, ParameterFile

VERSION = "3"
"""Raised whenever a number changes; part of every cache key."""


class NativeEngine:
    """PyRadiomics' features in NumPy and numba.

    Parameters
    ----------
    parameters : ParameterFile
        Settings resolved for a dimension (:meth:`ParameterFile.for_dimension`).

    Raises
    ------
    InputError
        If an image type is not supported.
    """

    name = "native"
    version = VERSION

    def __init__(self, parameters: ParameterFile) -> None:
        unknown = [kind.name for kind in parameters.image_types if kind.name not in SUPPORTED]
        if unknown:
            problem = (
                f"the engine native does not make the image type {', '.join(unknown)}; "
                "remove it, or use the engine pyradiomics"
            )
            raise InputError([Fault(problem, column="imageType", code="unsupported")])
        self.parameters = parameters
        self._names = feature_names(parameters)
        self._settings = {
            kind.name: parameters.settings_of(kind) for kind in parameters.image_types
        }

    def feature_names(self) -> list[str]:
        """Return the fixed column set, which depends on the settings only."""
        return list(self._names)

    def execute(self, image: sitk.Image, mask: sitk.Image) -> RadiomicsResult:
        """Compute all features of the voxels of `image` where `mask` equals the label (1).

        Raises
        ------
        CaseError
            If the region of interest as a whole cannot be used.
        """
        return self.measurer(image)(mask)

    def execute_many(self, image: sitk.Image, masks: Iterable[sitk.Image]) -> list[RadiomicsResult]:
        """Compute the features of several regions of one image, which is normalised only once.

        The values are those of :meth:`execute` to the last bit.

        Raises
        ------
        CaseError
            If the image, or a region as a whole, cannot be used.
        """
        measure = self.measurer(image)
        return [measure(mask) for mask in masks]

    def measurer(self, image: sitk.Image) -> Callable[[sitk.Image], RadiomicsResult]:
        """Return a function from a mask of `image` to its features.

        What depends on the whole image (its statistics for normalisation, its hash) is found
        once, however many masks follow; a mask that cannot be used leaves the others alone.

        Raises
        ------
        CaseError
            If the image cannot be used; the function raises it for a mask.
        """
        if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
            raise CaseError("the image must be a volume with one value per voxel; convert it")
        if "complex" in image.GetPixelIDTypeAsString():
            raise CaseError("the image holds complex numbers; give its magnitude")
        whole = Intensities.of(image, self.parameters.settings)
        return partial(self._execute, image, whole, {})

    def _execute(
        self, image: sitk.Image, whole: Intensities, known: dict[str, Any], mask: sitk.Image
    ) -> RadiomicsResult:
        diagnostics = Diagnostics(self.parameters, self.version, known)
        settings = self.parameters.settings
        intensities, region = prepare(image, whole, mask, settings, diagnostics)
        values: dict[str, float] = dict.fromkeys(self._names, math.nan)
        problems: dict[str, str] = {}
        self._add_shape(region, intensities.spacing, values, problems)
        for image_type in self.parameters.image_types:
            self._add_image_type(image_type, intensities, region, values, problems)
        finite = np.isfinite(np.fromiter(values.values(), np.float64, len(values)))
        names = list(values)
        for index in np.flatnonzero(~finite):
            name = names[index]
            if name not in problems:
                values[name] = math.nan
                problems[name] = (
                    "not defined for this region: too few voxels, or too few neighbouring voxels"
                )
        return RadiomicsResult(values, problems, diagnostics.facts)

    def _add_shape(
        self,
        region: Region,
        spacing: tuple[float, float, float],
        values: dict[str, float],
        problems: dict[str, str],
    ) -> None:
        for chosen in self.parameters.feature_classes:
            if chosen.name not in SHAPE_CLASSES:
                continue
            found = shape_features(region.shape_mask, chosen, self.parameters.settings, spacing)
            if isinstance(found, str):
                names = [f"original_{chosen.name}_{feature}" for feature in chosen.features]
                problems.update(dict.fromkeys(names, found))
            else:
                values.update({f"original_{name}": value for name, value in found.items()})

    def _add_image_type(
        self,
        image_type: ImageType,
        intensities: Intensities,
        region: Region,
        values: dict[str, float],
        problems: dict[str, str],
    ) -> None:
        settings = self._settings[image_type.name]
        classes = tuple(c for c in self.parameters.feature_classes if c.name not in SHAPE_CLASSES)
        for filtered in filtered_images(image_type.name, intensities, region.box, settings):
            found: dict[str, float] | str = filtered.problem
            if filtered.voxels is not None:
                found = intensity_features(
                    filtered.voxels, region.mask, classes, settings, intensities.spacing
                )
            if isinstance(found, str):
                names = [f"{filtered.name}_{c.name}_{f}" for c in classes for f in c.features]
                problems.update(dict.fromkeys(names, found))
            else:
                values.update({f"{filtered.name}_{name}": value for name, value in found.items()})
