"""How pictures pass through an embedding network: one by one, in batches, or in OpenVINO.

Whatever the way, a picture's features depend on that picture alone, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlr.features.embedding_networks import Network

Pictures = NDArray[np.float32]


class Compute(Protocol):
    """Turns grey pictures into feature vectors."""

    @property
    def name(self) -> str:
        """What decides the last digits of the features; part of every cache key."""

    def __call__(self, pictures: Pictures) -> Pictures:
        """Compute the features, shape (n, dimension), of pictures of shape (n, rows, columns)."""


@dataclass(frozen=True)
class Preparation:
    """What a network expects of its input.

    Attributes
    ----------
    size : int
        Rows and columns.
    mean, standard_deviation : tuple of float
        Per channel.
    """

    size: int
    mean: tuple[float, ...]
    standard_deviation: tuple[float, ...]

    @classmethod
    def of(cls, network: Network) -> Preparation:
        """Take what the network's weights were trained with."""
        return cls(network.input_size, network.mean, network.standard_deviation)

    def __call__(self, batch: Tensor) -> Tensor:
        """Resize, repeat and normalise a batch of shape (n, rows, columns)."""
        pictures = batch[:, None]
        if pictures.shape[-2:] != (self.size, self.size):
            pictures = nn.functional.interpolate(
                pictures, size=(self.size, self.size), mode="bilinear", antialias=True
            )
        shape = (1, 3, 1, 1)
        mean = torch.tensor(self.mean, device=batch.device).reshape(shape)
        deviation = torch.tensor(self.standard_deviation, device=batch.device).reshape(shape)
        prepared = (pictures.expand(-1, 3, -1, -1) - mean) / deviation
        return prepared.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True, eq=False)
class OneByOne:
    """Every picture on its own through a single-threaded network, several side by side.

    Attributes
    ----------
    module : torch.nn.Module
        On the processor.
    prepare : Preparation
    """

    module: nn.Module = field(repr=False)
    prepare: Preparation
    name: str = "torch"

    def __call__(self, pictures: Pictures) -> Pictures:
        """Compute the features of each picture."""
        workers = min(torch.get_num_threads(), len(pictures))
        with single_threaded(), ThreadPoolExecutor(workers) as pool:
            return np.concatenate(list(pool.map(self._one, pictures)))

    def _one(self, picture: Pictures) -> Pictures:
        with torch.inference_mode():
            vectors: Tensor = self.module(self.prepare(torch.from_numpy(picture[None])))
            return vectors.flatten(1).numpy()


@dataclass(frozen=True, eq=False)
class InBatches:
    """Batches that always have the same number of members, the last one being filled up.

    Attributes
    ----------
    module : torch.nn.Module
        On `device`.
    prepare : Preparation
    batch_size : int
    device : torch.device
    mixed : bool
        Let the network compute in half precision where torch holds it safe (a GPU only): three
        digits of the features are left.
    """

    module: nn.Module = field(repr=False)
    prepare: Preparation
    batch_size: int
    device: torch.device
    mixed: bool = False

    @property
    def name(self) -> str:
        """Tell mixed from full precision."""
        return "torch mixed" if self.mixed else "torch"

    def __call__(self, pictures: Pictures) -> Pictures:
        """Compute the features of each picture."""
        vectors = []
        # TF32 would cost three digits, and autotuning would choose kernels by the clock.
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            for start in range(0, len(pictures), self.batch_size):
                batch = pictures[start : start + self.batch_size]
                filled = np.zeros((self.batch_size, *batch.shape[1:]), dtype=np.float32)
                filled[: len(batch)] = batch
                vectors.append(self._batch(filled)[: len(batch)])
        return np.concatenate(vectors)

    def _batch(self, batch: Pictures) -> Pictures:
        half = torch.autocast(self.device.type, dtype=torch.float16, enabled=self.mixed)
        with torch.inference_mode(), half:
            vectors: Tensor = self.module(self.prepare(torch.from_numpy(batch).to(self.device)))
            return vectors.flatten(1).float().cpu().numpy()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let torch compute with one thread, as sums are split by threads and rounded differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
