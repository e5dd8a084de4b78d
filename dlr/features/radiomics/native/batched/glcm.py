"""Co-occurrence features of many regions at once; see the engine's own ``glcm``.

Where rounding decides on a feature (neighbours that are independent, one grey level), the engine's
own code is used, which follows PyRadiomics' arithmetic; so it is where grey levels are so many or
so far apart that the matrices would fill the device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from dlr.features.radiomics.native.batched.mcc import squared_correlation
from dlr.features.radiomics.native.batched.packing import Packed, all_directions, nan_mean
from dlr.features.radiomics.native.first_order import EPSILON
from dlr.features.radiomics.native.glcm import glcm
from dlr.features.radiomics.native.glcm_formulas import NEARLY_INDEPENDENT, ORDER
from dlr.features.radiomics.native.neighbours import weights
from dlr.features.radiomics.options import ExtractionSettings

Spacing = tuple[float, float, float]

SMALL_MCC2 = 1e-8
"""Squared coefficients below this are left to the engine's own code."""


def glcm_many(
    packed: Packed, settings: ExtractionSettings, spacings: Sequence[Spacing]
) -> list[dict[str, float]]:
    """Compute the co-occurrence features of each region."""
    p = _probabilities(packed, settings, spacings)
    columns, decided_by_rounding = _features(p, packed.levels)
    rows = nan_mean(torch.stack([columns[name] for name in ORDER], -1))
    values = [dict(zip(ORDER, row)) for row in rows.tolist()]
    doubtful = decided_by_rounding.any(1).tolist()
    for i, grey in enumerate(packed.regions):
        if doubtful[i] or len(grey.levels) == 1:
            values[i] = glcm(grey, settings, spacings[i])
    return values


def _probabilities(
    packed: Packed, settings: ExtractionSettings, spacings: Sequence[Spacing]
) -> torch.Tensor:
    """Return the normalised matrices, shape (n_regions, n_steps or 1, n_levels, n_levels).

    A direction without pairs gives NaN.
    """
    steps = all_directions(settings, settings.distances)
    shares = np.ones((len(packed.regions), len(steps)))
    if settings.weightingNorm not in (None, "no_weighting"):
        lengths = [weights(settings.weightingNorm, steps, spacing) for spacing in spacings]
        shares = np.exp(-(np.stack(lengths) ** 2))
    n = packed.n_levels
    shape = (len(packed.regions), n, n)
    merged = settings.weightingNorm is not None
    first = (packed.owner * n + packed.level) * n
    parts: list[torch.Tensor] = []
    for a, other in enumerate(packed.neighbours(steps)):
        known = other != 0
        key = first[known] + other[known] - 1
        counts = torch.bincount(key, minlength=shape[0] * n * n).view(shape).double()
        counts *= torch.from_numpy(shares[:, a, None, None]).to(counts)
        if merged and parts:
            parts[0] += counts
        else:
            parts.append(counts)
    matrices = torch.stack(parts, 1)
    if settings.symmetricalGLCM:
        matrices = matrices + matrices.transpose(2, 3)
    return matrices / matrices.sum((2, 3), keepdim=True)


def _features(
    p: torch.Tensor, levels: torch.Tensor
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Return each feature and what rounding decides, shape (n_regions, n_steps)."""
    px, py = p.sum(3), p.sum(2)
    i, j = levels[:, None], levels[:, None]
    ux, uy = (px * i).sum(2), (py * j).sum(2)
    entropy = -(p * torch.log2(p + EPSILON)).sum((2, 3))
    columns = {
        "Autocorrelation": _weighted(p, i, j),
        "JointAverage": ux,
        "JointEnergy": (p * p).sum((2, 3)),
        "JointEntropy": entropy,
        "MaximumProbability": p.amax((2, 3)),
    }
    columns |= _sum_features(p, levels, ux + uy)
    columns |= _difference_features(p, levels)
    columns |= _correlation(p, i - ux[:, :, None], j - uy[:, :, None], px, py)
    information, independent = _information(px, py, entropy)
    columns |= information
    mcc2 = _mcc2(p, px, py)
    columns["MCC"] = mcc2.sqrt()
    return columns, independent | (mcc2 < SMALL_MCC2)


def _weighted(p: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return the sum of p(i, j) times a number per row and one per column."""
    return ((p * columns[:, :, None]).sum(3) * rows).sum(2)


def _collected(p: torch.Tensor, places: torch.Tensor, size: int) -> torch.Tensor:
    """Add up entries that belong to the same place, shape (n_regions, n_steps, size)."""
    regions, n_steps = p.shape[:2]
    result = p.new_zeros(regions, n_steps, size)
    index = places.flatten(1)[:, None].expand(regions, n_steps, -1)
    return result.scatter_add_(2, index, p.flatten(2))


def _sum_features(
    p: torch.Tensor, levels: torch.Tensor, centre: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Features of the distribution of i + j: cluster features, sum average, sum entropy."""
    places = (levels[:, :, None] + levels[:, None]).long()
    size = int(places.max()) + 1
    p_sum = _collected(p, places, size)
    k = torch.arange(size, dtype=p.dtype, device=p.device)
    d = k - centre[:, :, None]
    return {
        "ClusterProminence": (d**4 * p_sum).sum(2),
        "ClusterShade": (d**3 * p_sum).sum(2),
        "ClusterTendency": (d**2 * p_sum).sum(2),
        "SumAverage": (k * p_sum).sum(2),
        "SumEntropy": -(p_sum * torch.log2(p_sum + EPSILON)).sum(2),
    }


def _difference_features(p: torch.Tensor, levels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Features of the distribution of |i - j|: contrast and inverse differences."""
    places = (levels[:, :, None] - levels[:, None]).abs().long()
    highest = levels.amax(1)[:, None, None]
    size = int(places.max()) + 1
    q = _collected(p, places, size)
    k = torch.arange(size, dtype=p.dtype, device=p.device)
    average = (k * q).sum(2)
    return {
        "Contrast": (k * k * q).sum(2),
        "DifferenceAverage": average,
        "DifferenceEntropy": -(q * torch.log2(q + EPSILON)).sum(2),
        "DifferenceVariance": (q * (k - average[:, :, None]) ** 2).sum(2),
        "Idm": (q / (1 + k * k)).sum(2),
        "Idmn": (q / (1 + k * k / (highest * highest))).sum(2),
        "Id": (q / (1 + k)).sum(2),
        "Idn": (q / (1 + k / highest)).sum(2),
        "InverseVariance": (q[..., 1:] / (k * k)[1:]).sum(2),
    }


def _correlation(
    p: torch.Tensor, dx: torch.Tensor, dy: torch.Tensor, px: torch.Tensor, py: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Correlation (1 where one side does not vary) and sum of squares."""
    variance_x, variance_y = (px * dx * dx).sum(2), (py * dy * dy).sum(2)
    scale = variance_x.sqrt() * variance_y.sqrt()
    covariance = _weighted(p, dx, dy)
    correlation = torch.where(scale == 0, 1.0, covariance / (scale + EPSILON))
    return {"Correlation": correlation, "SumSquares": variance_x}


def _information(
    px: torch.Tensor, py: torch.Tensor, entropy: torch.Tensor
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Informational measures of correlation, and where neighbours are (nearly) independent."""
    hx, hy = (-(q * torch.log2(q + EPSILON)).sum(2) for q in (px, py))
    scale = torch.maximum(hx, hy)
    difference = hx + hy - entropy
    single = ((px > 0).sum(2) + (py > 0).sum(2) == 2) | (scale == 0)
    columns = {
        "Imc1": torch.where(single, 0.0, -difference / scale),
        "Imc2": (1 - torch.exp(-2 * difference)).sqrt(),
    }
    # a little more than the engine's own limit, since sums are rounded otherwise here
    return columns, difference < 2 * NEARLY_INDEPENDENT


def _mcc2(p: torch.Tensor, px: torch.Tensor, py: torch.Tensor) -> torch.Tensor:
    """Return the squared coefficients; NaN for a direction without pairs."""
    known = ~p[..., 0, 0].isnan()
    result = p.new_full(p.shape[:2], math.nan)
    result[known] = squared_correlation(p[known], px[known], py[known])
    return result
