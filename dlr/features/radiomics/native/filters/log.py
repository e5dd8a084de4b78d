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
from dlr.features.radiomics.native.filters.recursive_gaussian import second_derivative, smoothing
from dlr.features.radiomics.native.filters.recursive_lines import Pass, filter_axis
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
    problems = {float(sigma): _too_small(intensities, float(sigma)) for sigma in settings.sigma}
    images = _filter(intensities, box, [sigma for sigma, text in problems.items() if not text])
    for sigma in settings.sigma:
        problem = problems[float(sigma)]
        yield FilteredImage(log_name(sigma), images.get(float(sigma)), problem)


def _too_small(intensities: Intensities, sigma: float) -> str:
    """Say why an image is too small for a sigma; PyRadiomics has the same limits."""
    shape = intensities.shape
    if min(shape) < MINIMUM_VOXELS:
        return f"the Laplacian of Gaussian needs 4 voxels in every direction, the image has {shape}"
    needed = [math.ceil(sigma / spacing) + 1 for spacing in intensities.spacing]
    if any(n < least for n, least in zip(shape, needed)):
        return f"sigma {sigma:g} mm needs an image of {tuple(needed)} voxels (z, y, x), not {shape}"
    return ""


def _filter(intensities: Intensities, box: Box, sigmas: list[float]) -> dict[float, Single]:
    """Sum the second derivatives along x, y, z, each smoothed along the two other axes."""
    if not sigmas:
        return {}
    spacing = intensities.spacing
    widest = box.grown(_margins(max(sigmas), spacing), intensities.shape)
    source = np.ascontiguousarray(intensities.crop(widest), np.float64)  # once for all widths
    inner = box.within(widest)
    outer = {s: inner.grown(_margins(s, spacing), source.shape) for s in sigmas}
    totals = {sigma: np.zeros(box.size, np.float32) for sigma in sigmas}
    for axis in (2, 1, 0):  # ITK's order: x first
        factor = 1.0 / (spacing[axis] * spacing[axis])
        low, high = inner.low[axis], inner.high[axis]
        passes = [Pass(second_derivative(s, spacing[axis]), outer[s], low, high) for s in sigmas]
        for sigma, derived in zip(sigmas, filter_axis(source, axis, passes)):
            part = _smoothed(derived, axis, inner.within(outer[sigma]), sigma, spacing)
            total = totals[sigma] + part.astype(np.float64) * factor
            totals[sigma] = total.astype(np.float32)
    return totals


def _smoothed(
    derived: Single, axis: int, inner: Box, sigma: float, spacing: tuple[float, float, float]
) -> Single:
    """Smooth along the axes other than `axis`, x before y before z."""
    for other in (2, 1, 0):
        if other != axis:
            whole = Box((0, 0, 0), derived.shape)
            low, high = inner.low[other], inner.high[other]
            item = Pass(smoothing(sigma, spacing[other]), whole, low, high)
            (derived,) = filter_axis(derived, other, [item])
    return derived


def _margins(sigma: float, spacing: tuple[float, float, float]) -> Triple:
    """Return how many voxels around a region one sigma needs, along z, y, x."""
    z, y, x = (math.ceil(PAD_SIGMAS * sigma / size) + 3 for size in spacing)
    return z, y, x
