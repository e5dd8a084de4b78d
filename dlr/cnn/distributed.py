"""One process or many: the same script under ``torchrun`` on several devices and machines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

from dlr.errors import DlrError


@dataclass(frozen=True)
class Place:
    """Which of how many processes this is, and where it computes."""

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over all processes."""
        if self.world > 1:
            values = values.detach().clone()
            distributed.all_reduce(values)
        return values

    def gather(self, item: Any) -> list[Any]:
        """Return what every process holds, by rank."""
        if self.world == 1:
            return [item]
        found: list[Any] = [None] * self.world
        distributed.all_gather_object(found, item)
        return found

    def wait(self) -> None:
        """Wait for all processes."""
        if self.world > 1:
            distributed.barrier()

    def wrap(self, module: nn.Module) -> nn.Module:
        """Let gradients be averaged over all processes."""
        if self.world == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=devices)


@contextmanager
def join_processes(device: str = "auto") -> Iterator[Place]:
    """Join the processes that ``torchrun`` started, or be the only one.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        "auto" takes the GPU where there is one.

    Raises
    ------
    DlrError
        If a GPU is asked for and none is there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise DlrError("training.device is 'cuda', but no GPU is available; set it to 'auto'")
    on_gpu = device != "cpu" and torch.cuda.is_available()
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_RANK", 0))
    where = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    if world == 1 or distributed.is_initialized():
        yield Place(rank, world, where)
        return
    if on_gpu:
        torch.cuda.set_device(where)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Place(rank, world, where)
    finally:
        distributed.destroy_process_group()


def share_statistics(module: nn.Module, place: Place) -> nn.Module:
    """Let batch normalisation see the whole batch, however many processes share it.

    Without this, results would depend on the number of processes. torch's own layer does it on
    GPUs only, so the processor gets :class:`SharedBatchNorm`. Names of parameters stay.
    """
    if place.world == 1:
        return module
    for name, layer in list(module.named_modules()):
        if isinstance(layer, _BatchNorm) and not isinstance(layer, SharedBatchNorm):
            module.set_submodule(name, SharedBatchNorm(layer))
    return module


class SharedBatchNorm(nn.Module):
    """Batch normalisation with mean and variance over all processes (Ioffe & Szegedy 2015).

    Parameters
    ----------
    layer : torch.nn.modules.batchnorm._BatchNorm
        Its parameters and buffers are taken over; timm's variants with a built-in activation
        keep it.
    """

    def __init__(self, layer: _BatchNorm) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        for name, buffer in layer.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        self.eps, self.momentum = layer.eps, layer.momentum
        after = [getattr(layer, name) for name in ("drop", "act") if hasattr(layer, name)]
        self.after = nn.Sequential(*after)

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalise by the statistics of the whole batch, or by the running ones."""
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        if self.training:
            return self.after(self._shared(inputs, mean, variance))
        normal = batch_norm(inputs, mean, variance, self.weight, self.bias, False, 0.0, self.eps)
        return self.after(normal)

    def _shared(self, inputs: Tensor, running_mean: Tensor, running_variance: Tensor) -> Tensor:
        values = inputs.float()
        axes = [axis for axis in range(values.dim()) if axis != 1]
        count = torch.full((1,), float(values.numel() // values.shape[1]), device=values.device)
        summed = _sum(torch.cat([values.sum(axes), count]))
        mean, n = summed[:-1] / summed[-1], float(summed[-1].detach())
        shape = [1, -1, *[1] * (values.dim() - 2)]
        # The spread about the common mean, not the mean of squares: no cancellation.
        centred = values - mean.reshape(shape)
        variance = _sum((centred**2).sum(axes)) / n
        with torch.no_grad():
            share = self.momentum or 0.0
            running_mean.lerp_(mean, share)
            running_variance.lerp_(variance * n / max(n - 1, 1), share)
            self.get_buffer("num_batches_tracked").add_(1)
        normal = centred * torch.rsqrt(variance + self.eps).reshape(shape)
        if self.weight is not None:
            normal = normal * self.weight.reshape(shape) + self.bias.reshape(shape)
        return normal.to(inputs.dtype)


class _SumOverProcesses(torch.autograd.Function):
    """The sum over all processes; every process's loss sends its gradient back to each."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total


def _sum(values: Tensor) -> Tensor:
    return cast(Tensor, _SumOverProcesses.apply(values))
