"""Who needs surgery for a herniated lumbar disc? System 1 on a simulated two-centre cohort.

Paper:    Fan et al. 2024 (system 1 in the README): deep-learning radiomics nomogram, 1,066 + 191
Data:     SIMULATED, clinical table after the paper's Table 2; no patient is real
Command:  python experiments/ldh_surgery_dlrn/run.py --out runs/ldh_surgery_dlrn
Size:     the published one; --training 300 --external 80 for a smaller cohort
Smaller:  --small, 24 + 12 patients with tiny images, five clinical variables, two algorithms
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pandas as pd

from dlr import Study
from dlr.cli.bars import progress_bars
from dlr.cli.show import show_evaluation
from dlr.cohort.simulation import simulate_cohort, write_tiny_cohort
from dlr.cohort.simulation.tiny import TINY_VARIABLES
from dlr.config import StudyConfig
from dlr.results import CohortEvaluation, StudyResult

HERE = Path(__file__).parent
PAPER = HERE / "paper_table4.csv"
PUBLISHED_SIZE, SMALL_SIZE = (1066, 191), (24, 12)


def options_given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/ldh_surgery_dlrn"))
    parser.add_argument("--training", type=int, default=PUBLISHED_SIZE[0], help="patients of A")
    parser.add_argument("--external", type=int, default=PUBLISHED_SIZE[1], help="patients of B")
    parser.add_argument("--tune", action="store_true", help="search the algorithms' settings, too")
    parser.add_argument("--small", action="store_true", help="a look: 24 + 12 patients")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.small:
        options.training, options.external = SMALL_SIZE
    return options


def simulate(options: argparse.Namespace, seed: int) -> None:
    """Write the cohort: tables, images and masks of both centres, a second reader's masks."""
    folder = options.out / "cohort"
    if options.small:
        write_tiny_cohort(folder, sum(SMALL_SIZE), seed, n_workers=options.workers)
        return
    with progress_bars() as progress:
        simulate_cohort(
            folder,
            options.training,
            options.external,
            seed=seed,
            n_workers=options.workers,
            progress=lambda done, total: progress("simulated patients", done, total),
        )


def settings(options: argparse.Namespace) -> StudyConfig:
    """Read the study; without --tune the algorithms keep their default settings."""
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    cohort = (options.out / "cohort").resolve()
    model: dict[str, object] = {"tune": options.tune}
    changes: dict[str, object] = {
        "images": cohort / "images.csv",
        "clinical": cohort / "clinical.csv",
    }
    if options.small:
        model |= {"algorithms": ("logistic", "svm"), "folds": 3, "inner_folds": 3}
        model["components"] = 4
        variables = config.clinical_variables
        changes["clinical_variables"] = {name: variables[name] for name in TINY_VARIABLES}
        changes["evaluation"] = config.evaluation.model_copy(update={"bootstrap": 20})
    changes["model"] = config.model.model_copy(update=model)
    return config.model_copy(update=changes)


def run_protocols(config: StudyConfig, options: argparse.Namespace) -> dict[str, StudyResult]:
    """Extract once; then train by the sound protocol, and by the published one."""
    results = {}
    for protocol in ("sound", "published"):
        study = Study(config.model_copy(update={"protocol": protocol}), options.out / "work")
        cohort = study.cohort()
        with progress_bars() as progress:
            features = study.extract(cohort, options.workers, progress)
            trained = study.train(cohort, features, options.workers, progress)
        print(f"\n{protocol} protocol: {trained.save(options.out / protocol)}")
        for evaluation in trained.result.evaluations:
            show_evaluation(evaluation, level=0.95)
        results[protocol] = trained.result
    return results


def table_4(results: dict[str, StudyResult]) -> pd.DataFrame:
    """Set the paper's Table 4 beside ours: AUC with 95 % interval, by protocol and estimate."""
    paper = pd.read_csv(PAPER).set_index(["cohort", "feature_set"])
    columns = {
        f"paper, {name}": paper.loc[name].apply(
            lambda row: _interval(row["auc"], row["low"], row["high"]), axis=1
        )
        for name in ("training", "external")
    }
    for protocol, result in results.items():
        for item in result.evaluations:
            rows = item.to_frame().set_index("feature_set")
            columns[f"{protocol}, {item.cohort} ({item.estimate})"] = rows.apply(
                lambda row: _interval(row["auc"], row["auc_low"], row["auc_high"]), axis=1
            )
    return pd.DataFrame(columns).loc[paper.loc["training"].index]


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3f} ({low:.3f}–{high:.3f})"


def optimism(results: dict[str, StudyResult]) -> pd.DataFrame:
    """By feature set: what each estimate of the training cohort promises beyond centre B."""
    frames = []
    for protocol, result in results.items():
        external = result.evaluation("external").to_frame().set_index("feature_set")["auc"]
        for item in result.evaluations:
            if item.cohort == "training":
                inside = item.to_frame().set_index("feature_set")["auc"]
                frames.append((inside - external).rename(f"{protocol}, {item.estimate}"))
    return pd.concat(frames, axis=1).round(3)


def at_youden(evaluation: CohortEvaluation) -> list[dict[str, object]]:
    """Return Table 4 as the paper makes it: the threshold is the best one of each cohort."""
    rows = []
    for name, model in evaluation.models.items():
        metrics = model.at_youden
        row: dict[str, object] = {"feature_set": name, "threshold": round(metrics.threshold, 4)}
        for key in ("accuracy", "sensitivity", "specificity", "ppv", "npv"):
            row[key] = round(getattr(metrics, key).value, 4)
        rows.append(row)
    return rows


def protocol_record(result: StudyResult) -> dict[str, object]:
    """Collect every table of the paper for one protocol."""
    univariate = {} if result.univariate is None else result.univariate.to_frame()
    joint = {} if result.multivariable is None else result.multivariable.to_frame()
    grid = result.grid
    assert grid is not None
    return {
        "table_2": {
            name: _records(table.to_frame().reset_index())
            for name, table in result.baseline.items()
        },
        "table_3_univariate": _records(pd.DataFrame(univariate)),
        "table_3_multivariable": _records(pd.DataFrame(joint)),
        "clinical_variables": list(result.clinical_variables),
        "features_left": {name: list(trace.steps) for name, trace in result.traces.items()},
        "lambda": {
            name: round(trace.lasso.lambda_used, 5)
            for name, trace in result.traces.items()
            if trace.lasso is not None
        },
        "votes": {str(name): int(count) for name, count in grid.votes.items()},
        "winner": grid.winner,
        "judged_on": grid.judged_on,
        "algorithms": {
            name: _records(frame.rename_axis("algorithm").reset_index())
            for name, frame in grid.auc.items()
        },
        "table_4_locked_threshold": [
            row for item in result.evaluations for row in _records(item.to_frame())
        ],
        "table_4_best_threshold": {
            f"{item.cohort} ({item.estimate})": at_youden(item) for item in result.evaluations
        },
        "delong_p": {
            f"{item.cohort} ({item.estimate})": item.delong.p_value.round(4).to_dict()
            for item in result.evaluations
            if item.delong is not None
        },
    }


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return json.loads(frame.to_json(orient="records", double_precision=4))


def main() -> None:
    options = options_given()
    started = time.monotonic()
    config = settings(options)
    simulate(options, config.seed)
    results = run_protocols(config, options)

    table = table_4(results)
    print(table.T.to_string())
    print(f"\nAUC of the training cohort minus AUC of centre B\n{optimism(results).to_string()}")
    record = {
        "simulated": True,
        "n_training": options.training,
        "n_external": options.external,
        "table_4": json.loads(table.to_json(orient="index")),
        "optimism": json.loads(optimism(results).to_json(orient="index")),
        "protocols": {name: protocol_record(result) for name, result in results.items()},
        "seconds": round(time.monotonic() - started),
    }
    path = options.out / "results.json"
    text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"results: {path}")


if __name__ == "__main__":
    main()
