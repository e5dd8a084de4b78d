"""Directions of neighbouring voxels."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.options import ExtractionSettings

Directions = npt.NDArray[np.int64]


def directions(
    settings: ExtractionSettings, size: tuple[int, ...], distances: tuple[int, ...] = (1,)
) -> Directions:
    """Return one of every pair of opposite directions, at given distances (infinity norm).

    Parameters
    ----------
    settings : ExtractionSettings
        With ``force2D``, directions stay within slices of the axis ``force2Ddimension``.
    size : tuple of int
        Extent of the region (z, y, x); no direction leads further than it.
    distances : tuple of int
        Distances in voxels.

    Returns
    -------
    ndarray of int, shape (n, 3)
        Steps along z, y, x; 13 for a volume and distance 1.
    """
    axis = settings.force2Ddimension if settings.force2D else None
    return _half_sphere(axis, size, distances)


@lru_cache(maxsize=64)
def _half_sphere(axis: int | None, size: tuple[int, ...], distances: tuple[int, ...]) -> Directions:
    """List the directions once per size; `axis` is the one that no direction moves along."""
    reach = range(max(distances), -max(distances) - 1, -1)
    steps = [
        step
        for step in product(reach, repeat=3)
        if max(map(abs, step)) in distances
        and all(abs(move) < extent for move, extent in zip(step, size))
        and (axis is None or step[axis] == 0)
    ]
    half = np.array(steps[: len(steps) // 2], np.int64).reshape(-1, 3)
    half.flags.writeable = False
    return half


def flat_steps(steps: Directions, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return steps as offsets into an array of `shape` laid out in C order."""
    return np.asarray(steps @ np.array([shape[1] * shape[2], shape[2], 1]), np.int64)


def weights(
    norm: str | None, steps: Directions, spacing: tuple[float, float, float]
) -> npt.NDArray[np.float64]:
    """Return the length (mm) of each direction in the norm of ``weightingNorm``; 1 without."""
    moves = np.abs(steps) * np.array(spacing)
    lengths = {
        "manhattan": moves.sum(1),
        "euclidean": np.sqrt((moves**2).sum(1)),
        "infinity": moves.max(1, initial=0),
    }
    return np.asarray(lengths.get(norm or "", np.ones(len(steps))), np.float64)


def nan_mean(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean over rows without NaN; NaN for a column that has no number."""
    known = ~np.isnan(rows)
    counts = known.sum(0)
    sums = np.where(known, rows, 0.0).sum(0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), math.nan)
