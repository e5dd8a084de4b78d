"""Run length features of many regions at once; see the engine's own ``glrlm``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from dlr.features.radiomics.native.batched.emphasis import emphasis_features
from dlr.features.radiomics.native.batched.packing import Packed, all_directions, nan_mean
from dlr.features.radiomics.native.discretisation import GreyLevels
from dlr.features.radiomics.native.glrlm import ORDER
from dlr.features.radiomics.native.neighbours import Directions, weights
from dlr.features.radiomics.options import ExtractionSettings

Spacing = tuple[float, float, float]


def glrlm_many(
    packed: Packed, settings: ExtractionSettings, spacings: Sequence[Spacing]
) -> list[dict[str, float]]:
    """Compute the run features of each region."""
    steps = all_directions(settings)
    matrices = _matrices(packed, steps)
    if settings.weightingNorm is None:
        rows = emphasis_features(matrices, packed.levels[:, None], _sizes(matrices))
        means = nan_mean(rows)
    else:
        lengths = np.stack([weights(settings.weightingNorm, steps, s) for s in spacings])
        shares = torch.from_numpy(lengths).to(matrices)
        merged = (matrices * shares[:, :, None, None]).sum(1)
        means = emphasis_features(merged, packed.levels, _sizes(matrices))
    return [dict(zip(ORDER, row)) for row in means.tolist()]


def _sizes(matrices: torch.Tensor) -> torch.Tensor:
    return torch.arange(1, matrices.shape[-1] + 1, device=matrices.device, dtype=matrices.dtype)


def _matrices(packed: Packed, steps: Directions) -> torch.Tensor:
    """Return counts of runs, shape (n_regions, n_steps, n_levels, longest run).

    The matrix of a direction along which no line meets two voxels stays empty.
    """
    found = [_runs(packed, offsets) for offsets in packed.offsets(steps).unbind(1)]
    longest = max(int(length.max()) for _, length, _ in found)
    shape = (len(packed.regions), packed.n_levels, longest)
    parts = []
    for a, (start, length, met) in enumerate(found):
        key = (packed.owner[start] * shape[1] + packed.level[start]) * shape[2] + length - 1
        counts = torch.bincount(key, minlength=shape[0] * shape[1] * shape[2]).view(shape)
        parts.append(counts.double() * _usable(packed, met, steps[a])[:, None, None])
    return torch.stack(parts, 1)


def _runs(packed: Packed, offsets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Follow all runs along one direction.

    Returns
    -------
    start : Tensor of int64
        The voxels at which a run begins.
    length : Tensor of int64
        Its length.
    met : Tensor of bool, shape (n_regions,)
        Whether two voxels of a region are neighbours along the direction.
    """
    step = offsets[packed.owner]
    before = packed.flat[packed.places - step]
    met = torch.zeros(len(packed.regions), dtype=torch.bool, device=before.device)
    met[packed.owner[before != 0]] = True
    start = (before != packed.level + 1).nonzero().squeeze(1)
    length = torch.ones_like(start)
    place, step, wanted = packed.places[start], step[start], packed.level[start] + 1
    going = torch.arange(len(start), device=start.device)
    while len(going):
        place = place + step
        on = packed.flat[place] == wanted
        going, place, step, wanted = going[on], place[on], step[on], wanted[on]
        length[going] += 1
    return start, length, met


def _usable(packed: Packed, met: torch.Tensor, step: npt.NDArray[np.int64]) -> torch.Tensor:
    """Add the regions in which two voxels share a line with a gap between them."""
    usable = met.tolist()
    for i, grey in enumerate(packed.regions):
        if not usable[i]:
            usable[i] = _line_meets_two(grey, step)
    return torch.tensor(usable, dtype=torch.float64, device=met.device)


def _line_meets_two(grey: GreyLevels, step: npt.NDArray[np.int64]) -> bool:
    """Say whether two voxels lie on one line: moved back to a common plane, they fall together."""
    places = np.argwhere(grey.volume)
    axis = int(np.flatnonzero(step)[0])
    moved = places - (places[:, axis] * step[axis])[:, None] * step
    return len(np.unique(moved, axis=0)) < len(moved)
