"""Neighbouring grey tone difference matrix (Amadasun and King, 1989)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels, Integers
from dlr.features.radiomics.native.neighbourhoods import surroundings
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
    flat, offsets = grey.volume.ravel(), np.concatenate([half, -half])
    sums, numbers = surroundings(flat, grey.places, offsets, grey.levels)
    differences = _differences(flat, grey.places, sums, numbers, grey.levels)
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
    flat: npt.NDArray[np.int32], places: Integers, sums: Floats, numbers: Floats, levels: Floats
) -> Floats:
    """Return, per grey level, the sum of differences between a voxel and its surroundings' mean."""
    differences = np.zeros(len(levels))
    for i in range(len(places)):
        if numbers[i] > 0:
            level = flat[places[i]] - 1
            differences[level] += abs(levels[level] - sums[i] / numbers[i])
    return differences


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
