"""Twenty energies of the Haar wavelet transform."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlr.features.mazda.found import Found
from dlr.features.mazda.names import BANDS, SCALES
from dlr.features.mazda.region import Mask, Region
from dlr.features.mazda.settings import MazdaSettings


def wavelet_features(region: Region, settings: MazdaSettings) -> Iterator[Found]:
    """Give the mean squared Haar coefficient of the four bands at each of five scales.

    At scale s a coefficient belongs to a window of 2^s x 2^s pixels: the sum of the window (LL) or
    the difference of its halves (upper less lower, left less right, both). Windows that lie in the
    ROI as a whole count; a scale whose window exceeds half of the slice is left out.
    """
    levels = region.levels(settings.wavelet_bits, settings.rounding)
    pixels, inside = _table(levels), _table(region.mask.astype(np.int64))
    for scale in SCALES:
        size = 1 << scale
        names = [f"WavEn{band}_s-{scale}" for band in BANDS]
        if 2 * size > min(region.slice_shape):
            reason = f"a window of {size} x {size} pixels exceeds half of the slice"
            yield Found(dict.fromkeys(names, math.nan), reason)
            continue
        windows = _windows(inside, size)
        if settings.wavelet_step == "decimated":
            windows &= _grid(windows.shape, size, region.origin)
        energies = _energies(pixels, windows, size, settings)
        reason = f"no window of {size} x {size} pixels lies in the ROI"
        yield Found(dict(zip(names, energies)), reason)


def _table(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return sums over all pixels above and left, with a first row and column of zeros."""
    return np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _windows(inside: NDArray[np.int64], size: int) -> Mask:
    """Mark the windows, by their first pixel, that lie in the ROI as a whole."""
    if min(inside.shape) <= size:
        return np.zeros((0, 0), dtype=bool)
    covered = inside[size:, size:] - inside[:-size, size:]
    covered -= inside[size:, :-size] - inside[:-size, :-size]
    return covered == size * size


def _grid(shape: tuple[int, ...], size: int, origin: tuple[int, int]) -> Mask:
    """Mark every size-th row and column of the slice."""
    rows = (np.arange(shape[0]) + origin[0]) % size == 0
    columns = (np.arange(shape[1]) + origin[1]) % size == 0
    return rows[:, None] & columns[None, :]


def _energies(
    table: NDArray[np.int64], windows: Mask, size: int, settings: MazdaSettings
) -> tuple[float, ...]:
    """Return the mean squared coefficients in the order of `BANDS`; NaN without a window."""
    rows, columns = np.nonzero(windows)
    if rows.size == 0:
        return (math.nan,) * len(BANDS)
    half = size // 2
    # The nine corners of the four quarters of every window
    corner = [[table[rows + half * i, columns + half * j] for j in range(3)] for i in range(3)]
    quarter = [
        [
            corner[i + 1][j + 1] - corner[i][j + 1] - corner[i + 1][j] + corner[i][j]
            for j in range(2)
        ]
        for i in range(2)
    ]
    (upper_left, upper_right), (lower_left, lower_right) = quarter
    upper, lower = upper_left + upper_right, lower_left + lower_right
    left, right = upper_left + lower_left, upper_right + lower_right
    vertical, horizontal = upper - lower, left - right
    diagonal = upper_left - upper_right - lower_left + lower_right
    low_high, high_low = vertical, horizontal  # LH: low horizontally, high vertically
    if settings.wavelet_first_letter == "vertical":
        low_high, high_low = high_low, low_high
    divisor = float(size * size if settings.wavelet_norm == "mean" else size)
    bands = (upper + lower, low_high, high_low, diagonal)
    return tuple(float(np.square(band / divisor).mean()) for band in bands)
