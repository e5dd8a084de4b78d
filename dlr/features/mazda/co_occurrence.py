"""Two hundred and twenty features of the co-occurrence of gray levels."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlr.features.mazda.found import Found
from dlr.features.mazda.names import CO_OCCURRENCE, offset_name, offsets
from dlr.features.mazda.region import Levels, Mask, Region
from dlr.features.mazda.settings import MazdaSettings
from dlr.features.radiomics.native.compiled import compiled

LOG_BASES = {"10": 10.0, "e": math.e, "2": 2.0}


def co_occurrence_features(region: Region, settings: MazdaSettings) -> Iterator[Found]:
    """Give the 11 features of each of the 20 offsets (5 distances, 4 directions).

    Formulas of Haralick et al., IEEE Trans Syst Man Cybern 1973;SMC-3:610-21, as MaZda's
    publications print them; see `_features`. NaN where no pair of pixels lies so far apart.
    """
    bits = settings.co_occurrence_bits
    levels = region.levels(bits, settings.rounding)
    both = settings.pairs == "both-inside"
    partners = region.mask if both else np.ones_like(region.mask)
    options = (
        settings.symmetric,
        settings.first_level,
        1.0 / math.log(LOG_BASES[settings.log_base]),
        settings.difference_variance == "mean",
        settings.flat_correlation,
    )
    upwards = -1 if settings.y_axis == "up" else 1
    for right, along in offsets():
        counts = _pairs(levels, region.mask, partners, along * upwards, right, 1 << bits)
        name = offset_name((right, along))
        found = _features(counts, *options)
        reason = f"no two pixels of the ROI lie {name[1:]} apart"
        yield Found(
            {f"{name}{feature}": float(x) for feature, x in zip(CO_OCCURRENCE, found)}, reason
        )


@compiled
def _pairs(
    levels: Levels, mask: Mask, partners: Mask, down: int, right: int, n_levels: int
) -> NDArray[np.int64]:
    """Count the pairs (pixel of `mask`, pixel of `partners` at the offset) by gray levels."""
    rows, columns = levels.shape
    counts = np.zeros((n_levels, n_levels), np.int64)
    for row in range(max(0, -down), min(rows, rows - down)):
        for column in range(max(0, -right), min(columns, columns - right)):
            if mask[row, column] and partners[row + down, column + right]:
                counts[levels[row, column], levels[row + down, column + right]] += 1
    return counts


@compiled
def _features(
    counts: NDArray[np.int64],
    symmetric: bool,
    first_level: int,
    per_log: float,
    about_mean: bool,
    flat_correlation: float,
) -> NDArray[np.float64]:
    """Return the features in the order of `CO_OCCURRENCE`; NaN where there is no pair.

    ``per_log`` times the natural logarithm is the logarithm of the wanted base. With p(i, j) the
    share of pairs: AngScMom ``sum p^2``; Contrast ``sum (i-j)^2 p``; Correlat
    ``sum (i-mx)(j-my) p / (sx sy)``; SumOfSqs ``sum (i-mx)^2 p``; InvDfMom ``sum p / (1+(i-j)^2)``;
    SumAverg ``sum k p_sum(k)``; SumVarnc ``sum (k-SumAverg)^2 p_sum(k)``; SumEntrp, Entropy,
    DifEntrp ``-sum p log p`` of p_sum, p, p_dif; DifVarnc ``sum (k-m)^2 p_dif(k)``, m the mean of
    p_dif (or mx).
    """
    n_levels = counts.shape[0]
    total = counts.sum()
    result = np.full(11, np.nan)
    if total == 0:
        return result
    rows, columns = np.zeros(n_levels), np.zeros(n_levels)
    sums, differences = np.zeros(2 * n_levels - 1), np.zeros(n_levels)
    energy = contrast = entropy = homogeneity = 0.0
    for i in range(n_levels):
        for j in range(n_levels):
            count = counts[i, j] + counts[j, i] if symmetric else counts[i, j]
            if count == 0:
                continue
            p = count / (2 * total) if symmetric else count / total
            rows[i] += p
            columns[j] += p
            sums[i + j] += p
            differences[abs(i - j)] += p
            energy += p * p
            contrast += (i - j) ** 2 * p
            homogeneity += p / (1 + (i - j) ** 2)
            entropy -= p * np.log(p)
    row_mean, row_variance = _mean_variance(rows)
    column_variance = _mean_variance(columns)[1]
    sum_mean, sum_variance = _mean_variance(sums)
    difference_mean, difference_variance = _mean_variance(differences)
    if not about_mean:  # moments about another point
        difference_variance += (difference_mean - row_mean - first_level) ** 2
    correlation = flat_correlation
    if row_variance > 0 and column_variance > 0:
        # Twice the covariance is the variance of the sum less those of the terms.
        covariance = (sum_variance - row_variance - column_variance) / 2
        correlation = covariance / np.sqrt(row_variance * column_variance)
    result[0] = energy
    result[1] = contrast
    result[2] = correlation
    result[3] = row_variance
    result[4] = homogeneity
    result[5] = sum_mean + 2 * first_level
    result[6] = sum_variance
    result[7] = _entropy(sums) * per_log
    result[8] = entropy * per_log
    result[9] = difference_variance
    result[10] = _entropy(differences) * per_log
    return result


@compiled
def _mean_variance(shares: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and variance of 0, 1, 2 ... with these shares."""
    only = np.count_nonzero(shares) == 1
    mean = 0.0
    for k in range(shares.size):
        if shares[k] > 0:
            mean += k if only else k * shares[k]
    variance = 0.0
    if not only:
        for k in range(shares.size):
            variance += (k - mean) ** 2 * shares[k]
    return mean, variance


@compiled
def _entropy(shares: NDArray[np.float64]) -> float:
    """Return the entropy in natural units."""
    entropy = 0.0
    for k in range(shares.size):
        if shares[k] > 0:
            entropy -= shares[k] * np.log(shares[k])
    return max(entropy, 0.0)
