"""Grey level dependence matrix: how many neighbours share a voxel's grey level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels
from dlr.features.radiomics.native.emphasis import emphasis_features
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
    matrix = _dependences(grey.volume, offsets, grey.levels, float(settings.gldm_a))
    values = emphasis_features(matrix, grey.levels, np.arange(1.0, len(offsets) + 2))
    return {name: value for name, value in zip(ORDER, values.tolist()) if name}


@compiled
def _dependences(
    volume: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    levels: Floats,
    tolerance: float,
) -> Floats:
    flat = volume.ravel()
    matrix = np.zeros((len(levels), len(offsets) + 1))
    for place in range(len(flat)):
        level = flat[place]
        if level == 0:
            continue
        dependent = 0
        for offset in offsets:
            other = flat[place + offset]
            if other != 0 and abs(levels[other - 1] - levels[level - 1]) <= tolerance:
                dependent += 1
        matrix[level - 1, dependent] += 1
    return matrix
