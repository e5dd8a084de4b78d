"""The experiments on real tables and images run, in their small form."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def run_small(name: str, data_root: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Run an experiment's script in its small form and return its results."""
    script = EXPERIMENTS / name / "run.py"
    arguments = ["--root", str(data_root), "--out", str(out), "--workers", "1", "--small"]
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    runpy.run_path(str(script), run_name="__main__")
    results: dict = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return results


@pytest.mark.real_data
def test_the_published_recipe_flatters_on_a_real_table(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = run_small("optimism_audit", data_root, tmp_path, monkeypatch)
    rows = {(r["protocol"], r["estimate"]): r["auc"] for r in results["Li2020"]["auc"]}
    assert rows["published", "apparent"] > rows["sound", "nested"]


@pytest.mark.real_data
def test_the_lesion_study_averages_two_readers(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = run_small("cervical_orn_mazda", data_root, tmp_path, monkeypatch)
    steps = dict(results["features_left"])
    assert steps["extracted"] == 279
    assert steps["ICC > 0.75"] < 279
    assert steps["Fisher, POE+ACC and mutual information"] <= 30
    cohorts = results["nomogram"]["training, out-of-fold"], results["nomogram"]["validation"]
    assert [cohort["patients"] for cohort in cohorts] == [10, 5]
    assert results["published_formula"]["n"] > 10


@pytest.mark.real_data
def test_ablation_reruns_under_the_same_folds(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = run_small("ablation", data_root, tmp_path, monkeypatch)["rows"]
    assert {row["n"] for row in rows} == {156}


@pytest.mark.real_data
def test_cohorts_elsewhere_are_judged_and_pooled(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = run_small("external_validation", data_root, tmp_path, monkeypatch)
    counts = {row["cohort"]: row["n"] for row in results["performance"]}
    assert counts == {"training": 101, "older": 55, "validation": 40, "pooled": 95}
    assert set(results["recalibration_of_nomogram"]) == {"older", "validation", "pooled"}
    assert set(results["subgroups"]) == {"sex", "disc_level", "age"}


@pytest.mark.real_data
def test_the_disc_study_writes_what_its_readme_quotes(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = run_small("spider_disc_degeneration", data_root, tmp_path, monkeypatch)
    areas = {
        (row["cohort"], row["estimate"]): row["auc"]
        for row in results["performance"]
        if row["feature_set"] == "Nomogram"
    }
    assert areas["training", "apparent"] > areas["training", "out-of-fold"] > 0.7
    assert results["bundle_against_training_run"] < 1e-9
    assert results["winner"] in ("logistic", "svm")
