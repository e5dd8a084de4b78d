"""Many discretised regions laid end to end on a device, without padding them to one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from dlr.features.radiomics.native.discretisation import GreyLevels
from dlr.features.radiomics.native.neighbours import Directions, directions, flat_steps
from dlr.features.radiomics.options import ExtractionSettings

UNBOUNDED = (2**30, 2**30, 2**30)
"""A region so large that no direction leaves it."""


@dataclass(frozen=True)
class Packed:
    """Regions as one long row of voxels.

    Attributes
    ----------
    regions : sequence of GreyLevels
        What was packed, in order.
    flat : Tensor of int64, shape (n,)
        The bordered volumes of all regions one after the other; 0 or 1 + index of the grey level.
    places : Tensor of int64, shape (n_voxels,)
        Where in `flat` the voxels of the regions are.
    owner : Tensor of int64, shape (n_voxels,)
        The region of each voxel.
    levels : Tensor of float64, shape (n_regions, n_levels)
        Grey levels of each region, filled up with 0.
    """

    regions: Sequence[GreyLevels]
    flat: torch.Tensor
    places: torch.Tensor
    owner: torch.Tensor
    levels: torch.Tensor

    @classmethod
    def of(cls, regions: Sequence[GreyLevels], device: torch.device) -> Packed:
        """Pack regions and bring them to a device."""
        row = np.concatenate([grey.volume.ravel() for grey in regions])
        sizes = [grey.volume.size for grey in regions]
        flat = torch.from_numpy(row).to(device).long()
        places = flat.nonzero().squeeze(1)
        ends = torch.tensor(np.cumsum(sizes), device=device)
        owner = torch.searchsorted(ends, places, right=True)
        levels = np.zeros((len(regions), max(len(grey.levels) for grey in regions)))
        for i, grey in enumerate(regions):
            levels[i, : len(grey.levels)] = grey.levels
        return cls(regions, flat, places, owner, torch.from_numpy(levels).to(device))

    @property
    def n_levels(self) -> int:
        """The largest number of grey levels."""
        return self.levels.shape[1]

    @cached_property
    def level(self) -> torch.Tensor:
        """Index of the grey level of each voxel, from 0."""
        return self.flat[self.places] - 1

    def offsets(self, steps: Directions) -> torch.Tensor:
        """Return how far along `flat` each step leads, shape (n_regions, n_steps)."""
        rows = np.stack([flat_steps(steps, grey.volume.shape) for grey in self.regions])
        return torch.from_numpy(rows).to(self.flat.device)

    def neighbours(self, steps: Directions) -> Iterator[torch.Tensor]:
        """Yield, per step, what lies there of each voxel: 0 or 1 + index of the grey level."""
        offsets = self.offsets(steps)
        for a in range(len(steps)):
            yield self.flat[self.places + offsets[:, a][self.owner]]

    def values(self, level: torch.Tensor) -> torch.Tensor:
        """Return the grey levels that voxels with the given indices have."""
        return self.levels[self.owner, level]


def all_directions(settings: ExtractionSettings, distances: tuple[int, ...] = (1,)) -> Directions:
    """Return the directions of a large region; in a small one, some of them meet no voxel."""
    return directions(settings, UNBOUNDED, distances)


def nan_mean(rows: torch.Tensor) -> torch.Tensor:
    """Return the mean along axis 1 over what is not NaN; NaN where nothing is."""
    return torch.nanmean(rows, dim=1)
