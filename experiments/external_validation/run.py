"""A frozen model elsewhere: cohorts, subgroups and recalibration on SPIDER's validation patients.

Question: does a model of one part of the patients hold in others, by centre (scanner maker), sex
          and level, and what would recalibration change?
Data:     experiments/spider_disc_degeneration (real T2 MRI), trained on its training patients
Command:  python experiments/external_validation/run.py --root DATA --out runs/external_validation
Smaller:  --small takes radiomics alone and two algorithms
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import pandas as pd

from dlr import Study, validate
from dlr.cli.show import progress_bars, show_evaluation
from dlr.outputs import write_run

HERE = Path(__file__).parent
STUDY = HERE.parent / "spider_disc_degeneration" / "study.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/external_validation"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="radiomics alone, two algorithms")
    options = parser.parse_args()
    started = time.monotonic()
    study = Study.from_yaml(STUDY, work=options.out / "work", root=options.root)
    config = study.config.model_copy(update={"audit": None})
    if options.small:
        model = config.model.model_copy(
            update={"folds": 3, "inner_folds": 3, "algorithms": ("logistic", "svm"), "tune": False}
        )
        config = config.model_copy(update={"embedding": None, "model": model})
    study = Study(config, study.work)
    cohort = study.cohort()
    with progress_bars() as progress:
        features = study.extract(cohort, options.workers, progress)
        study.train(cohort, features, options.workers, progress).save(options.out / "training")

    # Two external cohorts out of the validation patients, each judged and both pooled.
    clinical = pd.read_csv(config.clinical, dtype=str).query("cohort == 'validation'")
    patients = clinical["subject_id"].unique()
    half = set(patients[: len(patients) // 2 + 1])
    clinical["cohort"] = clinical["subject_id"].map(lambda p: "north" if p in half else "south")
    images = pd.read_csv(config.images, dtype=str)
    images = images[images["subject_id"].isin(patients)]
    for column in ("image", "mask"):
        images[column] = [str((Path(options.root) / path).resolve()) for path in images[column]]
    tables = options.out / "images_external.csv", options.out / "clinical_external.csv"
    images.to_csv(tables[0], index=False)
    clinical.to_csv(tables[1], index=False)
    with progress_bars() as progress:
        result = validate(
            options.out / "training" / "bundle",
            images=tables[0],
            clinical=tables[1],
            work=options.out / "work",
            workers=options.workers,
            progress=progress,
            subgroups=("sex", "disc_level"),
        )
    report = write_run(result, options.out / "external")
    for evaluation in result.evaluations:
        show_evaluation(evaluation, level=0.95)
    recalibration = result.recalibrations["pooled"]["Nomogram"]
    print(recalibration.to_frame().to_string(index=False, float_format="%.3f"))
    rows = [
        row for item in result.evaluations for row in item.to_frame().round(4).to_dict("records")
    ]
    results = {
        "performance": rows,
        "recalibration_of_nomogram": recalibration.to_frame().round(4).to_dict("records"),
        "suggested": str(recalibration.suggested),
        "subgroups": [
            item.to_frame().round(4).to_dict("records")
            for item in result.subgroups
            if item.feature_set == "Nomogram"
        ],
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    path.write_text(json.dumps(results, indent=1, default=str), encoding="utf-8")
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
