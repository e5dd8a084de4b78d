"""Grey level dependence matrix: how many neighbours share a voxel's grey level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels, Integers
from dlr.features.radiomics.native.emphasis import emphasis_features
from dlr.features.radiomics.native.neighbourhoods import dependents
from dlr.features.radiomics.native.neighbours import directions, flat_steps
from dlr.features.radiomics.options import ExtractionSettings

ORDER = (
    "SmallDependenceEmphasis", "LargeDependenceEmphasis", "GrayLevelNonUniformity", "",
    "DependenceNonUniformity", "DependenceNonUniformityNormalized", "", "GrayLevelVariance",
    "DependenceVariance", "DependenceEntropy", "LowGrayLevelEmphasis", "HighGrayLevelEmphasis",
    "SmallDependenceLowGrayLevelEmphasis", "SmallDependenceHighGrayLevelEmphasis",
    "LargeDependenceLowGrayLevelEmphasis", "LargeDependenceHighGrayLevelEmphasis",
)  # fmt: skip


def gldm(grey: GreyLevels, settings: ExtractionSettings) -> dict[str, float]:
    """Compute the dependence features (PyRadiomics' ``gldm``).

    A neighbour depends when its grey level differs by at most ``gldm_a``; the size of a
    dependence is the number of such neighbours plus the voxel itself.
    """
    size = tuple(extent - 2 * grey.pad for extent in grey.volume.shape)
    half = flat_steps(directions(settings, size, settings.distances), grey.volume.shape)
    offsets = np.concatenate([half, -half])
    flat = grey.volume.ravel()
    found = dependents(flat, grey.places, offsets, grey.levels, float(settings.gldm_a))
    matrix = _count(flat, grey.places, found, len(grey.levels), len(offsets) + 1)
    values = emphasis_features(matrix, grey.levels, np.arange(1.0, len(offsets) + 2))
    return {name: value for name, value in zip(ORDER, values.tolist()) if name}


@compiled
def _count(
    flat: npt.NDArray[np.int32], places: Integers, found: Integers, n_levels: int, n_sizes: int
) -> Floats:
    """Return how often a grey level occurs with a number of dependent neighbours."""
    matrix = np.zeros((n_levels, n_sizes))
    for i in range(len(places)):
        matrix[flat[places[i]] - 1, found[i]] += 1
    return matrix
