"""Features of a matrix "grey level × size": runs, zones and dependences share their formulas.

Galloway (1975), Chu (1990), Dasarathy and Holder (1991), Thibault (2009), Sun and Wee (1983).
"""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.first_order import EPSILON

(
    SMALL, LARGE, LEVEL_NONUNIFORMITY, LEVEL_NONUNIFORMITY_NORMALISED, SIZE_NONUNIFORMITY,
    SIZE_NONUNIFORMITY_NORMALISED, PERCENTAGE, LEVEL_VARIANCE, SIZE_VARIANCE, ENTROPY, LOW, HIGH,
    SMALL_LOW, SMALL_HIGH, LARGE_LOW, LARGE_HIGH,
) = range(16)  # fmt: skip
"""Places of the features in the result of :func:`emphasis_features`."""


@compiled
def emphasis_features(matrix: Floats, levels: Floats, sizes: Floats) -> Floats:
    """Compute sixteen features of a matrix.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_levels, at least n_sizes)
        How often a grey level occurs with a size; columns beyond `sizes` are left out.
    levels, sizes : ndarray of float
        The grey levels and the sizes.

    Returns
    -------
    ndarray, shape (16,)
        All NaN when the matrix is empty.
    """
    result = np.zeros(16)
    by_level, by_size = np.zeros(len(levels)), np.zeros(len(sizes))
    for i in range(len(levels)):
        for j in range(len(sizes)):
            by_level[i] += matrix[i, j]
            by_size[j] += matrix[i, j]
    total = by_size.sum()
    if total == 0:
        result[:] = math.nan
        return result
    for i in range(len(levels)):
        level2 = levels[i] * levels[i]
        for j in range(len(sizes)):
            count = matrix[i, j]
            if count > 0:
                size2 = sizes[j] * sizes[j]
                p = count / total
                result[ENTROPY] -= p * np.log2(p + EPSILON)
                result[SMALL_LOW] += p / (level2 * size2)
                result[SMALL_HIGH] += p * level2 / size2
                result[LARGE_LOW] += p * size2 / level2
                result[LARGE_HIGH] += p * level2 * size2
        p = by_level[i] / total
        result[LEVEL_NONUNIFORMITY_NORMALISED] += p * p
        result[LOW] += p / level2
        result[HIGH] += p * level2
    for j in range(len(sizes)):
        p = by_size[j] / total
        size2 = sizes[j] * sizes[j]
        result[SIZE_NONUNIFORMITY_NORMALISED] += p * p
        result[SMALL] += p / size2
        result[LARGE] += p * size2
    result[LEVEL_NONUNIFORMITY] = result[LEVEL_NONUNIFORMITY_NORMALISED] * total
    result[SIZE_NONUNIFORMITY] = result[SIZE_NONUNIFORMITY_NORMALISED] * total
    result[PERCENTAGE] = total / (by_size * sizes).sum()
    result[LEVEL_VARIANCE] = _variance(by_level, levels, total)
    result[SIZE_VARIANCE] = _variance(by_size, sizes, total)
    return result


@compiled
def _variance(weights: Floats, values: Floats, total: float) -> float:
    mean = (weights * values).sum() / total
    variance = 0.0
    for i in range(len(values)):
        variance += weights[i] / total * (values[i] - mean) ** 2
    return variance
