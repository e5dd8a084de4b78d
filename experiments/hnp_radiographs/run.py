"""Disc herniation by level on radiographs (system 4), and a real run on chest radiographs.

Paper:    Lee et al., EfficientNet-B5 on 162,257 lumbar radiographs (see README.md)
Command:  python experiments/hnp_radiographs/run.py --root DATA --out runs/hnp
Expected: see README.md and results.json (about 13 minutes on one busy core without a GPU)
Smaller:  --small (a minute; the tests run it)
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
from pneumonia import write_pneumonia
from radiographs import LEVELS, write_radiographs

from dlr.cnn import CnnStudy, CnnStudyConfig, train_study
from dlr.cnn.explain import explain_cnn
from dlr.cnn.report import headline_rows

HERE = Path(__file__).parent
COLUMNS = [
    "cohort", "estimate", "fold", "target", "n", "n_positive", "auc", "auc_low", "auc_high",
    "sensitivity", "specificity", "ppv", "f1", "accuracy",
]  # fmt: skip


def tables_in(name: str, data: Path, **changes: Any) -> CnnStudyConfig:
    """Read a study file whose tables lie in `data`."""
    paths = {"images": data / "images.csv", "clinical": data / "clinical.csv"}
    return CnnStudyConfig.from_yaml(HERE / name).model_copy(update={**paths, **changes})


def summary(study: CnnStudy, seconds: float) -> dict[str, Any]:
    """Return the numbers that README.md quotes."""
    rows = headline_rows(study.result)[COLUMNS].round(4)
    return {"seconds": round(seconds), "performance": json.loads(rows.to_json(orient="records"))}


def run_study(name: str, config: CnnStudyConfig, out: Path) -> tuple[CnnStudy, dict[str, Any]]:
    """Train one study and write its report."""
    started = time.perf_counter()
    study = train_study(config, out / name / "work")
    seconds = time.perf_counter() - started
    study.save(out / name)
    print(f"{name}: {seconds:.0f} s")
    print(headline_rows(study.result)[COLUMNS].round(3).to_string(index=False))
    return study, summary(study, seconds)


def shorter(config: CnnStudyConfig, small: bool) -> CnnStudyConfig:
    """Leave one epoch and two folds for a small run."""
    if not small:
        return config
    training = config.training.model_copy(update={"epochs": 1})
    return config.model_copy(update={"training": training, "folds": 2})


def radiographs(out: Path, small: bool) -> dict[str, Any]:
    """Run the published tasks on generated radiographs: any level, by level, levels and age."""
    data = out / "radiographs"
    write_radiographs(data, 40 if small else 500, 64 if small else 128)
    config = shorter(tables_in("study.yaml", data), small)
    tasks = {
        "any": {"kind": "any"},
        "by_level": {"kind": "multilabel"},
        "multitask": {"kind": "multitask", "regressions": [{"column": "age", "weight": 0.2}]},
    }
    found = {}
    for name, changes in tasks.items():
        task = type(config.task).model_validate({**config.task.model_dump(), **changes})
        chosen = config.model_copy(update={"task": task})
        study, found[name] = run_study(name, chosen, out)
    maps = explain_cnn(study.bundle, config.images, config.clinical, out / "multitask", only="test")
    means = maps.to_frame().round(4)
    found["maps"] = json.loads(means.to_json(orient="records"))
    return found


def pneumonia(out: Path, root: Path, small: bool) -> dict[str, Any]:
    """Run the binary task on real chest radiographs."""
    data = out / "pneumonia_data"
    write_pneumonia(root, data, 0.03 if small else 1.0)
    return run_study("pneumonia", shorter(tables_in("pneumonia.yaml", data), small), out)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/hnp"))
    parser.add_argument("--small", action="store_true", help="few patients, one epoch")
    options = parser.parse_args()
    results = {
        "pneumonia": pneumonia(options.out, Path(options.root), options.small),
        "radiographs (simulated)": radiographs(options.out, options.small),
    }
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    labels = pd.read_csv(options.out / "radiographs" / "clinical.csv")[list(LEVELS)]
    print((labels == "yes").mean().round(3).to_string())


if __name__ == "__main__":
    main()
