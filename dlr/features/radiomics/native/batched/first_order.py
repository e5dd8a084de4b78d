"""First-order features of many regions at once; see the engine's own ``first_order``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from dlr.features.radiomics.native.discretisation import Floats, Integers
from dlr.features.radiomics.native.first_order import EPSILON, first_order


def first_order_many(
    values: Sequence[Floats],
    counts: Sequence[Integers],
    voxel_volumes: Sequence[float],
    shift: float,
    device: torch.device,
) -> list[dict[str, float]]:
    """Compute the first-order features of regions of about the same size.

    In a region of one value, rounding of the mean decides on skewness and kurtosis; such regions
    are left to the engine's own code, so that both agree.

    Parameters
    ----------
    values : sequence of ndarray
        Intensities of each region.
    counts : sequence of ndarray
        Voxels per occupied bin of each region.
    voxel_volumes : sequence of float
        Volume of a voxel (mm³) of each region.
    shift : float
        ``voxelArrayShift``.
    device : torch.device
        Where to compute.
    """
    flat = [i for i, row in enumerate(values) if row.min() == row.max()]
    found = _distribution(values, voxel_volumes, shift, device)
    found |= _histogram(counts, device)
    columns = {name: column.tolist() for name, column in found.items()}
    rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
    for i in flat:
        rows[i] = first_order(values[i], counts[i], voxel_volumes[i], shift)
    return rows


def _distribution(
    values: Sequence[Floats], voxel_volumes: Sequence[float], shift: float, device: torch.device
) -> dict[str, torch.Tensor]:
    lengths = torch.tensor([len(row) for row in values], device=device)
    padded = np.full((len(values), max(len(row) for row in values)), np.inf)
    for i, row in enumerate(values):
        padded[i, : len(row)] = row
    ordered = torch.from_numpy(padded).to(device).sort(dim=1).values
    n = lengths.double()
    inside = torch.arange(ordered.shape[1], device=device) < lengths[:, None]
    x = torch.where(inside, ordered, 0.0)
    mean = x.sum(1) / n
    d = torch.where(inside, x - mean[:, None], 0.0)
    m2, m3, m4 = ((d**power).sum(1) / n for power in (2, 3, 4))
    p10, p25, p50, p75, p90 = (
        _percentile(ordered, lengths, share) for share in (0.10, 0.25, 0.5, 0.75, 0.90)
    )
    energy = torch.where(inside, (x + shift) ** 2, 0.0).sum(1)
    largest = ordered.gather(1, lengths[:, None] - 1).squeeze(1)
    volumes = torch.tensor(voxel_volumes, dtype=torch.float64, device=device)
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "InterquartileRange": p75 - p25,
        "Kurtosis": m4 / m2**2,
        "Maximum": largest,
        "MeanAbsoluteDeviation": d.abs().sum(1) / n,
        "Mean": mean,
        "Median": p50,
        "Minimum": ordered[:, 0],
        "Range": largest - ordered[:, 0],
        "RobustMeanAbsoluteDeviation": _robust_deviation(x, inside, p10, p90),
        "RootMeanSquared": (energy / n).sqrt(),
        "Skewness": m3 / m2**1.5,
        "TotalEnergy": energy * volumes,
        "Variance": m2,
        "StandardDeviation": m2.sqrt(),
    }


def _percentile(ordered: torch.Tensor, lengths: torch.Tensor, share: float) -> torch.Tensor:
    """Return a percentile by linear interpolation, from the nearer of the two ranks."""
    position = share * (lengths - 1).double()
    low = position.long()
    high = torch.minimum(low + 1, lengths - 1)
    weight = position - low
    below, above = (ordered.gather(1, rank[:, None]).squeeze(1) for rank in (low, high))
    step = above - below
    return torch.where(weight >= 0.5, above - step * (1 - weight), below + step * weight)


def _robust_deviation(
    x: torch.Tensor, inside: torch.Tensor, low: torch.Tensor, high: torch.Tensor
) -> torch.Tensor:
    """Return the mean absolute deviation of values within two percentiles."""
    kept = inside & (x >= low[:, None]) & (x <= high[:, None])
    n = kept.sum(1)
    mean = torch.where(kept, x, 0.0).sum(1) / n
    return torch.where(kept, (x - mean[:, None]).abs(), 0.0).sum(1) / n


def _histogram(counts: Sequence[Integers], device: torch.device) -> dict[str, torch.Tensor]:
    padded = np.zeros((len(counts), max(len(row) for row in counts)))
    for i, row in enumerate(counts):
        padded[i, : len(row)] = row / row.sum()
    p = torch.from_numpy(padded).to(device)
    return {
        "Entropy": -(p * torch.log2(p + EPSILON)).sum(1),
        "Uniformity": (p * p).sum(1),
    }
