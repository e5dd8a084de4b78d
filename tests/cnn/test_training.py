"""The training loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dlr.cnn.distributed import Place
from dlr.cnn.networks import build_classifier
from dlr.cnn.training import train_network
from dlr.errors import DlrError

from .synthetic import make_data, make_settings

HERE = Place(0, 1, torch.device("cpu"))


def run(config, data, folder, **options):
    network = build_classifier(config.network, 1, 32, config.seed)
    return train_network(network, data, config, HERE, folder, **options)


def test_sixteen_pictures_of_noise_are_learnt_by_heart(tmp_path):
    config = make_settings(
        optimiser={"learning_rate": 1e-2, "schedule": "constant"},
        training={"epochs": 40, "batch_size": 16, "stopping": None, "device": "cpu"},
    )
    trained = run(config, make_data(noise=True), tmp_path)
    assert trained.history["training_loss"].iloc[-1] < 1e-3
    assert trained.history["training_loss"].iloc[0] > 0.3


CASES = {
    "adam_cosine_ema": (
        {"name": "adam", "schedule": "cosine_restarts", "restart_epochs": 2},
        {"ema": 0.9},
    ),
    "sgd_one_cycle_accumulate": (
        {"name": "sgd", "schedule": "one_cycle", "learning_rate": 0.01, "clip_norm": 1.0},
        {"accumulate": 2},
    ),
    "adamw_bfloat16_stopping": (
        {"name": "adamw", "weight_decay": 0.01},
        {"precision": "bfloat16", "stopping": {"patience": 10}},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_resumed_training_equals_an_uninterrupted_one_to_the_last_bit(tmp_path, name):
    optimiser, training = CASES[name]
    config = make_settings(
        optimiser={"learning_rate": 1e-3, **optimiser},
        training={"epochs": 4, "batch_size": 4, "stopping": None, **training},
        augmentation=[{"name": "noise", "amount": 0.1}, {"name": "horizontal_flip"}],
        network={
            "architecture": "test_resnet", "weights": "none", "dropout": 0.3, "freeze_epochs": 1,
        },
    )  # fmt: skip
    data = make_data(stopping=6)
    whole = run(config, data, tmp_path / "whole")
    run(config, data, tmp_path / "parts", last_epoch=1)
    torch.manual_seed(99)  # whatever happens in between
    run(config, data, tmp_path / "parts", last_epoch=3)
    resumed = run(config, data, tmp_path / "parts")
    assert all(torch.equal(whole.state[key], resumed.state[key]) for key in whole.state)
    timing = ["seconds", "waiting_share", "pictures_per_s"]
    pd.testing.assert_frame_equal(
        whole.history.drop(columns=timing), resumed.history.drop(columns=timing)
    )


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    config, data = make_settings(), make_data()
    run(config, data, tmp_path, key="one", last_epoch=1)
    with pytest.raises(DlrError, match="belongs to a training with other settings"):
        run(config, data, tmp_path, key="two")
    (tmp_path / "checkpoint.pt").write_bytes(b"rubbish")
    with pytest.raises(DlrError, match="damaged"):
        run(config, data, tmp_path, key="one")


def test_training_stops_when_patience_is_exhausted_and_keeps_the_best(tmp_path):
    config = make_settings(
        training={"epochs": 40, "batch_size": 8, "stopping": {"patience": 2, "metric": "loss"}}
    )
    trained = run(config, make_data(24, stopping=8, noise=True), tmp_path)
    history = trained.history
    assert len(history) < 40
    assert history["stopping_loss"].idxmin() == trained.best_epoch
    assert len(history) == trained.best_epoch + 3


def test_divergence_stops_with_a_message(tmp_path):
    config = make_settings(optimiser={"name": "sgd", "learning_rate": 1e30, "schedule": "constant"})
    with pytest.raises(DlrError, match="diverged"):
        run(config, make_data(), tmp_path)


def test_logs_are_written(tmp_path):
    pytest.importorskip("tensorboard")
    config = make_settings(training={"epochs": 1, "stopping": None, "tensorboard": True})
    run(config, make_data(), tmp_path)
    assert list(pd.read_csv(tmp_path / "log.csv")["epoch"]) == [0]
    assert list(tmp_path.glob("events.*"))


def test_progress_counts_every_batch(tmp_path):
    seen = []
    run(make_settings(), make_data(), tmp_path, progress=lambda _stage, *n: seen.append(n))
    assert seen[-1] == (8, 8)
    assert [n for n, _ in seen[:-1]] == list(range(1, 9))


def test_the_backbone_learns_slower_where_asked(tmp_path):
    network = {"architecture": "test_resnet", "weights": "none", "backbone_rate": 1e-6}
    config = make_settings(network=network)
    start = build_classifier(config.network, 1, 32, config.seed).module.state_dict()
    trained = run(config, make_data(), tmp_path)
    moved = {
        key: float((trained.state[key] - start[key]).abs().max())
        for key in ("conv1.0.weight", "fc.weight")
    }
    assert moved["fc.weight"] > 1000 * moved["conv1.0.weight"]
    assert np.isfinite(moved["conv1.0.weight"])
