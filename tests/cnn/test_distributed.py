"""Several processes compute what one does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import torch

from .synthetic import train_one_share

WORKER = Path(__file__).parent / "ddp_worker.py"


def start(architecture, out, rank, port):
    environment = {
        **os.environ, "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
    command = [sys.executable, str(WORKER), architecture, str(out)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_two_processes_equal_one_within_rounding(tmp_path):
    # Its batch normalisation comes plain and with a built-in activation.
    architecture, port = "mobilevit_xxs", free_port()
    running = [start(architecture, tmp_path, rank, port) for rank in range(2)]
    train_one_share(architecture, tmp_path)
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    one = torch.load(tmp_path / "world1.pt", weights_only=True)
    two = torch.load(tmp_path / "world2.pt", weights_only=True)
    assert list(one) == list(two)
    gap = max(float((one[key].double() - two[key].double()).abs().max()) for key in one)
    assert gap < 1e-5
    losses = [pd.read_csv(tmp_path / f"world{world}.csv")["training_loss"] for world in (1, 2)]
    pd.testing.assert_series_equal(*losses, rtol=1e-5)
