"""Grey level size zone matrix: connected zones of one grey level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels, Integers
from dlr.features.radiomics.native.emphasis import emphasis_features
from dlr.features.radiomics.native.neighbours import directions, flat_steps
from dlr.features.radiomics.options import ExtractionSettings

ORDER = (
    "SmallAreaEmphasis", "LargeAreaEmphasis", "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized", "SizeZoneNonUniformity",
    "SizeZoneNonUniformityNormalized", "ZonePercentage", "GrayLevelVariance", "ZoneVariance",
    "ZoneEntropy", "LowGrayLevelZoneEmphasis", "HighGrayLevelZoneEmphasis",
    "SmallAreaLowGrayLevelEmphasis", "SmallAreaHighGrayLevelEmphasis",
    "LargeAreaLowGrayLevelEmphasis", "LargeAreaHighGrayLevelEmphasis",
)  # fmt: skip


def glszm(grey: GreyLevels, settings: ExtractionSettings) -> dict[str, float]:
    """Compute the zone features (PyRadiomics' ``glszm``).

    Voxels of a zone touch by a face, an edge or a corner.
    """
    size = tuple(extent - 2 * grey.pad for extent in grey.volume.shape)
    half = flat_steps(directions(settings, size), grey.volume.shape)
    offsets = np.concatenate([half, -half])
    levels, sizes = _zones(grey.volume.ravel(), grey.places, offsets)
    matrix, distinct = _count(levels, sizes, len(grey.levels))
    values = emphasis_features(matrix, grey.levels, distinct)
    return dict(zip(ORDER, values.tolist()))


@compiled
def _zones(
    volume: npt.NDArray[np.int32], places: Integers, offsets: Integers
) -> tuple[Integers, Integers]:
    """Return grey level (1-based index) and number of voxels of every zone."""
    flat = volume.copy()
    levels = np.empty(len(places), np.int64)
    sizes = np.empty(len(places), np.int64)
    stack = np.empty(len(places), np.int64)
    n_zones = 0
    for start in places:
        level = flat[start]
        if level == 0:
            continue
        flat[start] = 0
        stack[0] = start
        waiting, zone_size = 1, 0
        while waiting > 0:
            waiting -= 1
            zone_size += 1
            place = stack[waiting]
            for offset in offsets:
                if flat[place + offset] == level:
                    flat[place + offset] = 0
                    stack[waiting] = place + offset
                    waiting += 1
        levels[n_zones] = level
        sizes[n_zones] = zone_size
        n_zones += 1
    return levels[:n_zones], sizes[:n_zones]


@compiled
def _count(levels: Integers, sizes: Integers, n_levels: int) -> tuple[Floats, Floats]:
    """Return how often a grey level occurs with a size, and the sizes that occur."""
    column = np.zeros(sizes.max() + 1, np.int64)
    column[sizes] = 1
    distinct = np.flatnonzero(column)
    column[distinct] = np.arange(len(distinct))
    matrix = np.zeros((n_levels, len(distinct)))
    for i in range(len(levels)):
        matrix[levels[i] - 1, column[sizes[i]]] += 1
    return matrix, distinct.astype(np.float64)
