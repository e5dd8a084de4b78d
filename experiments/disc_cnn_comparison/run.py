"""Three fine-tuned networks against readers on real lumbar discs (system 5).

Paper:    calcified disc herniation with ResNet-34, DenseNet-121, MobileViT-S (see README.md)
Command:  python experiments/disc_cnn_comparison/run.py --root DATA --out runs/discs
Expected: see README.md and results.json (35 minutes on one busy core without a GPU)
Smaller:  --small (half a minute; the tests run it)
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from dlr.cnn import CnnStudyConfig
from dlr.cnn.compare import compare_networks
from dlr.cnn.comparison_report import reader_studies, write_comparison

HERE = Path(__file__).parent
READERS = {"simulated senior": (0.85, 0.85), "simulated junior": (0.70, 0.75)}
"""Sensitivity and specificity that the simulated readers are drawn with."""


def write_discs(root: Path, folder: Path, patients: int | None) -> None:
    """Write the crops, both tables, and calls of simulated readers."""
    table = pd.read_csv(root / "spider_lumbar" / "disc_crops_t2.csv")
    crops = np.load(root / "spider_lumbar" / "disc_crops_t2.npz")["images"]
    if patients is not None:
        # Those with most severe discs first, so that few patients hold both outcomes.
        severe = (table["pfirrmann"] >= 4).groupby(table["patient"]).sum()
        table = table[table["patient"].isin(severe.nlargest(patients).index)]
    (folder / "crops").mkdir(parents=True, exist_ok=True)
    table = table.assign(
        subject_id="S" + table["patient"].astype(str),
        roi="ivd" + table["ivd"].astype(str),
        view=table["sequence"],
        image=[f"crops/{number:03d}.png" for number in table.index],
        severe_degeneration=np.where(table["pfirrmann"] >= 4, "yes", "no"),
        herniated=np.where(table["herniation"] == 1, "yes", "no"),
        cohort="training",
    )
    for number, name in table["image"].items():
        Image.fromarray(crops[number]).save(folder / name)
    table[["subject_id", "roi", "view", "image"]].to_csv(folder / "images.csv", index=False)
    cases = table.drop_duplicates(["subject_id", "roi"])
    columns = ["subject_id", "roi", "cohort", "severe_degeneration", "herniated"]
    cases[columns].to_csv(folder / "clinical.csv", index=False)
    rng = np.random.default_rng(1)
    truth = (cases["severe_degeneration"] == "yes").to_numpy()
    calls = [
        {"reader": name, "case_id": f"{case.subject_id}_{case.roi}", "rating": int(call)}
        for name, (sensitivity, specificity) in READERS.items()
        for case, call in zip(
            cases.itertuples(),
            rng.random(len(cases)) < np.where(truth, sensitivity, 1 - specificity),
        )
    ]
    pd.DataFrame(calls).to_csv(folder / "readers.csv", index=False)


def configured(data: Path, label: str, small: bool) -> CnnStudyConfig:
    """Read the study file for one label; a small run has two networks and one epoch."""
    config = CnnStudyConfig.from_yaml(HERE / "study.yaml")
    raw = config.model_dump()
    raw.update(images=data / "images.csv", clinical=data / "clinical.csv")
    raw["task"]["labels"][0].update(column=label, label=label)
    raw["readers"]["table"] = data / "readers.csv"
    if label != "severe_degeneration":
        raw["readers"] = None  # they were simulated for the other label
        raw["task"]["positive_weight"] = "balanced"
        kept = ("ResNet34", "EfficientNet_Lite0")  # 26 positive discs: more networks tell no more
        raw["networks"] = {name: raw["networks"][name] for name in kept}
    if small:
        raw["training"]["epochs"], raw["folds"] = 1, 2
        raw["networks"] = {name: raw["networks"][name] for name in ("ResNet34", "MobileViT_S")}
    return CnnStudyConfig.model_validate(raw)


def compare(config: CnnStudyConfig, out: Path) -> dict[str, Any]:
    """Train and compare the networks on one label."""
    started = time.perf_counter()
    comparison = compare_networks(config, out / "work")
    seconds = time.perf_counter() - started
    report = write_comparison(comparison, config, out)
    columns = [
        "network", "n", "n_positive", "auc", "auc_low", "auc_high", "accuracy", "sensitivity",
        "specificity", "ppv", "npv", "f1",
    ]  # fmt: skip
    frame = comparison.performance[columns].round(4)
    print(frame.to_string(index=False))
    print(comparison.pairs().round(4).to_string(index=False))
    print(f"report: {report}")
    found: dict[str, Any] = {
        "seconds": round(seconds),
        "networks": json.loads(frame.to_json(orient="records")),
        "pairs": json.loads(comparison.pairs().round(4).to_json(orient="records")),
    }
    for (network, _), study in reader_studies(comparison, config).items():
        points = study.operating_points.round(4)
        found[f"{network} and simulated readers"] = {
            "points": json.loads(points.to_json(orient="records")),
            "mcnemar": json.loads(study.comparisons.round(4).to_json(orient="records")),
            "kappa": json.loads(study.agreement.round(4).to_json(orient="records")),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/discs"))
    parser.add_argument("--small", action="store_true", help="few patients, one epoch")
    options = parser.parse_args()
    data = options.out / "data"
    write_discs(Path(options.root), data, 8 if options.small else None)
    labels = ["severe_degeneration"] + ([] if options.small else ["herniated"])
    results = {
        label: compare(configured(data, label, options.small), options.out / label)
        for label in labels
    }
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
