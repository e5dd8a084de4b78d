"""Stationary wavelet transform of the surroundings of a region.

PyWavelets transforms periodic signals of even length, so PyRadiomics repeats the first sample
after an axis of odd length. Here only the region's box and as many samples around it as the
filters reach are transformed: the values are bit-equal.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pywt

from dlr.features.radiomics.names import wavelet_names
from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.filters.filtered import FilteredImage
from dlr.features.radiomics.native.intensities import Intensities, Voxels
from dlr.features.radiomics.options import ExtractionSettings


def wavelet(
    intensities: Intensities, box: Box, settings: ExtractionSettings
) -> Iterator[FilteredImage]:
    """Yield the sub-bands of each level and the last approximation, cut to `box`."""
    axes = [axis for axis in (2, 1, 0) if not _left_out(axis, settings)]
    basis = pywt.Wavelet(settings.wavelet)
    reach = basis.dec_len * (settings.start_level + settings.level)
    indices, inner = _surroundings(intensities.shape, box, axes, reach)
    data = intensities.take(indices)
    bands: list[Voxels] = []
    approximation = "a" * len(axes)
    for level in range(settings.start_level + settings.level):
        parts = pywt.swtn(data, basis, level=1, start_level=0, axes=tuple(axes))[0]
        data = parts[approximation]
        if level >= settings.start_level:
            bands += [part[inner] for name, part in parts.items() if name != approximation]
    for name, band in zip(wavelet_names(settings), [*bands, data[inner]]):
        yield FilteredImage(name, band)


def _left_out(axis: int, settings: ExtractionSettings) -> bool:
    return settings.force2D and axis == settings.force2Ddimension


def _surroundings(
    shape: tuple[int, int, int], box: Box, axes: list[int], reach: int
) -> tuple[list[npt.NDArray[np.int64]], tuple[slice, slice, slice]]:
    """Return the indices to fetch along each axis, and where the box lies among them."""
    indices: list[npt.NDArray[np.int64]] = []
    inner: list[slice] = []
    for axis, (n, low, high) in enumerate(zip(shape, box.low, box.high)):
        first, last = low, high
        if axis in axes:
            first, last = low - reach, high + reach
            last += (last - first) % 2
            if first < 0 or last > n:
                # near the border PyWavelets adds the terms of a sum in another order, so that the
                # whole axis is needed to repeat its rounding
                first, last = 0, n + n % 2
        wanted = np.arange(first, last)
        indices.append(np.where(wanted == n, 0, wanted))
        inner.append(slice(low - first, high - first))
    return indices, (inner[0], inner[1], inner[2])
