"""One process of a training that several share; started by test_distributed.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch
from synthetic import make_data, make_settings

from dlr.cnn.distributed import join_processes
from dlr.cnn.networks import build_classifier
from dlr.cnn.training import train_network


def main(architecture: str, out: Path) -> None:
    torch.set_num_threads(1)
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


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
