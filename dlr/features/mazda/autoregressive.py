"""Five parameters of the first-order autoregressive model."""

from __future__ import annotations

import math

import numpy as np

from dlr.features.mazda.found import Found
from dlr.features.mazda.names import AUTOREGRESSIVE
from dlr.features.mazda.region import Region
from dlr.features.mazda.settings import MazdaSettings

STEPS = {"left": (0, -1), "upper-left": (-1, -1), "upper": (-1, 0), "upper-right": (-1, 1)}
"""Step to each neighbour in (row, column)."""


def autoregressive_features(region: Region, settings: MazdaSettings) -> Found:
    """Return the weights of four neighbours and the SD of what they leave unexplained.

    ``f - mu = sum_r Teta_r (f_r - mu) + e`` by least squares over the pixels whose four
    neighbours lie in the ROI, mu the mean of the ROI; ``Sigma^2 = mean(e^2)`` (Materka &
    Strzelecki 1998).
    """
    levels = region.levels(settings.autoregressive_bits, settings.rounding)
    inside = levels[region.mask].astype(np.float64)
    mean = inside.mean()
    mask = np.pad(region.mask, 1)
    usable = mask.copy()
    for down, right in STEPS.values():
        usable &= np.roll(mask, (-down, -right), (0, 1))
    rows, columns = np.nonzero(usable)
    centred = np.pad(levels - mean, 1)
    neighbours = np.column_stack(
        [
            centred[rows + down, columns + right]
            for down, right in (STEPS[name] for name in settings.autoregressive_neighbours)
        ]
    )
    wanted = centred[rows, columns]
    unknown = dict.fromkeys(AUTOREGRESSIVE, math.nan)
    if rows.size < len(STEPS):
        return Found(unknown, "fewer than four pixels have their four neighbours in the ROI")
    weights, _, rank, _ = np.linalg.lstsq(neighbours, wanted)
    if rank < len(STEPS):
        return Found(unknown, "the neighbours' gray levels are linearly dependent in the ROI")
    sigma = math.sqrt(float(np.square(wanted - neighbours @ weights).mean()))
    if settings.autoregressive_scale == "standardised":
        sigma /= float(inside.std())
    return Found(dict(zip(AUTOREGRESSIVE, (*weights.tolist(), sigma))))
