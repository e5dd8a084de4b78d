"""What is each block, step and setting worth? Ablation of the SPIDER disc study.

Data:     the 156 training discs of experiments/spider_disc_degeneration (real T2 MRI)
Command:  python experiments/ablation/run.py --root DATA --out runs/ablation
Smaller:  --small takes radiomics of the sagittal view, no LASSO, three folds
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from dlr import Study
from dlr.ablation import ablate
from dlr.cli.bars import progress_bars
from dlr.config import StudyConfig
from dlr.report import write_report

HERE = Path(__file__).parent


def with_parameter_files(config: StudyConfig) -> StudyConfig:
    """Take parameter files that variants name from this folder, wherever the script is started."""
    key = "radiomics.parameters"
    variants = {
        name: {**changes, key: str(HERE / str(changes[key]))}
        if str(changes.get(key, "")).endswith(".yaml")
        else changes
        for name, changes in config.ablation.items()
    }
    return config.model_copy(update={"ablation": variants})


def smaller(config: StudyConfig) -> StudyConfig:
    """Leave out what takes time: one view, deep features, LASSO, own variants, folds."""
    changes = {
        "views": {"sag": config.views["sag"]},
        "embedding": None,
        "selection": config.selection.model_copy(update={"lasso": None}),
        "model": config.model.model_copy(update={"folds": 3, "inner_folds": 3}),
        "clinical_variables": {"modic": config.clinical_variables["modic"]},
        "ablation": {},
    }
    return config.model_copy(update=changes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="one view, few variants")
    options = parser.parse_args()
    started = time.monotonic()
    study = Study.from_yaml(HERE / "study.yaml", work=options.out / "work", root=options.root)
    study = Study(with_parameter_files(study.config), study.work)
    if options.small:
        study = Study(smaller(study.config), study.work)
    with progress_bars() as progress:
        result = ablate(study, options.workers, progress)
    report = write_report(result, options.out)
    columns = ["variant", "score", "auc", "low", "high", "difference", "p_value"]
    print(result.table[columns].to_string(index=False, float_format="%.3f"))
    results = {
        "rows": json.loads(result.table.to_json(orient="records", double_precision=4)),
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
