"""How optimistic is the field's usual recipe? Both protocols on five real radiomics tables.

Question: what would the published recipe (select on all cases, then cross-validate; vote on the
          cohort that judges) have reported, and what does nested cross-validation say?
Data:     radMLBench's tables WORC-Lipo, WORC-CRLM, Arita2018, Li2020, Sasaki2019 (MIT licence)
Command:  python experiments/optimism_audit/run.py --root DATA --out runs/optimism_audit
Smaller:  --small runs one table with two algorithms and few resamples
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cli.show import progress_bars
from dlr.config import StudyConfig
from dlr.figures import plot_optimism, save_figure
from dlr.models.cases import TrainingData
from dlr.protocol import run_protocol

HERE = Path(__file__).parent
TABLES = ("WORC-Lipo", "WORC-CRLM", "Arita2018", "Li2020", "Sasaki2019")
EXTERNAL_SHARE = 0.3


def settings(small: bool) -> StudyConfig:
    """Return the default study on one view of radiomics, with three algorithms untuned."""
    content = {
        "name": "Optimism audit",
        "seed": 2026,
        "images": "none.csv",
        "clinical": "none.csv",
        "outcome": {"column": "Target", "positive": 1},
        "views": {"scan": {}},
        "model": {"tune": False, "algorithms": ["logistic", "svm", "extra-trees"]},
        "audit": {"permutations": 2, "bootstrap": 10},
    }
    if small:
        content["model"] = {"algorithms": ["logistic", "svm"], "folds": 3, "inner_folds": 3}
        content["audit"] = {"permutations": 1, "bootstrap": 2}
    return StudyConfig.model_validate(content)


def read_table(folder: Path, name: str, seed: int) -> tuple[TrainingData, TrainingData]:
    """Read one table; 30 % of the cases, drawn by outcome, are set aside as external."""
    frame = pd.read_csv(folder / "radmlbench" / f"{name}.gz", compression="gzip")
    index = pd.Index([f"{name}-{i:03d}" for i in range(len(frame))], name="case_id")
    features = frame.drop(columns=["ID", "Target"]).set_index(index).astype(float)
    features.columns = [f"scan.rad.{column}" for column in features]
    outcome = pd.Series(frame["Target"].to_numpy(dtype=int), index=index)
    cases = TrainingData(
        features, pd.DataFrame(index=index), outcome, pd.Series(index, index), features.iloc[:0]
    )
    generator = np.random.default_rng(seed)
    external = np.zeros(len(frame), dtype=bool)
    for label in (0, 1):
        members = np.flatnonzero(outcome.to_numpy() == label)
        external[generator.choice(members, round(EXTERNAL_SHARE * len(members)), False)] = True
    return cases.take(np.flatnonzero(~external)), cases.take(np.flatnonzero(external))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=os.environ.get("DLR_TEST_DATA", "../shared/data")
    )
    parser.add_argument("--out", type=Path, default=Path("runs/optimism_audit"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="one table, two algorithms")
    options = parser.parse_args()
    config = settings(options.small)
    options.out.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in TABLES[3:4] if options.small else TABLES:
        started = time.monotonic()
        train, external = read_table(options.root, name, config.seed)
        with progress_bars() as progress:
            run = run_protocol(train, {"held-out": external}, config, options.workers, progress)
        audit = run.audit
        assert audit is not None
        # One block of features: the fused set repeats it.
        keep = "Rad_scan"
        save_figure(plot_optimism(audit).figure, options.out / f"{name}")
        table = audit.table[audit.table["feature_set"] == keep]
        permuted = audit.permuted[audit.permuted["feature_set"] == keep]
        stability = audit.stability[audit.stability["feature_set"] == keep]
        results[name] = {
            "n_training": len(train.outcome),
            "n_held_out": len(external.outcome),
            "n_features": train.features.shape[1],
            "algorithms": dict(audit.algorithms),
            "auc": table.drop(columns="feature_set").to_dict("records"),
            "shuffled_outcomes": permuted.drop(columns="feature_set").to_dict("records"),
            "stability": stability.drop(columns="feature_set").to_dict("records"),
            "seconds": round(time.monotonic() - started),
        }
        print(f"\n{name}: {len(train.outcome)} + {len(external.outcome)} cases")
        print(table.to_string(index=False, float_format="%.3f"))
        print(permuted.to_string(index=False, float_format="%.3f"))
        print(stability.to_string(index=False, float_format="%.3f"))
    path = options.out / "results.json"
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"results: {path}")


if __name__ == "__main__":
    main()
