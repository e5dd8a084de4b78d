"""Pictures and targets without files, for tests of the training loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from dlr.cnn.distributed import join_processes
from dlr.cnn.networks import build_classifier
from dlr.cnn.settings import CnnStudyConfig, PictureSettings
from dlr.cnn.store import PictureStore
from dlr.cnn.tasks import Targets
from dlr.cnn.training import TrainingData, train_network


def make_data(n: int = 16, size: int = 32, stopping: int = 0, noise: bool = False) -> TrainingData:
    """`n` pictures of which every second is positive: brighter in one corner, or not at all."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    held = rng.integers(0, 120, (n, size, size))
    if not noise:
        held[y == 1, : size // 2, : size // 2] += 120
    store = PictureStore(
        tuple(map(str, range(n))), PictureSettings(size=size), None, held.astype(np.uint8)
    )
    targets = Targets(
        y[:, None].astype(np.float32), ("a",), (), np.ones(1, np.float32), (1.0,),
        np.zeros(0), np.ones(0),
    )  # fmt: skip
    rows = np.arange(n)
    return TrainingData(store, targets, rows[stopping:], rows[:stopping])


def make_settings(**changes: object) -> CnnStudyConfig:
    """Settings of a quick training."""
    settings = {
        "name": "synthetic",
        "images": "i",
        "clinical": "c",
        "task": {"labels": [{"column": "a", "positive": 1}]},
        "network": {"architecture": "test_resnet", "weights": "none"},
        "optimiser": {"learning_rate": 3e-3, "schedule": "constant"},
        "training": {"epochs": 4, "batch_size": 8, "stopping": None, "device": "cpu"},
        **changes,
    }
    return CnnStudyConfig.model_validate(settings)


def train_one_share(architecture: str, out: Path) -> None:
    """Train a small network as one of the processes that the environment names."""
    config = make_settings(
        network={"architecture": architecture, "weights": "none", "freeze_epochs": 1},
        optimiser={"name": "sgd", "learning_rate": 1e-3, "schedule": "constant"},
        training={"epochs": 3, "batch_size": 9, "accumulate": 2, "stopping": None},
    )
    data = make_data(40, stopping=5)
    with join_processes("cpu") as place:
        network = build_classifier(config.network, 1, 32, config.seed)
        trained = train_network(network, data, config, place, out / f"w{place.world}")
        if place.leads:
            torch.save(dict(trained.state), out / f"world{place.world}.pt")
            trained.history.to_csv(out / f"world{place.world}.csv", index=False)
