"""Severe lumbar disc degeneration on real T2 MRI: manifest to frozen validation, in one command.

Paper:    the protocol of Fan et al. 2024 (system 1 in the README), on SPIDER (van der Graaf 2024)
Command:  python experiments/spider_disc_degeneration/run.py --root DATA --out runs/spider
Expected: see README.md beside this file (AUCs with intervals, run time)
Smaller:  --small takes radiomics of the sagittal view, two algorithms and three folds
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
from dlr.results import StudyResult

HERE = Path(__file__).parent


def settings(small: bool) -> StudyConfig:
    """Read the study; small: fewer folds, features and algorithms, no audit."""
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    if not small:
        return config
    model = {"folds": 3, "inner_folds": 3, "algorithms": ("logistic", "svm"), "tune": False}
    changes = {
        "embedding": None,
        "views": {"sag": config.views["sag"]},
        "model": config.model.model_copy(update=model),
        "audit": None,
    }
    return config.model_copy(update=changes)


def record(result: StudyResult) -> dict[str, object]:
    """Collect the tables of the README."""
    grid = result.grid
    assert grid is not None
    content: dict[str, object] = {
        "performance": [row for item in result.evaluations for row in records(item.to_frame())],
        "delong_p_adjusted": {
            f"{item.cohort} ({item.estimate})": item.delong.p_adjusted.round(4).to_dict()
            for item in result.evaluations
            if item.delong is not None
        },
        "clinical_variables": list(result.clinical_variables),
        "features_left": {name: list(trace.steps) for name, trace in result.traces.items()},
        "votes": {str(name): int(count) for name, count in grid.votes.items()},
        "winner": grid.winner,
        "winners_of_outer_folds": list(grid.fold_winners),
    }
    if result.audit is not None:
        content["audit"] = records(result.audit.table)
        content["audit_shuffled_outcomes"] = records(result.audit.permuted)
        content["audit_stability"] = records(result.audit.stability)
    return content


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as JSON holds them."""
    return json.loads(frame.to_json(orient="records", double_precision=4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/spider"))
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
    report = trained.save(options.out)
    for evaluation in trained.result.evaluations:
        show_evaluation(evaluation, level=0.95)

    # The saved bundle, loaded again, must give the validation patients the same scores.
    with progress_bars() as progress:
        frozen = validate(
            options.out / "bundle",
            images=study.config.images,
            clinical=study.config.clinical,
            work=options.out / "work",
            image_root=options.root,
            only="validation",
            workers=options.workers,
            progress=progress,
        )
    before = trained.result.scores.query("estimate == 'frozen'").set_index(
        ["case_id", "feature_set"]
    )
    after = frozen.scores.set_index(["case_id", "feature_set"])
    gap = (before["score"] - after["score"]).abs().max()
    print(f"largest difference between bundle and training run: {gap:.1e}")
    content = {
        **record(trained.result),
        "bundle_against_training_run": float(gap),
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"report: {report}\nresults: {path}")


if __name__ == "__main__":
    main()
