"""Nine features of the gray-level histogram."""

from __future__ import annotations

import numpy as np

from dlr.features.mazda.found import Found, moments
from dlr.features.mazda.names import HISTOGRAM
from dlr.features.mazda.region import Region
from dlr.features.mazda.settings import MazdaSettings

PERCENTS = (1, 10, 50, 90, 99)


def histogram_features(region: Region, settings: MazdaSettings) -> Found:
    """Return mean, variance, skewness, kurtosis and five percentiles of the ROI's pixels.

    A percentile is the smallest value that at least that share of the pixels does not exceed.
    """
    if settings.histogram == "original":
        values = region.intensities[region.mask]
    else:
        levels = region.levels(settings.histogram_bits, settings.rounding)
        values = levels[region.mask].astype(np.float64)
    values = np.sort(values)
    # Whole numbers, so that 10% of 50 pixels are 5 and not a little more
    positions = [-(-percent * values.size // 100) - 1 for percent in PERCENTS]
    numbers = (*moments(values, settings.excess_kurtosis), *values[positions].tolist())
    return Found(dict(zip(HISTOGRAM, numbers)), "the gray levels do not vary in the ROI")
