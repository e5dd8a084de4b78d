"""Filters that change every intensity on its own: square, root, logarithm, exponential."""

from __future__ import annotations

import numpy as np

from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.intensities import Intensities, Voxels


def square(intensities: Intensities, box: Box) -> Voxels:
    """Return ``(c x)²`` with ``c = 1 / sqrt(max |x|)``."""
    factor = 1 / np.sqrt(intensities.largest)
    return np.asarray((factor * intensities.crop(box).astype(np.float64)) ** 2)


def square_root(intensities: Intensities, box: Box) -> Voxels:
    """Return ``sign(x) sqrt(max |x| |x|)``."""
    x = intensities.crop(box).astype(np.float64)
    return np.asarray(np.sign(x) * np.sqrt(np.abs(x) * intensities.largest))


def logarithm(intensities: Intensities, box: Box) -> Voxels:
    """Return ``sign(x) c log(|x| + 1)`` with ``c = max |x| / log(max |x| + 1)``."""
    x = intensities.crop(box).astype(np.float64)
    factor = intensities.largest / np.log(intensities.largest + 1)
    return np.asarray(np.sign(x) * np.log(np.abs(x) + 1) * factor)


def exponential(intensities: Intensities, box: Box) -> Voxels:
    """Return ``exp(c x)`` with ``c = log(max |x|) / max |x|``."""
    x = intensities.crop(box).astype(np.float64)
    return np.asarray(np.exp(np.log(intensities.largest) / intensities.largest * x))
