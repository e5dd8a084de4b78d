"""The commands of ``dlr cnn``."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from dlr.cli.app import app as main_app
from dlr.cli.app import run as run_main
from dlr.cli.cnn import app
from dlr.cli.show import console
from dlr.errors import DlrError, InputError
from dlr.models.bundle import Bundle


@pytest.fixture
def study_file(tables, tmp_path):
    settings = {
        "name": "tiny",
        "images": str(tables[0]),
        "clinical": str(tables[1]),
        "task": {"labels": [{"column": "upper", "positive": "yes", "negative": "no"}]},
        "pictures": {"size": 32},
        "network": {"architecture": "test_resnet", "weights": "none"},
        "training": {"epochs": 1, "batch_size": 8, "stopping": None, "device": "cpu"},
        "folds": 2,
    }
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def call(*arguments, commands=app):
    found = CliRunner().invoke(commands, [str(item) for item in arguments], standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.return_value


def test_train_then_predict_then_validate(study_file, tables, tmp_path):
    run = tmp_path / "run"
    assert call("train", study_file, "--out", run) == 0
    for name in ("report.html", "scores.csv", "cnn_features.csv", "metrics.json", "folds.csv"):
        assert (run / name).is_file()
    where = ["--images", tables[0], "--clinical", tables[1], "--cohort", "external"]
    assert call("predict", run / "bundle", *where, "--out", tmp_path / "p") == 0
    assert call("validate", run / "bundle", *where, "--out", tmp_path / "v") == 0
    scores = pd.read_csv(tmp_path / "v" / "scores.csv")
    assert set(scores["cohort"]) == {"new"}
    # Trained to the end, it is taken up from its checkpoints; --anew forgets them.
    before = {path: path.stat().st_mtime_ns for path in run.glob("work/training/*/checkpoint.pt")}
    assert call("train", study_file, "--out", run) == 0
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert call("train", study_file, "--out", run, "--anew") == 0
    assert all(path.stat().st_mtime_ns > old for path, old in before.items())


def test_a_dry_run_prints_the_hours_and_writes_nothing(study_file, tmp_path):
    with console.capture() as shown:
        assert call("train", study_file, "--out", tmp_path / "run", "--dry-run") == 0
    assert "pictures/s" in shown.get()
    assert not (tmp_path / "run").exists()


def test_the_full_table_is_judged_cohort_by_cohort(bundle_folder, two_hospitals, tmp_path):
    images, clinical = two_hospitals
    where = ["--images", images, "--clinical", clinical, "--out", tmp_path / "v"]
    with console.capture() as shown:
        arguments = ["validate", bundle_folder, *where, "--subgroup", "age:35"]
        assert call(*arguments, commands=main_app) == 0
    text = shown.get()
    assert "training, apparent, upper" in text
    for cohort in ("north", "south", "pooled"):
        assert f"{cohort}, frozen, upper: AUC" in text
    assert "pooled, apparent" not in text
    groups = pd.read_csv(tmp_path / "v" / "subgroups.csv")
    assert set(groups["column"]) == {"age"}


def test_dlr_predict_takes_the_bundle_of_a_cnn(bundle_folder, tables, tmp_path):
    where = ["--images", tables[0], "--clinical", tables[1], "--cohort", "external"]
    arguments = ["predict", bundle_folder, *where, "--out", tmp_path / "p"]
    assert call(*arguments, commands=main_app) == 0
    assert len(pd.read_csv(tmp_path / "p" / "scores.csv")) == 6 * 3 * 3
    with pytest.raises(DlrError, match="leave --recalibrate out"):
        call(*arguments, "--recalibrate", tmp_path / "r.json", commands=main_app)
    with pytest.raises(DlrError, match="leave --pdf and --scheduler out"):
        call(*arguments, "--pdf", "--scheduler", "tcp://x", commands=main_app)


def test_the_radiomics_side_names_the_kind_of_bundle(bundle_folder):
    with pytest.raises(InputError, match="the bundle of a CNN study"):
        Bundle.load(bundle_folder)


def test_a_cohort_of_one_class_is_said_not_to_be_judged(bundle_folder, two_hospitals, tmp_path):
    images, clinical = two_hospitals
    table = pd.read_csv(clinical)
    table.loc[table["cohort"] == "south", "upper"] = "no"
    table.to_csv(clinical, index=False)
    with console.capture() as shown:
        where = ["--images", images, "--clinical", clinical, "--out", tmp_path / "v"]
        assert call("validate", bundle_folder, *where) == 0
    assert "south, frozen, upper: not judged, one class only, n 3" in shown.get()


def test_compare_says_that_a_cohort_of_one_class_is_not_judged(study_file, tables, tmp_path):
    clinical = pd.read_csv(tables[1])
    clinical.loc[clinical["cohort"] == "external", "upper"] = "no"
    clinical.to_csv(tmp_path / "clinical.csv", index=False)
    settings = yaml.safe_load(study_file.read_text())
    network = settings.pop("network")
    settings.update(clinical="clinical.csv", networks={"First": network, "Second": network})
    study_file.write_text(yaml.safe_dump(settings))
    with console.capture() as shown:
        assert call("compare", study_file, "--out", tmp_path / "run") == 0
    text = shown.get()
    for name in ("First", "Second"):
        assert f"{name}, training, out-of-fold, upper: AUC" in text
        assert f"{name}, external, frozen, upper: not judged, one class only, n 6" in text
    assert "NaN" not in text


def test_scores_of_a_run_are_fused_and_what_they_are_is_said(study, tables, tmp_path):
    study.save(tmp_path / "run")
    out = tmp_path / "with_cnn.csv"
    with console.capture() as shown:
        assert call("fuse", tmp_path / "run", "--clinical", tables[1], "--out", out) == 0
    text = " ".join(shown.get().split())
    assert "18 out-of-fold, 6 frozen" in text
    assert "cnn_score_upper: {type: continuous, label: CNN score (stacked)}" in text
    assert "out-of-fold numbers of models with this column are optimistic" in text
    table = pd.read_csv(out)
    assert table["cnn_score_upper"].notna().all()
    assert dict(table["cnn_score_estimate"].value_counts()) == {"out-of-fold": 18, "frozen": 6}
    assert run_main(["cnn", "fuse", str(tmp_path), "--clinical", str(out), "--out", str(out)]) == 3


def test_the_commands_start_without_pandas_and_torch():
    code = "import sys, dlr.cli.cnn; print([m for m in ('pandas', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
