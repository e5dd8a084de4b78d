"""Zone features of many regions at once; see the engine's own ``glszm``.

The engine follows one zone after the other, which suits a processor. Here every voxel starts as a
zone of its own, and neighbours of one grey level take over the lowest number among them until none
changes, which takes a few rounds (Shiloach and Vishkin, Journal of Algorithms 3:57-67, 1982).
"""

from __future__ import annotations

import torch

from dlr.features.radiomics.native.batched.emphasis import emphasis_features
from dlr.features.radiomics.native.batched.packing import Packed, all_directions
from dlr.features.radiomics.native.glszm import ORDER
from dlr.features.radiomics.options import ExtractionSettings


def glszm_many(packed: Packed, settings: ExtractionSettings) -> list[dict[str, float]]:
    """Compute the zone features of each region."""
    zone = _zones(len(packed.places), *_same_level_pairs(packed, settings))
    voxels = torch.bincount(zone, minlength=len(zone))
    first = voxels.nonzero().squeeze(1)  # a zone bears the number of its first voxel
    sizes, column = torch.unique(voxels[first], return_inverse=True)
    shape = (len(packed.regions), packed.n_levels, len(sizes))
    key = (packed.owner[first] * shape[1] + packed.level[first]) * shape[2] + column
    matrices = torch.bincount(key, minlength=shape[0] * shape[1] * shape[2]).view(shape).double()
    rows = emphasis_features(matrices, packed.levels, sizes.double())
    return [dict(zip(ORDER, row)) for row in rows.tolist()]


def _same_level_pairs(
    packed: Packed, settings: ExtractionSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all pairs of neighbours of one grey level, as numbers of voxels."""
    number = torch.zeros_like(packed.flat)
    number[packed.places] = torch.arange(len(packed.places), device=number.device)
    steps = all_directions(settings)
    offsets = packed.offsets(steps)
    ones, others = [], []
    for a, there in enumerate(packed.neighbours(steps)):
        one = (there == packed.level + 1).nonzero().squeeze(1)
        ones.append(one)
        others.append(number[packed.places[one] + offsets[packed.owner[one], a]])
    return torch.cat(ones), torch.cat(others)


def _zones(n_voxels: int, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the zone of each voxel: the lowest number among the voxels joined to it."""
    zone = torch.arange(n_voxels, device=one.device)
    while True:
        a, b = zone[one], zone[other]
        lowest = torch.minimum(a, b)
        # the zones themselves join, so that their other voxels follow in one step
        joined = zone.scatter_reduce(0, torch.cat([a, b]), torch.cat([lowest, lowest]), "amin")
        joined = joined[joined]
        joined = joined[joined]
        if torch.equal(joined, zone):
            return zone
        zone = joined
