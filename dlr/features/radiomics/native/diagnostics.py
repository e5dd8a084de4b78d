"""What PyRadiomics reports beside the features: versions, settings, and facts on image and mask."""

from __future__ import annotations

import hashlib
import platform
from typing import Any

import numpy as np
import pywt
import SimpleITK as sitk

from dlr.features.radiomics.native.box import Box, locate
from dlr.features.radiomics.native.intensities import Intensities, has_exact_sums, sums
from dlr.features.radiomics.native.region import Mask
from dlr.features.radiomics.settings import ParameterFile

PREFIX = "diagnostics_"


class Diagnostics:
    """Collects what is reported on one case; does nothing unless ``additionalInfo`` asks for it.

    Parameters
    ----------
    parameters : ParameterFile
        The settings that are reported.
    version : str
        Version of the engine.
    of_image : dict, optional
        Facts on the image as given; filled for the first of its regions, used for the others.
    """

    def __init__(
        self, parameters: ParameterFile, version: str, of_image: dict[str, Any] | None = None
    ) -> None:
        self.facts: dict[str, Any] = {}
        self._of_image = {} if of_image is None else of_image
        self._wanted = parameters.settings.additionalInfo
        self._label = parameters.settings.label
        if self._wanted:
            written = parameters.to_dict()
            self._add("Versions_dlr", version)
            self._add("Versions_Numpy", np.__version__)
            self._add("Versions_SimpleITK", sitk.Version().VersionString())
            self._add("Versions_PyWavelet", pywt.__version__)
            self._add("Versions_Python", platform.python_version())
            self._add("Configuration_Settings", written["setting"])
            self._add("Configuration_EnabledImageTypes", written["imageType"])

    def add_original(self, image: sitk.Image, mask: sitk.Image, box: Box) -> None:
        """Report on image and mask as they were given; `box` is the region's."""
        if not self._wanted:
            return
        if not self._of_image:
            self._of_image.update(_facts_of_image(image))
        self.facts.update(self._of_image)
        labels = sitk.GetArrayViewFromImage(mask)
        self._add("Mask-original_Hash", _sha1(labels, np.dtype(np.uint32)))
        self._add_mask("original", mask, labels[box.slices] == self._label, box, None)

    def add_interpolated(
        self, image: sitk.Image, mask: sitk.Image, intensities: Intensities
    ) -> None:
        """Report on image and mask after resampling."""
        if self._wanted:
            self.facts.update(_facts_of_array("interpolated", image, intensities.array))
            inside = sitk.GetArrayViewFromImage(mask) == self._label
            self.add_mask("interpolated", mask, inside, intensities)

    def add_mask(
        self, prefix: str, mask: sitk.Image, inside: Mask, intensities: Intensities
    ) -> None:
        """Report on a mask that was ``corrected``, ``interpolated`` or ``resegmented``."""
        if self._wanted:
            box, _ = locate(inside)
            if box is not None:
                self._add_mask(prefix, mask, inside[box.slices], box, intensities)

    def _add(self, name: str, value: object) -> None:
        self.facts[PREFIX + name] = value

    def _add_mask(
        self, prefix: str, mask: sitk.Image, cut: Mask, box: Box, intensities: Intensities | None
    ) -> None:
        """Report place and size of a region and, where given, the intensities in it."""
        centre = [float(place.mean() + low) for place, low in zip(np.nonzero(cut), box.low)][::-1]
        self._add(f"Mask-{prefix}_Spacing", mask.GetSpacing())
        self._add(f"Mask-{prefix}_Size", mask.GetSize())
        self._add(f"Mask-{prefix}_BoundingBox", (*box.low[::-1], *box.size[::-1]))
        self._add(f"Mask-{prefix}_VoxelNum", int(np.count_nonzero(cut)))
        self._add(f"Mask-{prefix}_VolumeNum", _pieces(cut))
        self._add(f"Mask-{prefix}_CenterOfMassIndex", tuple(centre))
        physical = mask.TransformContinuousIndexToPhysicalPoint(centre)
        self._add(f"Mask-{prefix}_CenterOfMass", physical)
        if intensities is not None:
            values = intensities.crop(box)[cut].astype(np.float64)
            self._add(f"Mask-{prefix}_Mean", float(values.mean()))
            self._add(f"Mask-{prefix}_Minimum", float(values.min()))
            self._add(f"Mask-{prefix}_Maximum", float(values.max()))


def _facts_of_image(image: sitk.Image) -> dict[str, Any]:
    array = sitk.GetArrayViewFromImage(image)
    return {
        f"{PREFIX}Image-original_Hash": _sha1(array, array.dtype),
        f"{PREFIX}Image-original_Dimensionality": f"{image.GetDimension()}D",
        **_facts_of_array("original", image, array),
    }


def _facts_of_array(prefix: str, image: sitk.Image, array: np.ndarray) -> dict[str, Any]:
    """Report on the grid of an image and its intensities."""
    return {
        f"{PREFIX}Image-{prefix}_Spacing": image.GetSpacing(),
        f"{PREFIX}Image-{prefix}_Size": image.GetSize(),
        f"{PREFIX}Image-{prefix}_Mean": _mean(array),
        f"{PREFIX}Image-{prefix}_Minimum": float(array.min()),
        f"{PREFIX}Image-{prefix}_Maximum": float(array.max()),
    }


def _sha1(array: np.ndarray, dtype: np.dtype) -> str:
    """Return the SHA-1 of the voxels as numbers of a type: the same text as SimpleITK's own."""
    digest = hashlib.sha1()
    for piece in array:  # slice by slice: a whole mask of 32 bits need not exist
        digest.update(np.ascontiguousarray(piece, dtype).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _mean(array: np.ndarray) -> float:
    if has_exact_sums(array):
        return sums(array)[0] / array.size
    return float(array.mean(dtype=np.float64))


def _pieces(cut: Mask) -> int:
    """Count the parts of a region; voxels that share a corner belong together."""
    components = sitk.ConnectedComponentImageFilter()
    components.FullyConnectedOn()
    components.Execute(sitk.GetImageFromArray(cut.astype(np.uint8)))
    return int(components.GetObjectCount())
