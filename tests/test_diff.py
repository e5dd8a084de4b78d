"""Comparing two run folders: what counts, what does not, and what the command says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from dlr.cli.diff import diff
from dlr.diff import compare_runs
from dlr.errors import InputError

SETTINGS = {
    "name": "small", "seed": 1, "images": "/a/images.csv", "clinical": "/a/clinical.csv",
    "radiomics": {"parameters": "/a/params.yaml"}, "views": {"sag": {"margin_mm": 8.0}},
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small run folder."""
    folder = tmp_path / "a"
    (folder / "bundle").mkdir(parents=True)
    (folder / "study.yaml").write_text(yaml.safe_dump(SETTINGS))
    row = {"feature_set": "DLR", "auc": 0.75, "sensitivity": 0.8, "calibration_slope": None}
    metrics = [{"cohort": "external", "estimate": "frozen", "models": {"DLR": row}}]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    scores = pd.DataFrame(
        {
            "case_id": ["007", "8"], "cohort": "external", "estimate": "frozen",
            "feature_set": "DLR", "score": [0.25, float("nan")],
        }
    )  # fmt: skip
    scores.to_csv(folder / "scores.csv", index=False)
    record = {
        "run": {"date": "2026-01-01", "platform": "here"},
        "versions": {"numpy": "2.0"},
        "inputs": {"clinical.csv sha256": "aa"},
    }
    (folder / "provenance.json").write_text(json.dumps(record))
    bundle = {"signatures": {"DLR": {"features": [{"name": "x"}, {"name": "y"}]}}}
    (folder / "bundle" / "bundle.json").write_text(json.dumps(bundle))
    return folder


@pytest.fixture
def other(run: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(run, tmp_path / "b"))


def rewrite(path: Path, change: Any) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def only_row(run: Path, other: Path) -> dict[str, Any]:
    table = compare_runs(run, other).table
    assert len(table) == 1
    return table.iloc[0].to_dict()


def test_a_copy_is_equal(run: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_runs(run, other).equal
    assert diff(run, other) == 0
    assert "The runs are equal" in capsys.readouterr().out


def test_dates_platforms_and_places_do_not_count(run: Path, other: Path) -> None:
    rewrite(other / "provenance.json", lambda c: c["run"].update(date="2027", platform="there"))
    moved = {**SETTINGS, "images": "/b/images.csv", "radiomics": {"parameters": "/b/params.yaml"}}
    (other / "study.yaml").write_text(yaml.safe_dump(moved))
    assert compare_runs(run, other).equal


def test_relative_places_do_not_count_and_labels_with_slashes_do(run: Path, other: Path) -> None:
    moved = {**SETTINGS, "radiomics": {"parameters": "run/bundle/params.yaml"}}
    (other / "study.yaml").write_text(yaml.safe_dump(moved))
    assert compare_runs(run, other).equal
    labelled = [{**SETTINGS, "description": text} for text in ("T1/T2", "PD/T2")]
    for folder, settings in zip((run, other), labelled, strict=True):
        (folder / "study.yaml").write_text(yaml.safe_dump(settings))
    assert only_row(run, other)["item"] == "description"


def test_a_setting_is_named_in_full(run: Path, other: Path) -> None:
    changed = {**SETTINGS, "views": {"sag": {"margin_mm": 10.0}}}
    (other / "study.yaml").write_text(yaml.safe_dump(changed))
    row = only_row(run, other)
    assert (row["section"], row["item"]) == ("settings", "views.sag.margin_mm")
    assert (row["a"], row["b"]) == ("8.0", "10.0")


def test_versions_and_inputs_count(run: Path, other: Path) -> None:
    def change(content: Any) -> None:
        content["versions"]["numpy"] = "2.1"
        content["inputs"]["images.csv sha256"] = "bb"

    rewrite(other / "provenance.json", change)
    table = compare_runs(run, other).table
    assert list(table["section"]) == ["versions", "inputs"]
    assert table["a"].tolist() == ["2.0", "absent"]


def test_an_auc_comes_with_its_difference(run: Path, other: Path) -> None:
    rewrite(other / "metrics.json", lambda c: c[0]["models"]["DLR"].update(auc=0.8))
    row = only_row(run, other)
    assert row["item"] == "external, frozen, DLR: AUC"
    assert row["difference"] == pytest.approx(0.05)


def test_other_measures_are_named(run: Path, other: Path) -> None:
    rewrite(
        other / "metrics.json",
        lambda c: c[0]["models"]["DLR"].update(sensitivity=0.7, calibration_slope=1.0),
    )
    item = only_row(run, other)["item"]
    assert item == "external, frozen, DLR: sensitivity, calibration_slope"


def test_an_absent_cohort_is_told(run: Path, other: Path) -> None:
    (other / "metrics.json").write_text("[]")
    row = only_row(run, other)
    assert (row["a"], row["b"]) == ("0.75", "absent")


def test_features_added_and_lost(run: Path, other: Path) -> None:
    features = [{"name": "y"}, {"name": "z"}]
    rewrite(
        other / "bundle" / "bundle.json",
        lambda c: c["signatures"]["DLR"].update(features=features),
    )
    table = compare_runs(run, other).table
    assert table["item"].tolist() == ["DLR: x", "DLR: z"]
    assert table["a"].tolist() == ["selected", ""]
    assert table["b"].tolist() == ["", "selected"]


def test_scores_that_differ_and_cases_of_one_run_only(run: Path, other: Path) -> None:
    scores = pd.read_csv(other / "scores.csv", dtype={"case_id": str})
    scores.loc[0, "score"] = 0.5
    scores.loc[1, "case_id"] = "9"
    scores.to_csv(other / "scores.csv", index=False)
    table = compare_runs(run, other).table
    assert table["item"].tolist() == [
        "external, frozen, DLR: only in a",
        "external, frozen, DLR: only in b",
        "external, frozen, DLR: 1 cases, most in 007",
    ]
    assert table["difference"].iloc[2] == 0.25


def test_the_command_exits_with_1_and_shows_brackets(
    run: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (other / "study.yaml").write_text(yaml.safe_dump({**SETTINGS, "name": "[red]"}))
    assert diff(run, other) == 1
    text = capsys.readouterr().out
    assert "[red]" in text
    assert "settings: 1" in text


def test_folders_without_a_run_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no run of dlr \(study.yaml, metrics.json"):
        compare_runs(run, tmp_path)
    (run / "metrics.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        compare_runs(run, run)


def test_runs_of_a_cnn_are_refused_in_a_sentence(run: Path, other: Path) -> None:
    (other / "study.yaml").write_text(yaml.safe_dump({**SETTINGS, "kind": "cnn"}))
    with pytest.raises(InputError, match="a run of 'dlr cnn', which 'dlr diff' cannot compare yet"):
        compare_runs(run, other)
