"""First-order features: the distribution of intensities, without regard to place."""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, Integers

EPSILON = float(np.spacing(1))


def first_order(
    values: Floats, counts: Integers, voxel_volume: float, shift: float
) -> dict[str, float]:
    """Compute the first-order features (PyRadiomics' ``firstorder``).

    Parameters
    ----------
    values : ndarray of float, shape (n_voxels,)
        Intensities of the region.
    counts : ndarray of int, shape (n_levels,)
        Voxels per occupied bin, for entropy (bits) and uniformity.
    voxel_volume : float
        Volume of a voxel (mm³), which weighs the total energy.
    shift : float
        Added to intensities where they are squared (``voxelArrayShift``).
    """
    ordered = np.sort(values)
    mean = float(np.mean(values))
    p10, p25, p75, p90 = (_percentile(ordered, q) for q in (0.10, 0.25, 0.75, 0.90))
    m2, m3, m4, deviation = _moments(values, mean)
    energy, robust = _energy_and_robust_deviation(values, shift, p10, p90)
    entropy, uniformity = _entropy_and_uniformity(counts)
    flat = m2 == 0
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "Entropy": entropy,
        "InterquartileRange": p75 - p25,
        "Kurtosis": 0.0 if flat else m4 / m2**2,
        "Maximum": float(ordered[-1]),
        "MeanAbsoluteDeviation": deviation,
        "Mean": mean,
        "Median": _percentile(ordered, 0.5),
        "Minimum": float(ordered[0]),
        "Range": float(ordered[-1] - ordered[0]),
        "RobustMeanAbsoluteDeviation": robust,
        "RootMeanSquared": math.sqrt(energy / len(values)),
        "Skewness": 0.0 if flat else m3 / m2**1.5,
        "TotalEnergy": energy * voxel_volume,
        "Uniformity": uniformity,
        "Variance": m2,
        "StandardDeviation": math.sqrt(m2),
    }


def _percentile(ordered: Floats, share: float) -> float:
    """Return a percentile by linear interpolation between the two nearest ranks."""
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    weight = position - low
    step = float(ordered[high]) - float(ordered[low])
    if weight >= 0.5:  # from the nearer side, as NumPy does, which is exact at both ends
        return float(ordered[high]) - step * (1 - weight)
    return float(ordered[low]) + step * weight


@compiled
def _moments(values: Floats, mean: float) -> tuple[float, float, float, float]:
    """Return the central moments 2 to 4 and the mean absolute deviation."""
    m2 = m3 = m4 = absolute = 0.0
    for value in values:
        d = value - mean
        square = d * d
        m2 += square
        m3 += square * d
        m4 += square * square
        absolute += abs(d)
    n = len(values)
    return m2 / n, m3 / n, m4 / n, absolute / n


@compiled
def _energy_and_robust_deviation(
    values: Floats, shift: float, low: float, high: float
) -> tuple[float, float]:
    """Return the energy, and the mean absolute deviation of values within two percentiles."""
    energy = total = 0.0
    inside = 0
    for value in values:
        energy += (value + shift) * (value + shift)
        if low <= value <= high:
            total += value
            inside += 1
    mean = total / inside
    absolute = 0.0
    for value in values:
        if low <= value <= high:
            absolute += abs(value - mean)
    return energy, absolute / inside


@compiled
def _entropy_and_uniformity(counts: Integers) -> tuple[float, float]:
    total = counts.sum()
    entropy = uniformity = 0.0
    for count in counts:
        p = count / total
        entropy -= p * np.log2(p + EPSILON)
        uniformity += p * p
    return entropy, uniformity
