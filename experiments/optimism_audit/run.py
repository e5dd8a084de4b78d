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

from dlr.cli.bars import progress_bars
from dlr.config import StudyConfig
from dlr.figures import plot_optimism, save_figure
from dlr.models.cases import TrainingData
from dlr.protocol import run_protocol
from dlr.settings import AuditSettings

HERE = Path(__file__).parent
TABLES = ("WORC-Lipo", "WORC-CRLM", "Arita2018", "Li2020", "Sasaki2019")
EXTERNAL_SHARE = 0.3
FEATURE_SET = "Rad_scan"  # there is one block of features: the fused set repeats it


def settings(small: bool) -> StudyConfig:
    """Read the study: one view of radiomics, three algorithms untuned."""
    config = StudyConfig.from_yaml(HERE / "study.yaml")
    if not small:
        return config
    model = {"algorithms": ("logistic", "svm"), "folds": 3, "inner_folds": 3}
    changes = {
        "model": config.model.model_copy(update=model),
        "audit": AuditSettings(permutations=1, bootstrap=2),
    }
    return config.model_copy(update=changes)


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


def audit_table(name: str, config: StudyConfig, options: argparse.Namespace) -> dict[str, object]:
    """Run both protocols on one table; return their AUCs, those on noise, and the stability."""
    started = time.monotonic()
    train, external = read_table(options.root, name, config.seed)
    with progress_bars() as progress:
        run = run_protocol(train, {"held-out": external}, config, options.workers, progress)
    audit = run.audit
    assert audit is not None
    save_figure(plot_optimism(audit).figure, options.out / name)
    results: dict[str, object] = {
        "n_training": len(train.outcome),
        "n_held_out": len(external.outcome),
        "n_features": train.features.shape[1],
        "algorithms": dict(audit.algorithms),
    }
    print(f"\n{name}: {len(train.outcome)} + {len(external.outcome)} cases")
    tables = {
        "auc": audit.table,
        "shuffled_outcomes": audit.permuted,
        "stability": audit.stability,
    }
    for key, table in tables.items():
        part = table[table["feature_set"] == FEATURE_SET].drop(columns="feature_set")
        print(part.to_string(index=False, float_format="%.3f"))
        results[key] = json.loads(part.to_json(orient="records", double_precision=4))
    return {**results, "seconds": round(time.monotonic() - started)}


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
    path = options.out / "results.json"
    results = {}
    for name in TABLES[3:4] if options.small else TABLES:
        results[name] = audit_table(name, config, options)
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"results: {path}")


if __name__ == "__main__":
    main()
