"""Batches of pictures: an order drawn from the seed and the epoch alone, divided among devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dlr.cnn.augmentation import Augmenter
from dlr.cnn.store import PictureStore

Number = tuple[int, int]
"""Epoch and position of a picture."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures and targets of one step.

    Attributes
    ----------
    pictures : torch.Tensor, shape (n, 1, size, size)
        uint8, or float in [0, 1] after augmentation.
    targets : torch.Tensor of float32, shape (n, n_outputs)
    """

    pictures: Tensor
    targets: Tensor

    def pin_memory(self) -> Batch:
        """Keep the batch in memory that GPUs can read directly (called by the loader)."""
        return Batch(self.pictures.pin_memory(), self.targets.pin_memory())

    def to(self, device: torch.device) -> Batch:
        """Move to a device."""
        if device.type == "cpu":
            return self
        return Batch(
            self.pictures.to(device, non_blocking=True), self.targets.to(device, non_blocking=True)
        )


class PictureDataset(Dataset[Batch]):
    """Whole batches by (epoch, position): one array is cut out, not sample after sample."""

    def __init__(
        self, store: PictureStore, targets: NDArray[np.float32], augment: Augmenter | None
    ) -> None:
        self.store, self.targets, self.augment = store, targets, augment

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.store)

    def __getitem__(self, number: Number) -> Batch:
        """Return a batch of one."""
        return self.__getitems__([number])

    def __getitems__(self, numbers: list[Number]) -> Batch:
        """Return a batch (torch's loader calls this with all numbers of a batch)."""
        indices = np.array([index for _, index in numbers], dtype=np.int64)
        pictures = torch.from_numpy(self.store.read(indices)).unsqueeze(1)
        if self.augment:
            changed = [self.augment(picture, *number) for picture, number in zip(pictures, numbers)]
            pictures = torch.stack(changed)
        return Batch(pictures, torch.from_numpy(self.targets[indices]))


class EpochBatches(Sampler[list[Number]]):
    """The batches of one epoch, or this process's share of each.

    Every picture is seen once per epoch, in batches whose sizes differ by at most one, so that
    no tiny last batch upsets batch normalisation.

    Parameters
    ----------
    indices : numpy.ndarray of int
        Positions of the pictures.
    batch_size : int
        Of all processes together.
    seed : int or None
        None keeps the order.
    rank, world : int
        This process takes every `world`-th picture of each batch.
    """

    def __init__(
        self,
        indices: NDArray[np.int64],
        batch_size: int,
        seed: int | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.indices, self.batch_size, self.seed = indices, batch_size, seed
        self.rank, self.world, self.epoch = rank, world, 0

    def __len__(self) -> int:
        """Return the number of batches."""
        return ceil(len(self.indices) / self.batch_size)

    def __iter__(self) -> Iterator[list[Number]]:
        """Give the batches of the current epoch."""
        order = self.indices
        if self.seed is not None:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(order)
        for part in np.array_split(order, len(self)):
            yield [(self.epoch, int(index)) for index in part[self.rank :: self.world]]


def make_loader(
    dataset: PictureDataset, batches: EpochBatches, loaders: int, device: torch.device
) -> DataLoader[Batch]:
    """Return a loader that fetches ahead with `loaders` processes (0: in this one)."""
    options: dict[str, Any] = {}
    if loaders:
        options = {"persistent_workers": True, "prefetch_factor": 4}
    return DataLoader(
        dataset,
        batch_sampler=batches,
        num_workers=loaders,
        collate_fn=_same,
        pin_memory=device.type == "cuda",
        **options,
    )


def _same(batch: Any) -> Any:
    return batch
