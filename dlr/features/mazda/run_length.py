"""Twenty features of runs of one gray level, in four directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dlr.features.mazda.found import Found
from dlr.features.mazda.names import RUN_DIRECTIONS, RUN_LENGTH
from dlr.features.mazda.region import Levels, Mask, Region
from dlr.features.mazda.settings import MazdaSettings
from dlr.features.radiomics.native.compiled import compiled


def run_length_features(region: Region, settings: MazdaSettings) -> Found:
    """Return the five run-length features of each direction; defined for every ROI.

    With ``p(i, j)`` the number of runs of level i and length j, C the number of runs and n the
    number of pixels: ``RLNonUni = sum_j (sum_i p)^2 / C``, ``GLevNonU = sum_i (sum_j p)^2 / C``,
    ``LngREmph = sum j^2 p / C``, ``ShrtREmp = sum p / j^2 / C``, ``Fraction = C / n`` (Galloway
    1975; Szczypiński et al. 2009). A run ends at the border of the ROI.
    """
    bits = settings.run_length_bits
    levels = region.levels(bits, settings.rounding)
    values: dict[str, float] = {}
    for direction, (down, right) in RUN_DIRECTIONS.items():
        by_level, by_length = _runs(levels, region.mask, down, right, 1 << bits)
        features = _features(by_level, by_length)
        values.update({f"{direction}_{name}": x for name, x in zip(RUN_LENGTH, features)})
    return Found(values)


@compiled
def _runs(
    levels: Levels, mask: Mask, down: int, right: int, n_levels: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the runs by gray level and by length (index 0: length 1)."""
    rows, columns = levels.shape
    by_level = np.zeros(n_levels, np.int64)
    by_length = np.zeros(max(rows, columns), np.int64)
    for row in range(rows):
        for column in range(columns):
            if not mask[row, column]:
                continue
            level = levels[row, column]
            i, j = row - down, column - right
            if 0 <= i < rows and 0 <= j < columns and mask[i, j] and levels[i, j] == level:
                continue  # in the middle of a run
            length = 1
            i, j = row + down, column + right
            while 0 <= i < rows and 0 <= j < columns and mask[i, j] and levels[i, j] == level:
                length += 1
                i += down
                j += right
            by_level[level] += 1
            by_length[length - 1] += 1
    return by_level, by_length


def _features(by_level: NDArray[np.int64], by_length: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the features in the order of `RUN_LENGTH`."""
    runs = int(by_level.sum())
    squares = np.arange(1, by_length.size + 1, dtype=np.float64) ** 2
    pixels = int((by_length * np.arange(1, by_length.size + 1)).sum())
    return (
        float(np.square(by_length).sum()) / runs,
        float(np.square(by_level).sum()) / runs,
        float((squares * by_length).sum()) / runs,
        float((by_length / squares).sum()) / runs,
        runs / pixels,
    )
