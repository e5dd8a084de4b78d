"""A frozen model elsewhere: two cohorts and both together, subgroups, recalibration.

Question: does a model of patients up to 63 years hold in older ones, and in the data set's own
          validation patients; by sex, level and age; and what would recalibration change?
Data:     SPIDER (real T2 MRI), data_manifest/external_validation
Command:  python experiments/external_validation/run.py --root DATA --out runs/external_validation
Smaller:  --small takes radiomics of the sagittal view and two algorithms
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import pandas as pd

from dlr import Study, validate
from dlr.cli.bars import progress_bars
from dlr.cli.show import show_evaluation
from dlr.config import StudyConfig
from dlr.external import ExternalValidation
from dlr.outputs import write_run

HERE = Path(__file__).parent
EXTERNAL = ("older", "validation")
SUBGROUPS = ("sex", "disc_level", "age:70")


def settings(small: bool) -> StudyConfig:
    """Read the study; small: fewer folds, features and algorithms."""
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    if not small:
        return config
    model = {"folds": 3, "inner_folds": 3, "algorithms": ("logistic", "svm")}
    changes = {
        "embedding": None,
        "views": {"sag": config.views["sag"]},
        "model": config.model.model_copy(update=model),
    }
    return config.model_copy(update=changes)


def judge_elsewhere(config: StudyConfig, options: argparse.Namespace) -> ExternalValidation:
    """Score both cohorts with the saved bundle alone, as another hospital would."""
    # Only their rows: the model must not see a development patient again.
    clinical = pd.read_csv(config.clinical, dtype=str)
    clinical = clinical[clinical["cohort"].isin(EXTERNAL)]
    images = pd.read_csv(config.images, dtype=str)
    images = images[images["subject_id"].isin(clinical["subject_id"])]
    tables = options.out / "images_external.csv", options.out / "clinical_external.csv"
    images.to_csv(tables[0], index=False)
    clinical.to_csv(tables[1], index=False)
    with progress_bars() as progress:
        return validate(
            options.out / "training" / "bundle",
            images=tables[0],
            clinical=tables[1],
            work=options.out / "work",
            image_root=options.root,
            workers=options.workers,
            progress=progress,
            subgroups=SUBGROUPS,
        )


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as JSON holds them."""
    return json.loads(frame.to_json(orient="records", double_precision=4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/external_validation"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="one view, two algorithms")
    options = parser.parse_args()
    started = time.monotonic()

    config = settings(options.small).model_copy(update={"image_root": Path(options.root)})
    study = Study(config, options.out / "work")
    cohort = study.cohort()
    with progress_bars() as progress:
        features = study.extract(cohort, options.workers, progress)
        trained = study.train(cohort, features, options.workers, progress)
    trained.save(options.out / "training")
    inside = trained.result.evaluation("training", "out-of-fold")
    result = judge_elsewhere(config, options)
    report = write_run(result, options.out / "external")

    for evaluation in (inside, *result.evaluations):
        show_evaluation(evaluation, level=0.95)
    recalibration = result.recalibrations["pooled"]["Nomogram"]
    print(recalibration.to_frame().to_string(index=False, float_format="%.3f"))
    record = {
        "performance": [
            row for item in (inside, *result.evaluations) for row in records(item.to_frame())
        ],
        "clinical_variables": list(trained.result.clinical_variables),
        "recalibration_of_nomogram": {
            name: {
                "updates": records(models["Nomogram"].to_frame()),
                "suggested": str(models["Nomogram"].suggested),
            }
            for name, models in result.recalibrations.items()
        },
        "subgroups": {
            item.column: {
                "groups": records(item.to_frame()),
                "differences": records(item.heterogeneity.reset_index()),
            }
            for item in result.subgroups
            if item.feature_set == "Nomogram"
        },
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
