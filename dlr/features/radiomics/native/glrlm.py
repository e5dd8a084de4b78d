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
    flat_region = (grey.volume, grey.places, grey.pad, steps, offsets)
    if settings.weightingNorm is None:
        means = nan_mean(_features(*flat_region, grey.levels, grey.counts, longest))
    else:
        lengths = weights(settings.weightingNorm, steps, spacing)
        matrix = _weighted(*flat_region, grey.counts, longest, lengths)
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
    counts: Integers,
    longest: int,
) -> Floats:
    rows = np.full((len(steps), 16), math.nan)
    matrix = np.zeros((len(levels), longest))
    lengths = np.ones(volume.size, np.int32)
    sizes = np.arange(1.0, longest + 1)
    for a in range(len(steps)):
        _single_runs(matrix, counts)
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
    counts: Integers,
    longest: int,
    weights_of_steps: Floats,
) -> Floats:
    total = np.zeros((len(counts), longest))
    matrix = np.zeros((len(counts), longest))
    lengths = np.ones(volume.size, np.int32)
    for a in range(len(steps)):
        _single_runs(matrix, counts)
        _, met_two = count_runs(volume.ravel(), places, offsets[a], lengths, matrix)
        if met_two or _line_meets_two(volume, pad, steps[a]):
            total += matrix * weights_of_steps[a]
    return total


@compiled
def _single_runs(matrix: Floats, counts: Integers) -> None:
    matrix[:] = 0
    for level in range(len(counts)):
        matrix[level, 0] = counts[level]


@compiled
def count_runs(
    flat: npt.NDArray[np.int32],
    places: Integers,
    offset: int,
    lengths: npt.NDArray[np.int32],
    matrix: Floats,
) -> tuple[int, bool]:
    """Count runs along one direction into `matrix`.

    At first every voxel counts as a run of its own. One that goes on a run turns the run found so
    far into a longer one; its predecessor comes first in `places`, because steps lead forwards in
    memory. `lengths` is working space.

    Returns
    -------
    longest : int
        The length of the longest run.
    met_two : bool
        Whether two voxels of the region are neighbours.
    """
    longest = 1
    neighbours = 0
    for i in range(len(places)):  # unsigned places spare the check for negative ones
        place = np.uint64(places[i])
        level, before = flat[place], flat[np.uint64(places[i] - offset)]
        neighbours += before != 0
        if before != level:
            lengths[place] = 1
            continue
        length = lengths[np.uint64(places[i] - offset)] + 1
        lengths[place] = length
        longest = max(longest, length)
        row = matrix[level - 1]
        row[0] -= 1
        row[length - 2] -= 1
        row[length - 1] += 1
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
