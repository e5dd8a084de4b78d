"""Neighbouring grey tone difference matrix (Amadasun and King, 1989)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels
from dlr.features.radiomics.native.neighbours import directions, flat_steps
from dlr.features.radiomics.options import ExtractionSettings

FLAT_COARSENESS = 1e6
"""Coarseness of a region whose voxels all equal their surroundings, as PyRadiomics sets it."""


def ngtdm(grey: GreyLevels, settings: ExtractionSettings) -> dict[str, float]:
    """Compute the neighbourhood features (PyRadiomics' ``ngtdm``).

    A voxel without neighbours counts with a difference of 0.
    """
    size = tuple(extent - 2 * grey.pad for extent in grey.volume.shape)
    half = flat_steps(directions(settings, size, settings.distances), grey.volume.shape)
    differences = _differences(grey.volume, np.concatenate([half, -half]), grey.levels)
    n_voxels = int(grey.counts.sum())
    p = grey.counts / n_voxels
    contrast, spread, complexity, strength = _pair_sums(p, differences, grey.levels)
    weighted, total = float((p * differences).sum()), float(differences.sum())
    pairs = len(p) * (len(p) - 1)
    return {
        "Busyness": weighted / spread if spread != 0 else 0.0,
        "Coarseness": 1 / weighted if weighted != 0 else FLAT_COARSENESS,
        "Complexity": complexity / n_voxels,
        "Contrast": contrast * total / n_voxels / pairs if pairs else 0.0,
        "Strength": strength / total if total != 0 else 0.0,
    }


@compiled
def _differences(
    volume: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], levels: Floats
) -> Floats:
    """Return, per grey level, the sum of differences between a voxel and its surroundings' mean."""
    flat = volume.ravel()
    sums = np.zeros(len(levels))
    for place in range(len(flat)):
        level = flat[place]
        if level == 0:
            continue
        count = 0
        total = 0.0
        for offset in offsets:
            other = flat[place + offset]
            if other != 0:
                count += 1
                total += levels[other - 1]
        if count > 0:
            sums[level - 1] += abs(levels[level - 1] - total / count)
    return sums


@compiled
def _pair_sums(p: Floats, differences: Floats, levels: Floats) -> tuple[float, float, float, float]:
    """Return the sums over pairs of grey levels of contrast, busyness, complexity, strength."""
    contrast = spread = complexity = strength = 0.0
    for i in range(len(p)):
        for j in range(len(p)):
            gap = abs(levels[i] - levels[j])
            both = p[i] + p[j]
            contrast += p[i] * p[j] * gap * gap
            spread += abs(levels[i] * p[i] - levels[j] * p[j])
            complexity += gap * (p[i] * differences[i] + p[j] * differences[j]) / both
            strength += both * gap * gap
    return contrast, spread, complexity, strength
