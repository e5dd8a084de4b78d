"""Grey level size zone matrix: connected zones of one grey level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import GreyLevels
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
    levels, sizes = _zones(grey.volume, np.concatenate([half, -half]), int(grey.counts.sum()))
    distinct, column = np.unique(sizes, return_inverse=True)
    matrix = np.zeros((len(grey.levels), len(distinct)))
    np.add.at(matrix, (levels - 1, column), 1)
    values = emphasis_features(matrix, grey.levels, distinct.astype(np.float64))
    return dict(zip(ORDER, values.tolist()))


@compiled
def _zones(
    volume: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], n_voxels: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return grey level (1-based index) and number of voxels of every zone."""
    flat = volume.copy().ravel()
    levels = np.empty(n_voxels, np.int64)
    sizes = np.empty(n_voxels, np.int64)
    stack = np.empty(n_voxels, np.int64)
    n_zones = 0
    for start in range(len(flat)):
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
