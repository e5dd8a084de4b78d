"""Dependence features of many regions at once; see the engine's own ``gldm``."""

from __future__ import annotations

import numpy as np
import torch

from dlr.features.radiomics.native.batched.emphasis import emphasis_features
from dlr.features.radiomics.native.batched.packing import Packed, all_directions
from dlr.features.radiomics.native.gldm import ORDER
from dlr.features.radiomics.options import ExtractionSettings


def gldm_many(packed: Packed, settings: ExtractionSettings) -> list[dict[str, float]]:
    """Compute the dependence features of each region."""
    half = all_directions(settings, settings.distances)
    steps = np.concatenate([half, -half])
    here = packed.values(packed.level)
    dependent = torch.zeros_like(packed.level)
    for other in packed.neighbours(steps):
        near = (packed.values((other - 1).clamp(min=0)) - here).abs() <= settings.gldm_a
        dependent += (other != 0) & near
    shape = (len(packed.regions), packed.n_levels, len(steps) + 1)
    key = (packed.owner * shape[1] + packed.level) * shape[2] + dependent
    matrices = torch.bincount(key, minlength=shape[0] * shape[1] * shape[2]).view(shape).double()
    sizes = torch.arange(1, shape[2] + 1, dtype=torch.float64, device=matrices.device)
    rows = emphasis_features(matrices, packed.levels, sizes).tolist()
    return [{name: value for name, value in zip(ORDER, row) if name} for row in rows]
