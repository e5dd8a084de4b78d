"""The image as the filters see it: normalised where asked, and only where needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.options import ExtractionSettings

Voxels = npt.NDArray[Any]


@dataclass(frozen=True)
class Normalisation:
    """``(x - mean) / sd``, cut at ± `outliers` standard deviations, times `scale`."""

    mean: float
    standard_deviation: float
    outliers: float | None
    scale: float

    @classmethod
    def of(cls, image: sitk.Image, settings: ExtractionSettings) -> Normalisation:
        """Take mean and standard deviation (n - 1) of a whole image."""
        mean, deviation = _mean_and_deviation(image)
        if not np.isfinite(deviation):
            raise CaseError(
                "the image holds infinite or missing intensities, so it cannot be normalised; "
                "correct the image"
            )
        if not deviation > 0:
            raise CaseError("the image is constant, so it cannot be normalised; check the image")
        outliers = None if settings.removeOutliers is None else float(settings.removeOutliers)
        return cls(mean, deviation, outliers, float(settings.normalizeScale))

    def apply(self, array: Voxels) -> npt.NDArray[np.float64]:
        """Return the normalised intensities."""
        result = (array.astype(np.float64) - self.mean) * (1.0 / self.standard_deviation)
        if self.outliers is not None:
            np.clip(result, -self.outliers, self.outliers, out=result)
        return np.asarray(result * self.scale, np.float64)


class Intensities:
    """The intensities of an image, normalised piece by piece.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        The image in its own type.
    spacing : tuple of float
        Voxel size (mm) along z, y, x.
    normalisation : Normalisation, optional
        What is done to every intensity.
    """

    def __init__(
        self,
        array: Voxels,
        spacing: tuple[float, float, float],
        normalisation: Normalisation | None = None,
        owner: sitk.Image | None = None,
    ) -> None:
        self.array = array
        self.spacing = spacing
        self.normalisation = normalisation
        self._owner = owner  # an array view is valid only as long as its image lives

    @classmethod
    def of(cls, image: sitk.Image, settings: ExtractionSettings) -> Intensities:
        """Take the intensities of a scalar volume."""
        array = sitk.GetArrayViewFromImage(image)
        x, y, z = image.GetSpacing()
        normalisation = Normalisation.of(image, settings) if settings.normalize else None
        return cls(array, (z, y, x), normalisation, image)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        depth, height, width = self.array.shape
        return depth, height, width

    def crop(self, box: Box) -> Voxels:
        """Return the intensities in a box: 64-bit floats if normalised, else the image's type."""
        return self._normalised(self.array[box.slices])

    def take(self, indices: list[npt.NDArray[np.int64]]) -> Voxels:
        """Return the intensities where the given indices along z, y, x cross."""
        return self._normalised(self.array[np.ix_(*indices)])

    def cut(self, box: Box) -> Intensities:
        """Return the part in a box as an image of its own."""
        return Intensities(self.crop(box), self.spacing)

    def as_image(self, like: sitk.Image) -> sitk.Image:
        """Return all intensities as an image on the grid of `like`."""
        if self.normalisation is None:
            return like
        image = sitk.GetImageFromArray(self.normalisation.apply(self.array))
        image.CopyInformation(like)
        return image

    @cached_property
    def largest(self) -> float:
        """The largest absolute intensity of the whole image."""
        ends = np.array([self.array.min(), self.array.max()], np.float64)
        return float(np.abs(self._normalised(ends)).max())

    def _normalised(self, array: Voxels) -> Voxels:
        if self.normalisation is None:
            return np.ascontiguousarray(array)
        return self.normalisation.apply(array)


def _mean_and_deviation(image: sitk.Image) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1).

    SimpleITK, which PyRadiomics normalises with, rounds the sums of 32-bit images in its own way;
    those are left to it. For integers the faster sums here give the same numbers.
    """
    array = sitk.GetArrayViewFromImage(image)
    if has_exact_sums(array):
        total, squares = sums(array)
    elif np.issubdtype(array.dtype, np.integer):
        total, squares = _wide_sums(array)
    else:
        statistics = sitk.StatisticsImageFilter()
        # Every thread adds up a part, so the last digits would depend on the machine's cores.
        statistics.SetNumberOfThreads(1)
        statistics.SetNumberOfWorkUnits(1)
        statistics.Execute(image)
        return statistics.GetMean(), statistics.GetSigma()
    n = array.size
    variance = (squares - total * total / n) / max(n - 1, 1)
    return total / n, math.sqrt(max(variance, 0.0))


def has_exact_sums(array: Voxels) -> bool:
    """Say whether :func:`sums` takes an image: whole numbers of at most 16 bits."""
    return array.dtype in (np.uint8, np.int8, np.uint16, np.int16)


def sums(array: Voxels) -> tuple[float, float]:
    """Return the sums of a volume's intensities and of their squares, which are exact."""
    total, squares = _sums(np.ascontiguousarray(array).reshape(-1))
    return float(total), float(squares)


@compiled
def _sums(values: Voxels) -> tuple[int, int]:
    total = squares = 0
    for i in range(len(values)):
        value = int(values[i])
        total += value
        squares += value * value
    return total, squares


def _wide_sums(array: Voxels) -> tuple[float, float]:
    """Return the same sums for numbers of more bits, whose squares overflow."""
    total = squares = 0.0
    for piece in array:
        values = piece.astype(np.float64).ravel()
        total += float(values.sum())
        squares += float(np.square(values, out=values).sum())
    return total, squares
