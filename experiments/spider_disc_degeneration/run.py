"""Severe lumbar disc degeneration on real T2 MRI: manifest to frozen validation, in one command.

Paper:    the protocol of Fan et al. 2024 (system 1 in the README), on SPIDER (van der Graaf 2024)
Command:  python experiments/spider_disc_degeneration/run.py --root DATA --out runs/spider
Expected: see README.md beside this file (AUCs with intervals, run time)
Smaller:  --quick leaves out the deep features (about a third of the time)
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from dlr import Study, validate
from dlr.cli.show import progress_bars, show_evaluation

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/spider"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="no deep features")
    options = parser.parse_args()

    study = Study.from_yaml(HERE / "study.yaml", work=options.out / "work", root=options.root)
    if options.quick:
        study = Study(study.config.model_copy(update={"embedding": None}), study.work)

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
    print(f"report: {report}")


if __name__ == "__main__":
    main()
