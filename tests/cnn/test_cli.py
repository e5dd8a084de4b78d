"""The commands of ``dlr cnn``."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from dlr.cli.cnn import app


@pytest.fixture
def study_file(tables, tmp_path):
    settings = {
        "name": "tiny",
        "images": str(tables[0]),
        "clinical": str(tables[1]),
        "task": {"labels": [{"column": "upper", "positive": "yes", "negative": "no"}]},
        "pictures": {"size": 32},
        "network": {"architecture": "resnet10t", "weights": "none"},
        "training": {"epochs": 1, "batch_size": 8, "stopping": None, "device": "cpu"},
        "folds": 2,
    }
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def call(*arguments):
    found = CliRunner().invoke(app, [str(item) for item in arguments], standalone_mode=False)
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


def test_a_dry_run_prints_the_hours_and_writes_nothing(study_file, tmp_path, capsys):
    from dlr.cli.show import console

    with console.capture() as shown:
        assert call("train", study_file, "--out", tmp_path / "run", "--dry-run") == 0
    assert "pictures/s" in shown.get()
    assert not (tmp_path / "run").exists()
