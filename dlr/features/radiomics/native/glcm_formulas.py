"""The formulas of the co-occurrence features for one matrix."""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.first_order import EPSILON
from dlr.features.radiomics.native.mcc import maximal_correlation
from dlr.features.radiomics.native.vectors import dot

ORDER = (
    "Autocorrelation", "JointAverage", "ClusterProminence", "ClusterShade", "ClusterTendency",
    "Contrast", "Correlation", "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance",
    "JointEnergy", "JointEntropy", "Imc1", "Imc2", "Idm", "MCC", "Idmn", "Id", "Idn",
    "InverseVariance", "MaximumProbability", "SumAverage", "SumEntropy", "SumSquares",
)  # fmt: skip
N_FEATURES = len(ORDER)
MCC = ORDER.index("MCC")

NEARLY_INDEPENDENT = 1e-9
"""Below this difference of entropies (bits), Imc2 is decided by rounding; see `_imc2_exactly`."""


@compiled
def glcm_features(matrix: Floats, levels: Floats, symmetric: bool, row: Floats) -> None:
    """Write the 24 features of one normalised matrix into `row`, in the order of ``ORDER``.

    An empty matrix (NaN after normalisation) leaves NaN.
    """
    n = len(levels)
    highest = int(levels[n - 1])
    px, py = np.zeros(n), np.zeros(n)
    p_sum, p_difference = np.zeros(2 * highest + 1), np.zeros(highest)
    energy = entropy = largest = product_mean = 0.0
    for i in range(n):
        for j in range(i if symmetric else 0, n):
            p = matrix[i, j]
            if p == 0:
                continue
            px[i] += p
            py[j] += p
            share = p
            if symmetric and i != j:  # this pair of levels stands for both orders
                px[j] += p
                py[i] += p
                share = 2 * p
            p_sum[int(levels[i] + levels[j])] += share
            p_difference[int(abs(levels[i] - levels[j]))] += share
            energy += share * p
            entropy -= share * np.log2(p + EPSILON)
            largest = max(largest, p)
            product_mean += levels[i] * levels[j] * share
    if math.isnan(entropy):
        return
    ux, uy = (levels * px).sum(), (levels * py).sum()
    row[0], row[1] = product_mean, ux
    row[10], row[11], row[20] = energy, entropy, largest
    _sum_features(p_sum, ux + uy, row)
    _difference_features(p_difference, highest, row)
    _correlation(matrix, levels, px, py, ux, uy, row)
    _information(matrix, px, py, entropy, row)
    row[15] = maximal_correlation(matrix, px, py, symmetric)


@compiled
def _sum_features(p_sum: Floats, centre: float, row: Floats) -> None:
    """Features of the distribution of i + j: cluster features, sum average, sum entropy."""
    prominence = shade = tendency = average = entropy = 0.0
    for k in range(len(p_sum)):
        p = p_sum[k]
        if p > 0:
            d = k - centre
            prominence += d * d * d * d * p
            shade += d * d * d * p
            tendency += d * d * p
            average += k * p
            entropy -= p * np.log2(p + EPSILON)
    row[2], row[3], row[4], row[21], row[22] = prominence, shade, tendency, average, entropy


@compiled
def _difference_features(p_difference: Floats, highest: int, row: Floats) -> None:
    """Features of the distribution of |i - j|: contrast and inverse differences."""
    contrast = average = entropy = idm = idmn = inverse = normalised = inverse_variance = 0.0
    for k in range(len(p_difference)):
        p = p_difference[k]
        if p > 0:
            contrast += k * k * p
            average += k * p
            entropy -= p * np.log2(p + EPSILON)
            inverse += p / (1 + k)
            idm += p / (1 + k * k)
            normalised += p / (1 + k / highest)
            idmn += p / (1 + k * k / (highest * highest))
            if k > 0:
                inverse_variance += p / (k * k)
    variance = 0.0
    for k in range(len(p_difference)):
        variance += p_difference[k] * (k - average) ** 2
    row[5], row[7], row[8], row[9] = contrast, average, entropy, variance
    row[14], row[16], row[17], row[18], row[19] = idm, idmn, inverse, normalised, inverse_variance


@compiled
def _correlation(
    matrix: Floats, levels: Floats, px: Floats, py: Floats, ux: float, uy: float, row: Floats
) -> None:
    """Correlation (1 for a flat matrix) and sum of squares."""
    n = len(levels)
    variance_x = variance_y = covariance = 0.0
    dy = levels - uy
    for i in range(n):
        dx = levels[i] - ux
        variance_x += px[i] * dx * dx
        variance_y += py[i] * dy[i] * dy[i]
        covariance += dx * dot(matrix[i], dy)
    scale = math.sqrt(variance_x) * math.sqrt(variance_y)
    row[6] = 1.0 if scale == 0 else covariance / (scale + EPSILON)
    row[23] = variance_x


@compiled
def _information(matrix: Floats, px: Floats, py: Floats, entropy: float, row: Floats) -> None:
    """Informational measures of correlation 1 and 2.

    With marginals px and py, both -sum p log(px py) and -sum px py log(px py) equal H(X) + H(Y),
    which saves the logarithms of all pairs.
    """
    hx = hy = 0.0
    occupied = 0
    for i in range(len(px)):
        hx -= px[i] * np.log2(px[i] + EPSILON)
        hy -= py[i] * np.log2(py[i] + EPSILON)
        occupied += (px[i] > 0) + (py[i] > 0)
    scale = max(hx, hy)
    row[12] = 0.0 if occupied == 2 or scale == 0 else (entropy - hx - hy) / scale
    difference = hx + hy - entropy
    if difference < NEARLY_INDEPENDENT:
        row[13] = _imc2_exactly(matrix, px, py)
    else:
        row[13] = math.sqrt(1 - math.exp(-2 * difference))


@compiled
def _imc2_exactly(matrix: Floats, px: Floats, py: Floats) -> float:
    """Return Imc2 where neighbours are (nearly) independent, with PyRadiomics' own arithmetic.

    The exact value is 0, but rounding decides between 0, about 1e-8 and the root of a negative
    number (NaN, and the direction is left out of the mean); so the sums are taken term by term in
    PyRadiomics' order.
    """
    joint = independent = 0.0
    for i in range(len(px)):
        for j in range(len(py)):
            p = px[i] * py[j]
            joint += matrix[i, j] * np.log2(matrix[i, j] + EPSILON)
            independent += p * np.log2(p + EPSILON)
    if joint == independent:
        return 0.0
    return math.sqrt(1 - math.exp(-2 * (joint - independent)))
