"""Time deep features against plain eager torch.

    python benchmarks/embedding.py [--crops 8] [--rounds 7] [--threads 1] [--gpu]

Random weights and random crops: only speed is measured, and that all forms agree to 1e-5 of the
largest feature (mixed precision: 1e-2). The forms take turns, round by round. On a processor,
processor time is counted, which other programs do not disturb; eager torch gets its crops in
batches of eight, which is its best case. On a GPU, seconds are counted. Writes a Markdown table.
Expected: half a minute, most of it compiling.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from dlr.features.embedding import Backbone, load_backbone
from dlr.features.embedding_compute import Preparation
from dlr.features.embedding_networks import build_network
from dlr.settings import EmbeddingSettings

NETWORKS = {"EfficientNet-Lite0": "tf_efficientnet_lite0", "ResNeXt50_32x4d": "resnext50_32x4d"}
Form = Callable[[np.ndarray], np.ndarray]


def random_weights(name: str, folder: Path) -> Path:
    """Write weights whose batch normalisation is not the identity."""
    torch.manual_seed(0)
    module = build_network(name).module
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    path = folder / f"{name}.pth"
    torch.save(module.state_dict(), path)
    return path


def eager(backbone: Backbone, batch: int = 8) -> Form:
    """Give the network itself: torch's default memory layout, one batch after the other."""
    module = build_network(backbone.network.name, backbone.network.library).module
    module.load_state_dict(backbone.network.module.state_dict())
    module.eval().to(backbone.device)
    prepare = Preparation.of(backbone.network)

    def embed(crops: np.ndarray) -> np.ndarray:
        rows = []
        with torch.inference_mode():
            for start in range(0, len(crops), batch):
                part = torch.from_numpy(crops[start : start + batch]).to(backbone.device)
                rows.append(module(prepare(part).contiguous()).flatten(1).float().cpu())
        return torch.cat(rows).numpy()

    return embed


def processor_forms(settings: EmbeddingSettings) -> dict[str, Form]:
    """List what is compared on a processor."""
    settings = settings.model_copy(update={"device": "cpu"})
    backbone = load_backbone(settings)
    forms = {"eager torch": eager(backbone), "dlr, torch": backbone.embed}
    if find_spec("openvino"):
        forms["dlr, OpenVINO"] = load_backbone(
            settings.model_copy(update={"runtime": "openvino"})
        ).embed
    return forms


def gpu_forms(settings: EmbeddingSettings) -> dict[str, Form]:
    """List what is compared on a GPU."""
    settings = settings.model_copy(update={"device": "cuda", "batch_size": 64})
    backbone = load_backbone(settings)
    mixed = load_backbone(settings.model_copy(update={"precision": "mixed"}))
    return {
        "eager torch, one by one": eager(backbone, 1),
        "dlr, batches of 64": backbone.embed,
        "dlr, batches of 64, mixed precision": mixed.embed,
    }


def timed(function: Callable[[], Any], clock: Callable[[], float]) -> tuple[float, Any]:
    start = clock()
    result = function()
    return clock() - start, result


def compare(
    forms: dict[str, Form], crops: np.ndarray, rounds: int, clock: Callable[[], float]
) -> list[tuple[str, float, float, float]]:
    """Return milliseconds per crop, ratio to the first form and deviation from it."""
    results = {name: form(crops) for name, form in forms.items()}
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, form in forms.items():
            seconds[name].append(timed(lambda form=form: form(crops), clock)[0])
    first = next(iter(forms))
    rows = []
    for name in forms:
        deviation = np.abs(results[name] - results[first]).max() / np.abs(results[first]).max()
        assert deviation <= (1e-2 if "mixed" in name else 1e-5), (name, deviation)
        # The ratio of each round, as both forms of a round met the same company.
        ratio = float(np.median(np.divide(seconds[first], seconds[name])))
        rows.append((name, float(np.median(seconds[name])) / len(crops) * 1e3, ratio, deviation))
    return rows


def main() -> None:
    """Run all forms of both networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.perf_counter if arguments.gpu else time.process_time
    crops = np.random.default_rng(0).random((arguments.crops, 224, 224), dtype=np.float32)
    print(
        "| network | form | ms per crop | ratio | images/s | deviation |\n|---|---|---|---|---|---|"
    )
    with TemporaryDirectory() as folder:
        for title, name in NETWORKS.items():
            path = random_weights(name, Path(folder))
            settings = EmbeddingSettings(backbone=name, weights=str(path))
            forms = gpu_forms(settings) if arguments.gpu else processor_forms(settings)
            for form, ms, ratio, deviation in compare(forms, crops, arguments.rounds, clock):
                print(
                    f"| {title} | {form} | {ms:.2f} | {ratio:.2f} | {1e3 / ms:,.0f} | "
                    f"{deviation:.0e} |"
                )


if __name__ == "__main__":
    main()
