"""What is each block, step and setting worth? Ablation of the SPIDER disc study.

Data:     the 156 training discs of experiments/spider_disc_degeneration (real T2 MRI)
Command:  python experiments/ablation/run.py --root DATA --out runs/ablation
Smaller:  --small takes radiomics alone, three algorithms and three folds
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from dlr import Study
from dlr.ablation import ablate
from dlr.cli.show import progress_bars
from dlr.report import write_report

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="radiomics alone, few variants")
    options = parser.parse_args()
    started = time.monotonic()
    study = Study.from_yaml(HERE / "study.yaml", work=options.out / "work", root=options.root)
    if options.small:
        config = study.config
        model = config.model.model_copy(
            update={"folds": 3, "inner_folds": 3, "algorithms": ("logistic", "svm"), "tune": False}
        )
        variables = {"modic": config.clinical_variables["modic"]}
        changes = {
            "embedding": None, "model": model, "ablation": {}, "clinical_variables": variables
        }  # fmt: skip
        study = Study(config.model_copy(update=changes), study.work)
    with progress_bars() as progress:
        result = ablate(study, options.workers, progress)
    report = write_report(result, options.out)
    columns = ["variant", "score", "auc", "low", "high", "difference", "p_value"]
    print(result.table[columns].to_string(index=False, float_format="%.3f"))
    results = {
        "rows": result.table.round(4).to_dict("records"),
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
