"""Neighbourhood features of many regions at once; see the engine's own ``ngtdm``."""

from __future__ import annotations

import numpy as np
import torch

from dlr.features.radiomics.native.batched.packing import Packed, all_directions
from dlr.features.radiomics.native.ngtdm import FLAT_COARSENESS
from dlr.features.radiomics.options import ExtractionSettings


def ngtdm_many(packed: Packed, settings: ExtractionSettings) -> list[dict[str, float]]:
    """Compute the neighbourhood features of each region."""
    counts, differences = _differences(packed, settings)
    n_voxels = counts.sum(1)
    p = counts / n_voxels[:, None]
    present = counts > 0
    contrast, spread, complexity, strength = _pair_sums(p, differences, packed.levels, present)
    weighted, total = (p * differences).sum(1), differences.sum(1)
    n_levels = present.sum(1)
    pairs = n_levels * (n_levels - 1)
    columns = {
        "Busyness": torch.where(spread != 0, weighted / spread, 0.0),
        "Coarseness": torch.where(weighted != 0, 1 / weighted, FLAT_COARSENESS),
        "Complexity": complexity / n_voxels,
        "Contrast": torch.where(pairs > 0, contrast * total / n_voxels / pairs, 0.0),
        "Strength": torch.where(total != 0, strength / total, 0.0),
    }
    rows = zip(*(column.tolist() for column in columns.values()))
    return [dict(zip(columns, row)) for row in rows]


def _differences(packed: Packed, settings: ExtractionSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Return voxels, and sums of differences from the surroundings' mean, per grey level."""
    half = all_directions(settings, settings.distances)
    total = torch.zeros(len(packed.places), dtype=torch.float64, device=packed.flat.device)
    count = torch.zeros_like(total)
    for other in packed.neighbours(np.concatenate([half, -half])):
        known = other != 0
        total += torch.where(known, packed.values((other - 1).clamp(min=0)), 0.0)
        count += known
    here = packed.values(packed.level)
    difference = torch.where(count > 0, (here - total / count.clamp(min=1)).abs(), 0.0)
    shape = (len(packed.regions), packed.n_levels)
    key = packed.owner * shape[1] + packed.level
    size = shape[0] * shape[1]
    sums = torch.bincount(key, difference, minlength=size).view(shape)
    return torch.bincount(key, minlength=size).view(shape).double(), sums


def _pair_sums(
    p: torch.Tensor, differences: torch.Tensor, levels: torch.Tensor, present: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Return the sums over pairs of grey levels of contrast, busyness, complexity, strength."""
    gap = (levels[:, :, None] - levels[:, None]).abs()
    both = p[:, :, None] + p[:, None]
    pair = present[:, :, None] & present[:, None]
    part = p * differences
    complexity = gap * (part[:, :, None] + part[:, None]) / torch.where(pair, both, 1.0)
    weighted = levels * p
    spread = torch.where(pair, (weighted[:, :, None] - weighted[:, None]).abs(), 0.0)
    gap2 = torch.where(pair, gap * gap, 0.0)
    return (
        (p[:, :, None] * p[:, None] * gap2).sum((1, 2)),
        spread.sum((1, 2)),
        torch.where(pair, complexity, 0.0).sum((1, 2)),
        (both * gap2).sum((1, 2)),
    )
