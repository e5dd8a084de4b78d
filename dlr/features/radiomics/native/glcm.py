"""Grey level co-occurrence matrix: grey levels of neighbouring voxels (Haralick, 1973)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, GreyLevels, Integers
from dlr.features.radiomics.native.glcm_formulas import MCC, N_FEATURES, ORDER, glcm_features
from dlr.features.radiomics.native.mcc import DECIDED_BY_ROUNDING, mcc_as_pyradiomics
from dlr.features.radiomics.native.neighbours import directions, flat_steps, nan_mean, weights
from dlr.features.radiomics.options import ExtractionSettings


def glcm(
    grey: GreyLevels, settings: ExtractionSettings, spacing: tuple[float, float, float]
) -> dict[str, float]:
    """Compute the co-occurrence features (PyRadiomics' ``glcm``).

    Each feature is the mean over directions; with ``weightingNorm`` the matrices of all
    directions, weighted by ``exp(-length²)`` of a step in mm, are summed first. A direction along
    which no two voxels of the region are neighbours is left out.
    """
    size = tuple(extent - 2 * grey.pad for extent in grey.volume.shape)
    steps = directions(settings, size, settings.distances)
    offsets = flat_steps(steps, grey.volume.shape)
    shares = np.ones(len(steps))
    if settings.weightingNorm not in (None, "no_weighting"):
        shares = np.exp(-(weights(settings.weightingNorm, steps, spacing) ** 2))
    rows = _features(
        grey.volume.ravel(),
        grey.places,
        offsets,
        grey.levels,
        shares,
        settings.symmetricalGLCM,
        settings.weightingNorm is not None,
    )
    values = dict(zip(ORDER, nan_mean(rows).tolist()))
    if len(grey.levels) == 1 and len(steps) > 1 and settings.weightingNorm is None:
        values["MCC"] = 1.0  # one grey level, even where no two voxels are neighbours
    elif np.nanmin(rows[:, MCC], initial=1.0) < DECIDED_BY_ROUNDING:
        matrices = _matrices(
            grey.volume.ravel(),
            grey.places,
            offsets,
            len(grey.levels),
            shares,
            settings.symmetricalGLCM,
            settings.weightingNorm is not None,
        )
        values["MCC"] = mcc_as_pyradiomics(matrices)
    return values


@compiled
def _matrices(
    flat: npt.NDArray[np.int32],
    places: Integers,
    offsets: Integers,
    n: int,
    shares: Floats,
    symmetric: bool,
    merged: bool,
) -> Floats:
    """Return the unnormalised matrices, shape (n, n, directions or 1)."""
    result = np.zeros((n, n, 1 if merged else len(offsets)))
    counts = np.zeros((n, n))
    for a in range(len(offsets)):
        counts[:] = 0
        _count_pairs(flat, places, offsets[a], shares[a], symmetric, counts)
        result[:, :, 0 if merged else a] += counts
    return result


@compiled
def _features(
    flat: npt.NDArray[np.int32],
    places: Integers,
    offsets: Integers,
    levels: Floats,
    shares: Floats,
    symmetric: bool,
    merged: bool,
) -> Floats:
    """Return a row of features per direction, or one row for all directions merged."""
    n = len(levels)
    rows = np.full((1 if merged else len(offsets), N_FEATURES), math.nan)
    counts = np.zeros((n, n))
    # the other order of each pair is counted with it, or for all at once where that is less work
    at_once = symmetric and n * n < 2 * len(places)
    for a in range(len(offsets)):
        if not merged:
            counts[:] = 0
        _count_pairs(flat, places, offsets[a], shares[a], symmetric and not at_once, counts)
        if merged and a < len(offsets) - 1:
            continue
        if at_once:
            _add_transpose(counts)
        counts /= counts.sum()
        glcm_features(counts, levels, symmetric, rows[0 if merged else a])
    return rows


@compiled
def _add_transpose(counts: Floats) -> None:
    for i in range(len(counts)):
        for j in range(i + 1):
            both = counts[i, j] + counts[j, i]
            counts[i, j] = both
            counts[j, i] = both


@compiled
def _count_pairs(
    flat: npt.NDArray[np.int32],
    places: Integers,
    offset: int,
    share: float,
    symmetric: bool,
    counts: Floats,
) -> None:
    """Add every pair of neighbours, `symmetric` in both orders."""
    for place in places:
        other = flat[place + offset]
        if other != 0:
            level = flat[place]
            counts[level - 1, other - 1] += share
            if symmetric:
                counts[other - 1, level - 1] += share
