"""Five features of the absolute gradient."""

from __future__ import annotations

import math

import numpy as np

from dlr.features.mazda.found import Found, moments
from dlr.features.mazda.names import GRADIENT
from dlr.features.mazda.region import Mask, Region
from dlr.features.mazda.settings import MazdaSettings


def gradient_features(region: Region, settings: MazdaSettings) -> Found:
    """Return mean, variance, skewness, kurtosis and share of non-zeros of the absolute gradient.

    ``sqrt((x[i+k, j] - x[i-k, j])^2 + (x[i, j+k] - x[i, j-k])^2)``, k = 2 for the neighbourhood of
    5 x 5 pixels and 1 for 3 x 3 (Materka & Strzelecki, Texture analysis methods: a review,
    COST B11 report, Lodz 1998), at the pixels whose neighbourhood lies in the ROI.
    """
    reach = settings.gradient_size // 2
    levels = np.pad(region.levels(settings.gradient_bits, settings.rounding), reach)
    usable = _usable(np.pad(region.mask, reach), reach, settings.gradient_support == "window")
    rows, columns = np.nonzero(usable)
    if rows.size == 0:
        size = settings.gradient_size
        reason = f"no neighbourhood of {size} x {size} pixels lies in the ROI"
        return Found(dict.fromkeys(GRADIENT, math.nan), reason)
    down = levels[rows + reach, columns] - levels[rows - reach, columns]
    across = levels[rows, columns + reach] - levels[rows, columns - reach]
    gradient = np.sqrt((down * down + across * across).astype(np.float64))
    share = np.count_nonzero(gradient) / gradient.size
    if settings.gradient_nonzeros == "percent":
        share *= 100
    numbers = (*moments(gradient, settings.excess_kurtosis), share)
    return Found(dict(zip(GRADIENT, numbers)), "the gradient does not vary in the ROI")


def _usable(mask: Mask, reach: int, window: bool) -> Mask:
    """Mark the pixels whose neighbourhood lies in the ROI; the margin holds no ROI."""
    usable = mask.copy()
    if window:  # a square: one direction after the other
        for axis in (0, 1):
            lines = usable.copy()
            for step in range(1, reach + 1):
                usable &= np.roll(lines, step, axis) & np.roll(lines, -step, axis)
        return usable
    for axis in (0, 1):
        usable &= np.roll(mask, reach, axis) & np.roll(mask, -reach, axis)
    return usable
