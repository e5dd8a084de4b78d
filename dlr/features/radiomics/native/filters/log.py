"""Laplacian of Gaussian of the surroundings of a region.

The recursive Gaussian of Deriche (1993) as implemented in ITK, whose numbers PyRadiomics uses:
the same fourth-order recursion with the same coefficients, single-precision images between the
passes, edge values continued beyond the border of the image.

Instead of the whole image, only the region's box and ``PAD_SIGMAS`` standard deviations around it
are filtered, and each pass keeps only what the next one needs. The recursion forgets like
``exp(-1.37 d / sigma)``, so what lies further changes the result by less than the single
precision in which ITK stores it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.names import log_name
from dlr.features.radiomics.native.box import Box, Triple
from dlr.features.radiomics.native.filters.filtered import FilteredImage
from dlr.features.radiomics.native.filters.recursive_gaussian import (
    filter_axis,
    second_derivative,
    smoothing,
)
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.options import ExtractionSettings

PAD_SIGMAS = 16
MINIMUM_VOXELS = 4
"""The recursion looks back four samples."""

Single = npt.NDArray[np.float32]


def laplacian_of_gaussian(
    intensities: Intensities, box: Box, settings: ExtractionSettings
) -> Iterator[FilteredImage]:
    """Yield one image per sigma (mm), cut to `box`."""
    widest = box.grown(_margins(max(settings.sigma), intensities.spacing), intensities.shape)
    surroundings = intensities.cut(widest)  # normalised once for all widths
    for sigma in settings.sigma:
        name = log_name(sigma)
        problem = _too_small(intensities, float(sigma))
        if problem:
            yield FilteredImage(name, None, problem)
        else:
            filtered = _filter(surroundings, box.within(widest), float(sigma))
            yield FilteredImage(name, filtered)


def _too_small(intensities: Intensities, sigma: float) -> str:
    """Say why an image is too small for a sigma; PyRadiomics has the same limits."""
    shape = intensities.shape
    if min(shape) < MINIMUM_VOXELS:
        return f"the Laplacian of Gaussian needs 4 voxels in every direction, the image has {shape}"
    needed = [math.ceil(sigma / spacing) + 1 for spacing in intensities.spacing]
    if any(n < least for n, least in zip(shape, needed)):
        return f"sigma {sigma:g} mm needs an image of {tuple(needed)} voxels (z, y, x), not {shape}"
    return ""


def _filter(intensities: Intensities, box: Box, sigma: float) -> Single:
    """Sum the second derivatives along x, y, z, each smoothed along the two other axes."""
    outer = box.grown(_margins(sigma, intensities.spacing), intensities.shape)
    source = intensities.crop(outer).astype(np.float64)
    inner = box.within(outer)
    total = np.zeros(box.size, np.float32)
    for axis in (2, 1, 0):  # ITK's order: x first
        part = _derivative(source, inner, axis, sigma, intensities.spacing)
        factor = 1.0 / (intensities.spacing[axis] * intensities.spacing[axis])
        total = (total + part.astype(np.float64) * factor).astype(np.float32)
    return total


def _derivative(
    source: npt.NDArray[np.float64],
    inner: Box,
    axis: int,
    sigma: float,
    spacing: tuple[float, float, float],
) -> Single:
    """Derive twice along `axis`, then smooth along the others (x before y before z)."""
    order = [axis, *(other for other in (2, 1, 0) if other != axis)]
    result: npt.NDArray[np.float64] = source
    for place, current in enumerate(order):
        make = second_derivative if place == 0 else smoothing
        coefficients = make(sigma, spacing[current])
        low, high = inner.low[current], inner.high[current]
        stored = filter_axis(result, current, coefficients, low, high)
        result = stored.astype(np.float64)
    return stored


def _margins(sigma: float, spacing: tuple[float, float, float]) -> Triple:
    """Return how many voxels around a region one sigma needs, along z, y, x."""
    z, y, x = (math.ceil(PAD_SIGMAS * sigma / size) + 3 for size in spacing)
    return z, y, x
