"""Grey level run length matrix: runs of one grey level along each direction."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels
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
    if settings.weightingNorm is None:
        rows = _features(grey.volume, grey.pad, steps, _offsets(grey, steps), grey.levels, longest)
        means = nan_mean(rows)
    else:
        lengths = weights(settings.weightingNorm, steps, spacing)
        matrix = _weighted(
            grey.volume, grey.pad, steps, _offsets(grey, steps), len(grey.levels), longest, lengths
        )
        means = emphasis_features(matrix, grey.levels, np.arange(1.0, longest + 1))
    return dict(zip(ORDER, means.tolist()))


def _offsets(grey: GreyLevels, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return flat_steps(steps, grey.volume.shape)


@compiled
def _features(
    volume: npt.NDArray[np.int32],
    pad: int,
    steps: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    levels: Floats,
    longest: int,
) -> Floats:
    rows = np.empty((len(steps), 16))
    matrix = np.zeros((len(levels), longest))
    sizes = np.arange(1.0, longest + 1)
    for a in range(len(steps)):
        matrix[:] = 0
        if count_runs(volume, pad, steps[a], offsets[a], matrix):
            rows[a] = emphasis_features(matrix, levels, sizes)
        else:
            rows[a] = math.nan
    return rows


@compiled
def _weighted(
    volume: npt.NDArray[np.int32],
    pad: int,
    steps: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    n_levels: int,
    longest: int,
    lengths: Floats,
) -> Floats:
    total = np.zeros((n_levels, longest))
    matrix = np.zeros((n_levels, longest))
    for a in range(len(steps)):
        matrix[:] = 0
        if count_runs(volume, pad, steps[a], offsets[a], matrix):
            total += matrix * lengths[a]
    return total


@compiled
def count_runs(
    volume: npt.NDArray[np.int32],
    pad: int,
    step: npt.NDArray[np.int64],
    offset: int,
    matrix: Floats,
) -> bool:
    """Count runs along one direction into `matrix`; say whether a line meets two voxels."""
    flat = volume.ravel()
    depth, height, width = volume.shape
    met_two = False
    for z in range(pad, depth - pad):
        for y in range(pad, height - pad):
            start = (z * height + y) * width
            for x in range(pad, width - pad):
                place = start + x
                level = flat[place]
                if level == 0:
                    continue
                before = flat[place - offset]
                met_two = met_two or before != 0
                if before == level:
                    continue  # within a run that was counted from its first voxel
                length = 1
                place += offset
                while flat[place] == level:
                    length += 1
                    place += offset
                matrix[level - 1, length - 1] += 1
    return met_two or _line_meets_two(volume, pad, step)


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
