"""A study file from a folder: every usual way of naming files, and what cannot be paired."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from dlr.check import check_study, run_check
from dlr.cli.app import run
from dlr.cohort.simulation import write_tiny_cohort
from dlr.config import StudyConfig
from dlr.errors import InputError
from dlr.scaffold import make_scaffold, open_lines, pair_files


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
    (question,) = made.open_questions
    assert question.startswith("labels and units of the variables")
    config = StudyConfig.from_yaml(made.study)
    assert (config.outcome.column, config.outcome.positive) == ("surgery", "yes")
    assert config.outcome.negative == "no"
    assert (config.cohorts.column, config.cohorts.training) == ("cohort", "train")
    assert config.clinical == (tmp_path / "patients.xlsx").resolve()
    with pytest.raises(InputError, match="add --overwrite"):
        make_scaffold(tmp_path, tmp_path / "study")
    with pytest.raises(InputError, match="there is no column 'death'"):
        make_scaffold(tmp_path, tmp_path / "other", outcome="death")


@pytest.mark.parametrize("header", ["Patient ID", "patient-id", "Case ID", "subject id"])
def test_a_subject_column_with_blanks_passes_the_check(tmp_path: Path, header: str) -> None:
    folder = write_tiny_cohort(tmp_path / "cohort", n_subjects=18).parent
    (folder / "images.csv").unlink()
    table = pd.read_csv(folder / "clinical.csv", dtype=str)
    table = table.rename(columns={"subject_id": header})
    (folder / "clinical.csv").unlink()
    table.to_excel(folder / "patients.xlsx", index=False)
    made = make_scaffold(folder, tmp_path / "mine", outcome="surgery")
    assert not any("rename" in question for question in made.open_questions)
    assert check_study(StudyConfig.from_yaml(made.study)) == []


def test_a_subject_column_of_another_name_is_to_be_renamed(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(6)), *(f"P{n}_mask.nii" for n in range(6)))
    names = [f"P{n}" for n in range(6)]
    for number, table in enumerate((
        {"Fallnummer": names, "outcome": ["no", "yes"] * 3},
        {"ID": list("123456"), "Fallnummer": names, "outcome": ["no", "yes"] * 3},
    )):  # fmt: skip
        pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
        made = make_scaffold(tmp_path, tmp_path / str(number))
        told = "rename its column 'Fallnummer', which holds the subjects, subject_id"
        assert f"the clinical table: {told}" in made.open_questions
        assert f"# TO DO: {told}" in made.study.read_text(encoding="utf-8")
        assert StudyConfig.from_yaml(made.study).clinical == tmp_path / "patients.csv"


def test_a_few_numbers_are_measurements_codes_or_asked_about(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(10)), *(f"P{n}_mask.nii" for n in range(10)))
    table = {
        "id": [f"P{n}" for n in range(10)],
        "outcome": ["no", "yes"] * 5,
        "Age": ["40", "51", "52", "63", "64"] * 2,
        "Age > 60": ["0", "1"] * 5,
        "age_group": ["1", "2", "3", "1", "2"] * 2,
        "protein": ["0.5", "1.5", "", "", "0.5"] * 2,
        "dwell": ["1", "20", "30", "1", "20"] * 2,
        "sex": ["0", "1"] * 5,
    }
    pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
    made = make_scaffold(tmp_path, tmp_path)
    assert made.guess is not None
    continuous = {name for name, kind in made.guess.variables.items() if kind == "continuous"}
    assert continuous == {"Age", "protein", "dwell"}
    assert made.guess.unsure == ("age_group", "dwell")
    asked = "whether 'age_group', 'dwell' hold measurements or codes of categories"
    assert asked in made.open_questions
    text = made.study.read_text(encoding="utf-8")
    assert '"dwell": {type: continuous}  # TO DO: a few numbers only; or categorical?' in text
    assert '"age_group": {type: categorical}  # TO DO: a few numbers only; or continuous?' in text
    assert '"Age": {type: continuous}\n' in text
    StudyConfig.from_yaml(made.study)


def test_one_slip_of_the_pen_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(12)), *(f"P{n}_mask.nii" for n in range(12)))
    table = {
        "id": [f"P{n}" for n in range(12)],
        "Age at MRI": ["5O", *(str(40 + n) for n in range(11))],
        "operated": ["Yes", *["yes"] * 5, *["no"] * 6],
        "seen": [f"2021-02-{n + 10}" for n in range(12)],
        "remarks": [f"text {n}" for n in range(12)],
    }
    pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
    assert run(["init", str(tmp_path), "--outcome", "operated"]) == 0
    shown = capsys.readouterr().out
    assert "(event: yes); 1 variable\n" in shown
    assert "left out: seen (dates)" in shown
    assert "left out: remarks (a text of its own in too many rows)" in shown
    assert "To do: 'operated' holds 'Yes', 'yes': write each value in one way only" in shown
    config = StudyConfig.from_yaml(tmp_path / "study.yaml")
    assert (config.outcome.positive, config.outcome.negative) == ("yes", "no")
    assert config.clinical_variables["Age at MRI"].type == "continuous"


def test_decimal_commas_are_told_before_the_check(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(8)), *(f"P{n}_mask.nii" for n in range(8)))
    lines = ["id;BMI;age;sex", *(f"P{n};2{n},5;{40 + n};{'fm'[n % 2]}" for n in range(8))]
    (tmp_path / "patients.csv").write_text("\n".join(lines), encoding="utf-8")
    made = make_scaffold(tmp_path, tmp_path)
    assert made.guess is not None
    assert made.guess.variables == dict(BMI="continuous", age="continuous", sex="categorical")
    told = "decimal commas in 'BMI': save the table with decimal points"
    assert told in made.open_questions


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
    text = made.study.read_text(encoding="utf-8")
    assert f'name: "{tmp_path.name}"    # TO DO: the title of the report' in text
    assert "docs/" not in text  # not beside the study
    assert text.count("# TO DO") == 5


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
    # The table serves without the study file: its paths start from its own folder.
    table = pd.read_csv(out / "images.csv")
    assert config.image_root is None
    assert all((out / path).is_file() for path in [*table["image"], *table["mask"]])
    assert set(config.views) == {"sag", "axi"}
    assert config.agreement is not None
    assert check_study(config) == []
    (out / table["image"][0]).unlink()
    lost = check_study(config)
    assert all(f"does not exist: '{Path(table['image'][0]).name}'" in each.message for each in lost)
    assert len(lost) == (table["image"] == table["image"][0]).sum()


def several_labels(folder: Path) -> Path:
    """Two subjects with label maps of three labels, as ITK-SNAP writes them, and one of one."""
    for number, labels in enumerate(([1, 2, 5], [1, 2, 5], [1])):
        voxels = np.zeros((6, 20, 20), np.uint8)
        for index, label in enumerate(labels):
            voxels[1:5, 2 + 6 * index : 7 + 6 * index, 4:14] = label
        noise = np.random.default_rng(number).normal(100, 20, voxels.shape).astype(np.int16)
        sitk.WriteImage(sitk.GetImageFromArray(noise), str(folder / f"P{number}.nii.gz"))
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(folder / f"P{number}_seg.nii.gz"))
    table = {"id": ["P0", "P1", "P2"], "outcome": [1, 0, 1], "sex": ["1", "0", "1"]}
    pd.DataFrame(table).to_csv(folder / "patients.csv", index=False)
    return folder


def test_masks_of_several_labels_are_asked_about(tmp_path: Path) -> None:
    made = make_scaffold(several_labels(tmp_path), tmp_path)
    assert (made.labels.looked_at, made.labels.several, made.labels.labels) == (3, 2, (1, 2, 5))
    assert made.open_questions[0].startswith("which of the labels 1, 2, 5 of a mask is the ROI")
    text = made.study.read_text(encoding="utf-8")
    assert "# TO DO: which of the labels 1, 2, 5" in text
    assert "sex: codes? Write words into the table (female, not 1)" in text
    assert list(pd.read_csv(tmp_path / "images.csv").columns)[-1] == "mask_label"


def test_the_label_can_be_given_at_once(tmp_path: Path) -> None:
    made = make_scaffold(several_labels(tmp_path), tmp_path, mask_label="1")
    assert set(pd.read_csv(tmp_path / "images.csv", dtype=str)["mask_label"]) == {"1"}
    assert "mask" not in " ".join(made.open_questions)


@pytest.mark.parametrize(("label", "lacking"), [("999", 3), ("5", 1), ("tumour", 3)])
def test_a_label_that_masks_do_not_hold_is_told(tmp_path: Path, label: str, lacking: int) -> None:
    made = make_scaffold(several_labels(tmp_path), tmp_path, mask_label=label)
    warning = made.open_questions[0]
    assert warning.startswith(f"--mask-label {label}: {lacking} of 3 masks looked at do not hold")
    assert "_seg.nii.gz" in warning


def test_segments_of_slicer_are_asked_about_by_name(tmp_path: Path) -> None:
    several_labels(tmp_path)
    (tmp_path / "P1_seg.nii.gz").unlink()
    layers = np.zeros((6, 20, 20, 2), np.uint8)
    layers[1:5, 2:12, 4:14, 0] = 1
    layers[1:5, 8:18, 4:14, 1] = 1  # overlaps the first
    image = sitk.GetImageFromArray(layers, isVector=True)
    for index, name in enumerate(("tumour", "oedema")):
        for key, value in (("ID", name), ("Name", name), ("LabelValue", "1"), ("Layer", index)):
            image.SetMetaData(f"Segment{index}_{key}", str(value))
    sitk.WriteImage(image, str(tmp_path / "P1.seg.nrrd"))
    made = make_scaffold(tmp_path, tmp_path)
    assert made.labels.columns == ["mask_label", "mask_segment"]
    assert "segments tumour, oedema" in made.open_questions[0]
    text = made.study.read_text(encoding="utf-8")
    split = "split: {method: random, fraction: 0.7}"
    made.study.write_text(text.replace(split, "column: cohort"), encoding="utf-8")
    cohort = pd.read_csv(tmp_path / "patients.csv").assign(cohort="training")
    cohort.to_csv(tmp_path / "patients.csv", index=False)
    config = StudyConfig.from_yaml(made.study)
    label, segment = check_study(config)
    assert (label.row, segment.row) == (2, 3)
    assert "holds 3 labels: 1, 2, 5; say which" in label.message
    assert "'tumour' (label 1), 'oedema' (label 1); name one" in segment.message
    edit_rows(tmp_path / "images.csv", mask_label=["1", "", ""], mask_segment=["", "oedema", ""])
    assert run_check(config).rois["voxels"].tolist() == [200, 400, 200]


def edit_rows(path: Path, **columns: list[str]) -> None:
    pd.read_csv(path, dtype=str).assign(**columns).to_csv(path, index=False)


def test_none_is_offered_as_a_level(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(6)), *(f"P{n}_mask.nii" for n in range(6)))
    smoking = ["none", "former", "current"] * 2
    table = {"id": [f"P{n}" for n in range(6)], "smoking": smoking, "outcome": ["none", "disc"] * 3}
    pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
    made = make_scaffold(tmp_path, tmp_path)
    config = StudyConfig.from_yaml(made.study)
    assert config.clinical_variables["smoking"].levels == ("none", "current", "former")
    assert (config.outcome.positive, config.outcome.negative) == ("disc", "none")


def test_cohorts_are_known_by_their_words(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(6)), *(f"P{n}_mask.nii" for n in range(6)))
    table = {"id": [f"P{n}" for n in range(6)], "subset": ["Training", "validation"] * 3}
    pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
    config = StudyConfig.from_yaml(make_scaffold(tmp_path, tmp_path).study)
    assert (config.cohorts.column, config.cohorts.training) == ("subset", "Training")


def test_lines_that_still_wait_for_an_answer(tmp_path: Path) -> None:
    touch(tmp_path, "P1.nii", "P1_mask.nii", "P2.nii", "P2_mask.nii")
    study = make_scaffold(tmp_path, tmp_path).study
    lines = study.read_text(encoding="utf-8").splitlines()
    assert len(open_lines(study)) == 5
    assert all("TO DO" in lines[number - 1] for number in open_lines(study))


def test_the_table_of_an_import_is_taken_as_it_is(tmp_path: Path) -> None:
    table = {
        "subject_id": ["P1", "P1", "P2"],
        "image": ["../export/a#1", "../export/a#1", "../export/b"],
        "mask": ["../export/a.dcm", "../export/a.dcm", "../export/b.dcm"],
        "view": ["sagittal", "sagittal", "axial"],
        "roi": ["Tumour", "Oedema", "Tumour"],
        "mask_label": ["1", "2", "1"],
    }
    path = tmp_path / "images.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    (tmp_path / "unpaired.csv").write_text("kind\n")
    (tmp_path / "clinical.split.csv").write_text("subject_id,cohort\n")
    before = path.read_bytes()
    made = make_scaffold(tmp_path, tmp_path)
    assert path.read_bytes() == before
    assert made.open_questions[0].startswith("which ROI is studied (Tumour, Oedema)")
    config = StudyConfig.from_yaml(made.study)
    assert config.images == path
    assert set(config.views) == {"sagittal", "axial"}


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    touch(tmp_path, "P1.nii", "P1_mask.nii")
    (tmp_path / "images.csv").write_text("subject_id,image,mask\nmine,a,b\n")
    with pytest.raises(InputError, match=r"images\.csv: the file is there already"):
        make_scaffold(tmp_path, tmp_path)
    (tmp_path / "images.csv").unlink()
    for name in ("clinical.csv", "old.csv"):
        (tmp_path / name).write_text("id,outcome\nP1,1\n")
    with pytest.raises(InputError, match=r"2 tables could be .* \(clinical.csv, old.csv\)"):
        make_scaffold(tmp_path, tmp_path)
    made = make_scaffold(tmp_path, tmp_path, clinical=tmp_path / "old.csv")
    assert made.clinical.name == "old.csv"


def test_a_table_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    touch(tmp_path, "P1.nii", "P1_mask.nii")
    (tmp_path / "p.csv").write_bytes("id;outcome\nM\xfcller;1\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        make_scaffold(tmp_path, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_guessed_event_and_foreign_names_are_asked_about(tmp_path: Path) -> None:
    touch(tmp_path, *(f"P{n}.nii" for n in range(6)), *(f"P{n}_mask.nii" for n in range(6)))
    table = {
        "id": [f"P0{n}" for n in range(6)],
        "outcome": ["a", "b"] * 3,
        "operated": ["2021-02-01", "2021-03-01"] * 3,
    }
    pd.DataFrame(table).to_csv(tmp_path / "patients.csv", index=False)
    made = make_scaffold(tmp_path, tmp_path)
    assert made.guess is not None
    assert (made.guess.n_matched, made.guess.variables) == (0, {})
    assert "none of its columns holds those of the images (such as 'P0'" in made.open_questions[0]
    assert "whether 'b' of 'outcome' is the event" in made.open_questions[1]


def test_pictures_have_two_dimensions(tmp_path: Path) -> None:
    touch(tmp_path, "P1.png", "P1_mask.png", "P2.JPG", "P2_mask.png")
    config = StudyConfig.from_yaml(make_scaffold(tmp_path, tmp_path).study)
    assert config.views["scan"].dimension == "2d"


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "P1.nii", "P1_mask.nii")
    with pytest.raises(InputError, match="the folder does not exist"):
        make_scaffold(tmp_path / "absent", tmp_path)
    with pytest.raises(InputError, match="this is a file; give the folder"):
        make_scaffold(tmp_path / "P1.nii", tmp_path)
    with pytest.raises(InputError, match="check what --clinical names"):
        make_scaffold(tmp_path, tmp_path, clinical=tmp_path / "absent.csv")
