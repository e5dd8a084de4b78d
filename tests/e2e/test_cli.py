"""The command line: exit codes, messages, and cases that fail without stopping the batch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from dlr.cli.app import run
from dlr.cohort.simulation import write_tiny_cohort


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_cohort(tmp_path_factory.mktemp("sound"), n_subjects=18).parent


@pytest.fixture
def cohort(sound: Path, tmp_path: Path) -> Path:
    """A copy of a sound cohort that a test may damage."""
    shutil.copytree(sound, tmp_path / "cohort")
    return tmp_path / "cohort"


def damage_mask(folder: Path, row: int, change: object) -> str:
    """Rewrite the mask of one row of images.csv; return the case."""
    table = pd.read_csv(folder / "images.csv", dtype=str)
    path = folder / table.loc[row, "mask"]
    mask = sitk.ReadImage(str(path))
    array = change(sitk.GetArrayFromImage(mask))  # type: ignore[operator]
    changed = sitk.GetImageFromArray(array)
    changed.CopyInformation(mask)
    sitk.WriteImage(changed, str(path))
    return str(table.loc[row, "subject_id"])


def one_voxel(array: np.ndarray) -> np.ndarray:
    result = np.zeros_like(array)
    result[tuple(np.argwhere(array)[0])] = 1
    return result


def test_help_teaches_the_order_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("check", "extract", "train", "validate", "predict", "demo", "doctor"):
        assert command in text


def test_usage_errors_exit_with_2() -> None:
    assert run(["train"]) == 2
    assert run(["no-such-command"]) == 2


def test_check_finds_a_sound_cohort_sound(cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(cohort / "study.yaml")]) == 0
    assert "No faults found" in capsys.readouterr().out


def test_check_lists_all_image_faults_at_once(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage_mask(cohort, 0, np.zeros_like)
    damage_mask(cohort, 1, one_voxel)
    table = pd.read_csv(cohort / "images.csv", dtype=str)
    (cohort / table.loc[2, "image"]).unlink()
    (cohort / table.loc[4, "image"]).write_bytes(b"not an image")
    assert run(["check", str(cohort / "study.yaml")]) == 3
    text = capsys.readouterr().err
    for row in (2, 3, 4, 6):
        assert f"images.csv, row {row}: " in text
    assert "(and 1 like it: row 5)" in text  # the second reader's row of the same image
    assert "does not exist" in text


def test_faulty_tables_exit_with_3_and_name_the_row(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(cohort / "clinical.csv", dtype=str)
    table.loc[4, "surgery"] = "perhaps"
    table.to_csv(cohort / "clinical.csv", index=False)
    assert run(["extract", str(cohort / "study.yaml")]) == 3
    assert "clinical.csv, row 6, column 'surgery'" in capsys.readouterr().err


def test_a_failing_case_is_listed_and_the_batch_goes_on(
    cohort: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    case = damage_mask(cohort, 0, np.zeros_like)
    study = str(cohort / "study.yaml")
    assert run(["extract", study]) == 4
    assert case in capsys.readouterr().out
    failures = pd.read_csv(cohort / "dlr-work" / "failures.csv", dtype=str)
    assert case in set(failures["case_id"])
    assert run(["extract", study, "--strict"]) == 3
    assert run(["train", study, "--out", str(tmp_path / "run")]) == 4
    scores = pd.read_csv(tmp_path / "run" / "scores.csv", dtype=str)
    assert case not in set(scores["case_id"])
    assert case in set(pd.read_csv(tmp_path / "run" / "failures.csv", dtype=str)["case_id"])
    assert "could not be extracted" in (tmp_path / "run" / "report.html").read_text()


def test_train_validate_predict_write_their_files(sound: Path, tmp_path: Path) -> None:
    out, ext, new = tmp_path / "run", tmp_path / "ext", tmp_path / "new"
    tables = ["--images", str(sound / "images.csv"), "--clinical", str(sound / "clinical.csv")]
    assert run(["train", str(sound / "study.yaml"), "--out", str(out)]) == 0
    for name in ("report.html", "report.json", "scores.csv", "metrics.json", "bundle/bundle.json"):
        assert (out / name).is_file(), name
    command = [str(out / "bundle"), *tables, "--cohort", "external"]
    assert run(["validate", *command, "--out", str(ext)]) == 0
    for name in ("report.html", "metrics.json", "scores.csv"):
        assert (ext / name).is_file(), name
    assert run(["predict", *command, "--out", str(new)]) == 0
    assert (new / "scores.csv").is_file()


def test_the_message_of_an_absent_bundle(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = ["--images", str(sound / "images.csv"), "--clinical", str(sound / "clinical.csv")]
    assert run(["predict", str(tmp_path), *tables, "--out", str(tmp_path / "x")]) == 3
    assert "holds no model bundle" in capsys.readouterr().err


def test_doctor_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "torch" in text
    assert "weights" in text


def test_import_is_quick_and_brings_no_torch() -> None:
    code = "import sys, dlr; assert not {'torch', 'SimpleITK', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
