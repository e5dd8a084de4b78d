"""A study file from a folder: every usual way of naming files, and what cannot be paired."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dlr.check import check_study
from dlr.cli.app import run
from dlr.cohort.simulation import write_tiny_cohort
from dlr.config import StudyConfig
from dlr.errors import InputError
from dlr.scaffold import make_scaffold, pair_files


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def rows(folder: Path) -> list[tuple[str, ...]]:
    table = pair_files(folder).images
    return [tuple(row) for row in table.itertuples(index=False)]


def test_files_side_by_side(tmp_path: Path) -> None:
    touch(tmp_path, "P01.nii.gz", "P01_mask.nii.gz", "P02.nii.gz", "P02-seg.nii.gz")
    assert rows(tmp_path) == [
        ("P01", "P01.nii.gz", "P01_mask.nii.gz", "", ""),
        ("P02", "P02.nii.gz", "P02-seg.nii.gz", "", ""),
    ]


def test_a_folder_of_images_and_one_of_masks(tmp_path: Path) -> None:
    touch(tmp_path, "images/007.nrrd", "masks/007.nrrd", "images/7.nrrd", "masks/7.nrrd")
    assert [row[0] for row in rows(tmp_path)] == ["007", "7"]


def test_the_layout_of_nnunet(tmp_path: Path) -> None:
    touch(tmp_path, "imagesTr/disc_003_0000.nii.gz", "labelsTr/disc_003.nii.gz")
    touch(tmp_path, "imagesTr/disc_004_0000.nii.gz", "labelsTr/disc_004.nii.gz")
    assert [row[0] for row in rows(tmp_path)] == ["003", "004"]


def test_a_folder_per_patient_with_views_and_readers(tmp_path: Path) -> None:
    for subject in ("anna", "bert", "carl"):
        touch(tmp_path / subject, "sag.nii", "axi.nii", "sag_mask_r1.nii", "sag_mask_r2.nii")
        touch(tmp_path / subject, "axi_roi_r1.nii")
    found = rows(tmp_path)
    assert len(found) == 9
    assert found[0] == ("anna", "anna/axi.nii", "anna/axi_roi_r1.nii", "axi", "r1")
    assert found[2] == ("anna", "anna/sag.nii", "anna/sag_mask_r2.nii", "sag", "r2")


def test_what_has_no_partner_is_listed_with_the_reason(tmp_path: Path) -> None:
    touch(tmp_path, "a.nii", "a_mask.nii", "lost.nii", "other_mask.nii", "x/b.nii", "y/b.nii")
    touch(tmp_path, "notes.txt", ".hidden/c_mask.nii")
    pairing = pair_files(tmp_path)
    assert list(pairing.images["image"]) == ["a.nii"]
    reasons = pairing.unmatched.set_index("file")["reason"]
    assert set(reasons.index) == {"lost.nii", "other_mask.nii", "x/b.nii", "y/b.nii"}
    assert "no image has its name" in reasons["other_mask.nii"]


def test_the_clinical_table_answers_what_it_can(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(20)), *(f"P{n}_mask.nii" for n in range(20)))
    table = pd.DataFrame(
        {
            "Patient": [f"P{n}" for n in range(20)],
            "age": [str(40 + n) for n in range(20)],
            "sex": ["f", "m"] * 10,
            "surgery": ["no"] * 12 + ["yes"] * 8,
            "cohort": ["train"] * 14 + ["test"] * 6,
            "remarks": [f"text {n}" for n in range(20)],
        }
    )
    table.to_excel(tmp_path / "patients.xlsx", index=False)
    made = make_scaffold(tmp_path, tmp_path / "study")
    assert made.guess is not None
    assert made.guess.variables == {"age": "continuous", "sex": "categorical"}
    assert made.open_questions == ()
    config = StudyConfig.from_yaml(made.study)
    assert (config.outcome.column, config.outcome.positive) == ("surgery", "yes")
    assert config.outcome.negative == "no"
    assert (config.cohorts.column, config.cohorts.training) == ("cohort", "train")
    assert config.clinical == (tmp_path / "patients.xlsx").resolve()
    with pytest.raises(InputError, match="add --overwrite"):
        make_scaffold(tmp_path, tmp_path / "study")
    with pytest.raises(InputError, match="there is no column 'death'"):
        make_scaffold(tmp_path, tmp_path / "other", outcome="death")


def test_an_outcome_with_a_third_value_is_asked_for_not_replaced(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(6)), *(f"P{n}_mask.nii" for n in range(6)))
    values = ["no", "yes", "no", "yes", "unknown", "no"]
    table = {"id": [f"P{n}" for n in range(6)], "sex": ["F", "M"] * 3, "outcome": values}
    pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
    made = make_scaffold(tmp_path, tmp_path / "study")
    assert made.guess is not None
    assert made.guess.outcome == ""
    assert made.guess.variables == {"sex": "categorical"}
    assert "one of: outcome, sex" in made.open_questions[0]
    named = make_scaffold(tmp_path, tmp_path / "named", outcome="outcome")
    assert "which value of 'outcome' means no event" in named.open_questions[0]


def test_without_a_table_a_template_and_questions_remain(tmp_path: Path) -> None:
    touch(tmp_path, "P1.nii", "P1_mask.nii", "P2.nii", "P2_mask.nii")
    made = make_scaffold(tmp_path, tmp_path)
    assert len(made.open_questions) == 3
    assert list(pd.read_csv(made.clinical)["subject_id"]) == ["P1", "P2"]
    StudyConfig.from_yaml(made.study)
    assert made.study.read_text(encoding="utf-8").count("# TO DO") == 4


def test_an_empty_folder_and_dicom_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no images were found"):
        make_scaffold(tmp_path, tmp_path)
    touch(tmp_path, "a.dcm")
    with pytest.raises(InputError, match="dlr import"):
        make_scaffold(tmp_path, tmp_path)


def test_from_a_folder_to_a_study_without_faults(tmp_path: Path) -> None:
    folder = write_tiny_cohort(tmp_path / "cohort", n_subjects=18).parent
    (folder / "images.csv").unlink()
    out = tmp_path / "mine"
    command = ["init", str(folder), "--out", str(out), "--outcome", "surgery"]
    assert run([*command, "--clinical", str(folder / "clinical.csv")]) == 0
    config = StudyConfig.from_yaml(out / "study.yaml")
    assert set(config.views) == {"sag", "axi"}
    assert config.agreement is not None
    assert check_study(config) == []
