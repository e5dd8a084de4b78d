"""Grey level run length matrix: runs of one grey level along each direction."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels, Integers
from dlr.features.radiomics.native.emphasis import emphasis_features
from dlr.features.radiomics.native.neighbours import directions, flat_steps, nan_mean, weights
from dlr.features.radiomics.options import ExtractionSettings

ORDER = (
    "ShortRunEmphasis", "LongRunEmphasis", "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized", "RunLengthNonUniformity",
    "RunLengthNonUniformityNormalized", "RunPercentage", "GrayLevelVariance", "RunVariance",
    "RunEntropy", "LowGrayLevelRunEmphasis", "HighGrayLevelRunEmphasis",
    "ShortRunLowGrayLevelEmphasis", "ShortRunHighGrayLevelEmphasis",
    "LongRunLowGrayLevelEmphasis", "LongRunHighGrayLevelEmphasis",
)  # fmt: skip


def glrlm(
    grey: GreyLevels, settings: ExtractionSettings, spacing: tuple[float, float, float]
) -> dict[str, float]:
    """Compute the run features (PyRadiomics' ``glrlm``).

    Each feature is the mean over directions; with ``weightingNorm`` the matrices of all
    directions, weighted by the length of a step, are summed first. A direction along which no
    line meets two voxels of the region is left out.
    """
    size = tuple(extent - 2 * grey.pad for extent in grey.volume.shape)
    steps = directions(settings, size)
    longest = max(size)
    offsets = flat_steps(steps, grey.volume.shape)
    if settings.weightingNorm is None:
        rows = _features(grey.volume, grey.places, grey.pad, steps, offsets, grey.levels, longest)
        means = nan_mean(rows)
    else:
        lengths = weights(settings.weightingNorm, steps, spacing)
        matrix = _weighted(
            grey.volume, grey.places, grey.pad, steps, offsets, len(grey.levels), longest, lengths
        )
        means = emphasis_features(matrix, grey.levels, np.arange(1.0, longest + 1))
    return dict(zip(ORDER, means.tolist()))


@compiled
def _features(
    volume: npt.NDArray[np.int32],
    places: Integers,
    pad: int,
    steps: Integers,
    offsets: Integers,
    levels: Floats,
    longest: int,
) -> Floats:
    rows = np.full((len(steps), 16), math.nan)
    matrix = np.zeros((len(levels), longest))
    lengths = np.ones(volume.size, np.int32)
    sizes = np.arange(1.0, longest + 1)
    for a in range(len(steps)):
        matrix[:] = 0
        found, met_two = count_runs(volume.ravel(), places, offsets[a], lengths, matrix)
        if met_two or _line_meets_two(volume, pad, steps[a]):
            rows[a] = emphasis_features(matrix, levels, sizes[:found])
    return rows


@compiled
def _weighted(
    volume: npt.NDArray[np.int32],
    places: Integers,
    pad: int,
    steps: Integers,
    offsets: Integers,
    n_levels: int,
    longest: int,
    weights_of_steps: Floats,
) -> Floats:
    total = np.zeros((n_levels, longest))
    matrix = np.zeros((n_levels, longest))
    lengths = np.ones(volume.size, np.int32)
    for a in range(len(steps)):
        matrix[:] = 0
        _, met_two = count_runs(volume.ravel(), places, offsets[a], lengths, matrix)
        if met_two or _line_meets_two(volume, pad, steps[a]):
            total += matrix * weights_of_steps[a]
    return total


@compiled
def count_runs(
    flat: npt.NDArray[np.int32],
    places: Integers,
    offset: int,
    lengths: npt.NDArray[np.int32],
    matrix: Floats,
) -> tuple[int, bool]:
    """Count runs along one direction into `matrix`.

    A voxel that goes on a run turns the run counted so far into a longer one; its predecessor
    comes first in `places`, because steps lead forwards in memory. `lengths` is working space.

    Returns
    -------
    longest : int
        The length of the longest run.
    met_two : bool
        Whether two voxels of the region are neighbours.
    """
    longest = 1
    neighbours = 0
    for place in places:
        level = flat[place]
        before = flat[place - offset]
        neighbours += before != 0
        length = 1
        if before == level:
            length = lengths[place - offset] + 1
            matrix[level - 1, length - 2] -= 1
            longest = max(longest, length)
        matrix[level - 1, length - 1] += 1
        lengths[place] = length
    return longest, neighbours > 0


@compiled
def _line_meets_two(volume: npt.NDArray[np.int32], pad: int, step: npt.NDArray[np.int64]) -> bool:
    """Say whether two voxels of the region lie on one line, gaps between them allowed."""
    depth, height, width = volume.shape
    for z, y, x in zip(*np.nonzero(volume)):
        i, j, k = z + step[0], y + step[1], x + step[2]
        while pad <= i < depth - pad and pad <= j < height - pad and pad <= k < width - pad:
            if volume[i, j, k] != 0:
                return True
            i, j, k = i + step[0], j + step[1], k + step[2]
    return False
