"""Optimisers, learning-rate schedules and averaged weights, by the names of the study file."""

from __future__ import annotations

from torch import nn, optim
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingWarmRestarts,
    LRScheduler,
    OneCycleLR,
)
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dlr.cnn.networks import CnnNetwork
from dlr.cnn.settings import NetworkSettings, OptimiserSettings


def make_optimiser(
    network: CnnNetwork, settings: OptimiserSettings, start: NetworkSettings
) -> Optimizer:
    """Return the optimiser; the backbone has a learning rate of its own where asked for."""
    rate = settings.learning_rate
    groups = [
        {"params": network.backbone_parameters(), "lr": rate * start.backbone_rate},
        {"params": list(network.head.parameters()), "lr": rate},
    ]
    decay = settings.weight_decay
    if settings.name == "sgd":
        return optim.SGD(groups, momentum=settings.momentum, weight_decay=decay)
    if settings.name == "adamw":
        return optim.AdamW(groups, weight_decay=decay)
    return optim.Adam(groups, weight_decay=decay)


def make_schedule(
    optimiser: Optimizer, settings: OptimiserSettings, steps_per_epoch: int, epochs: int
) -> LRScheduler:
    """Return the learning-rate schedule, counted in optimiser steps.

    Cosine annealing with warm restarts: Loshchilov & Hutter, SGDR, ICLR 2017; one cycle: Smith &
    Topin 2018.
    """
    if settings.schedule == "cosine_restarts":
        period = settings.restart_epochs * steps_per_epoch
        return CosineAnnealingWarmRestarts(optimiser, period, settings.restart_factor)
    if settings.schedule == "one_cycle":
        peaks = [group["lr"] for group in optimiser.param_groups]
        return OneCycleLR(optimiser, peaks, total_steps=steps_per_epoch * epochs + 1)
    return ConstantLR(optimiser, factor=1.0, total_iters=1)


def make_average(module: nn.Module, decay: float | None) -> AveragedModel | None:
    """Return the exponential moving average of the weights, None where not asked for."""
    if decay is None:
        return None
    return AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
