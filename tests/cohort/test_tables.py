"""Every fault of the tables has one sentence that names file, row, column and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from dlr.cohort import Cohort
from dlr.cohort.tables import read_clinical_table, read_images_table
from dlr.config import StudyConfig
from dlr.errors import InputError

STUDY = {
    "name": "test",
    "images": "images.csv",
    "clinical": "clinical.csv",
    "outcome": {"column": "surgery", "positive": "yes", "negative": "no"},
    "cohorts": {"training": "train"},
    "views": {"sag": {}},
    "clinical_variables": {
        "age": {"type": "continuous"},
        "sex": {"type": "categorical", "levels": ["F", "M"]},
    },
}


def images_table() -> pd.DataFrame:
    subjects = [f"P{i}" for i in range(8)]
    return pd.DataFrame(
        {"subject_id": subjects, "image": [f"{s}.nii" for s in subjects], "mask": "m.nii"}
    )


def clinical_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subject_id": [f"P{i}" for i in range(8)],
            "cohort": ["train"] * 4 + ["test"] * 4,
            "surgery": ["yes", "no"] * 4,
            "age": "40.5",
            "sex": ["F", "M"] * 4,
        }
    )


Load = Callable[..., Cohort]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_tables(
        images: pd.DataFrame | None = None, clinical: pd.DataFrame | None = None, **study: object
    ) -> Cohort:
        (images_table() if images is None else images).to_csv(tmp_path / "images.csv", index=False)
        clinical = clinical_table() if clinical is None else clinical
        clinical.to_csv(tmp_path / "clinical.csv", index=False)
        (tmp_path / "study.yaml").write_text(yaml.safe_dump({**STUDY, **study}))
        return Cohort.load(StudyConfig.from_yaml(tmp_path / "study.yaml"))

    return load_tables


def faults_of(load: Load, **tables: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(**tables)
    return [str(fault) for fault in caught.value.faults]


def test_a_sound_study_gives_coded_cases(load: Load) -> None:
    cohort = load()
    assert cohort.clinical["outcome"].tolist() == [1, 0] * 4
    assert cohort.clinical["age"].tolist() == [40.5] * 8
    assert cohort.names == ("training", "test")
    assert cohort.external_names == ("test",)
    assert [step.n_cases for step in cohort.flow()] == [4, 4]


def test_clinical_row_without_image_and_image_without_clinical_row(load: Load) -> None:
    images = images_table()
    images.loc[3, "subject_id"] = "P33"  # P3 must not match it: names are compared exactly
    faults = faults_of(load, images=images)
    assert len(faults) == 2
    assert (
        "clinical.csv, row 5, column 'subject_id': case 'P3' has no row in images.csv" in faults[0]
    )
    assert "add the image or delete the clinical row" in faults[0]
    assert (
        "images.csv, row 5, column 'subject_id': case 'P33' has no row in clinical.csv" in faults[1]
    )


def test_all_faults_are_listed_at_once(load: Load) -> None:
    clinical = clinical_table()
    clinical.loc[0, "surgery"] = ""
    clinical.loc[1, "surgery"] = "maybe"
    clinical.loc[2, "age"] = "40,5"
    clinical.loc[3, "sex"] = "X"
    clinical.loc[5, "age"] = "forty"
    faults = faults_of(load, clinical=clinical)
    assert len(faults) == 5
    assert "row 2, column 'surgery': the outcome is missing" in faults[0]
    assert "row 3, column 'surgery': the outcome is 'maybe'" in faults[1]
    assert "declares 'yes' (event) and 'no' (no event)" in faults[1]
    assert "row 4, column 'age': '40,5' is not a number: it has a decimal comma" in faults[2]
    assert "row 5, column 'sex': 'X' is not a declared level; the levels are: F, M" in faults[3]
    assert "row 7, column 'age': 'forty' is not a number" in faults[4]


def test_duplicate_case_names_both_rows(load: Load) -> None:
    clinical = pd.concat([clinical_table(), clinical_table().iloc[[1]]])
    faults = faults_of(load, clinical=clinical)
    assert "row 10, column 'subject_id': case 'P1' is already in row 3" in faults[0]
    assert "unit: roi" in faults[0]


def test_duplicate_image_names_the_readers(load: Load) -> None:
    images = images_table().assign(reader="anna")
    images = pd.concat([images, images.iloc[[2]].assign(reader="ben")])
    faults = faults_of(load, images=images)
    assert "case 'P2' has 2 images for view 'sag' (first in row 4)" in faults[0]
    assert "its readers are 'anna', 'ben': name one as 'agreement.reader'" in faults[0]


def test_subject_in_both_cohorts(load: Load) -> None:
    images = images_table().assign(roi="a")
    clinical = clinical_table().assign(roi="a")
    images.loc[len(images)] = ["P0", "x.nii", "m.nii", "b"]
    clinical.loc[len(clinical)] = ["P0", "test", "yes", "1", "F", "b"]
    faults = faults_of(load, images=images, clinical=clinical, unit="roi")
    assert "subject 'P0' is in cohorts 'training' and 'test'" in faults[0]


def test_one_class_outcome(load: Load) -> None:
    clinical = clinical_table()
    clinical.loc[:3, "surgery"] = "no"
    faults = faults_of(load, clinical=clinical)
    assert "all 4 cases of cohort 'training' are negative; a model needs both classes" in faults[0]


def test_missing_view(load: Load) -> None:
    images = images_table().assign(view="sag")
    images.loc[6, "view"] = "axi"
    faults = faults_of(load, images=images)
    assert "case 'P6' has no image for view 'sag' in images.csv" in faults[0]


def test_roi_name_missing_in_roi_unit(load: Load) -> None:
    images = images_table().assign(roi="a")
    clinical = clinical_table().assign(roi="a")
    clinical.loc[2, "roi"] = ""
    faults = faults_of(load, images=images, clinical=clinical, unit="roi")
    assert any("row 4, column 'roi': the ROI name is empty" in fault for fault in faults)


def test_training_cohort_absent_lists_the_values(load: Load) -> None:
    faults = faults_of(load, cohorts={"training": "develop"})
    assert "no case belongs to the training cohort 'develop'" in faults[0]
    assert "the column holds: test, train" in faults[0]


def test_undeclared_cohort(load: Load) -> None:
    faults = faults_of(load, cohorts={"training": "train", "external": ["other"]})
    assert "'test' is not a declared cohort; declared are: train, other" in faults[0]


def test_unknown_second_reader(load: Load) -> None:
    faults = faults_of(load, agreement={"reader": "ben"})
    assert "no row has reader 'ben', which 'agreement.reader' names" in faults[0]


def test_missing_files_and_columns_are_listed_together(load: Load, tmp_path: Path) -> None:
    faults = faults_of(
        load,
        images=images_table().drop(columns="mask"),
        clinical=clinical_table().drop(columns="age"),
    )
    assert "column 'mask': the column is missing; the table has: subject_id, image" in faults[0]
    assert "column 'age': the column is missing" in faults[1]
    assert faults[1].endswith("'clinical_variables' of the study file names it")
    with pytest.raises(InputError, match="the images table does not exist"):
        read_images_table(tmp_path / "none.csv")


def test_a_missing_column_is_sought_among_the_file_s_own_names(load: Load) -> None:
    names = {"subject_id": "Patient", "age": "Age at MRI"}
    (fault,) = faults_of(load, clinical=clinical_table().rename(columns=names))
    assert "the table has: Patient, " in fault
    assert "; rename 'Age at MRI' if that is it; 'clinical_variables'" in fault


def test_empty_required_cell(load: Load) -> None:
    images = images_table()
    images.loc[1, "image"] = ""
    assert "row 3, column 'image': the cell is empty" in faults_of(load, images=images)[0]


@pytest.mark.parametrize("header", ["Patient", "participant_id", "ID", "Patient ID", "Case-ID"])
def test_header_aliases_of_other_tools_are_understood(tmp_path: Path, header: str) -> None:
    path = tmp_path / "images.csv"
    path.write_text(f"{header};Image;Mask;Label\n007;a.nii;b.nii;2\n")
    table = read_images_table(path)
    assert table.loc[0, ["subject_id", "image", "mask", "mask_label"]].tolist() == [
        "007", "a.nii", "b.nii", "2",
    ]  # fmt: skip


def test_a_header_as_aliases_are_written_comes_before_one_with_blanks(tmp_path: Path) -> None:
    path = tmp_path / "clinical.csv"
    path.write_text("Patient ID,patient_id,Case-ID\na,b,c\n")
    assert read_clinical_table(path, ("Case-ID",))["subject_id"].tolist() == ["b"]
    path.write_text("Patient ID,Case-ID\na,c\n")
    table = read_clinical_table(path, ("Case-ID",))
    assert table.loc[0, ["subject_id", "Case-ID"]].tolist() == ["a", "c"]


def test_excel_and_csv_read_alike(tmp_path: Path) -> None:
    frame = clinical_table()
    frame.to_excel(tmp_path / "c.xlsx", index=False)
    frame.to_csv(tmp_path / "c.csv", index=False, encoding="utf-8-sig")
    excel = read_clinical_table(tmp_path / "c.xlsx")
    assert excel.equals(read_clinical_table(tmp_path / "c.csv"))


def test_a_table_that_is_not_utf8_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("subject_id,größe\n1,2\n".encode("latin-1"))
    with pytest.raises(InputError, match="save the table as 'CSV UTF-8'"):
        read_clinical_table(path)


def test_an_excel_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.xlsx"
    path.write_text("hello")
    with pytest.raises(InputError, match="not a readable table"):
        read_clinical_table(path)


def test_blank_lines_are_skipped_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("subject_id,a\n1,x\n,\n2,y\n")
    assert read_clinical_table(path)["_row"].tolist() == [2, 4]


def test_numeric_and_boolean_outcome_codes(load: Load) -> None:
    for codes, declared in (
        (["1", "0"], {"positive": 1, "negative": 0}),
        (["1.0", "0.0"], {"positive": 1}),
        (["TRUE", "false"], {"positive": True, "negative": False}),
    ):
        clinical = clinical_table().assign(surgery=codes * 4)
        cohort = load(clinical=clinical, outcome={"column": "surgery", **declared})
        assert cohort.clinical["outcome"].tolist() == [1, 0] * 4


def test_a_third_outcome_value_needs_a_declared_negative(load: Load) -> None:
    clinical = clinical_table()
    clinical.loc[0, "surgery"] = "unknown"
    outcome = {"column": "surgery", "positive": "yes"}
    (fault,) = faults_of(load, clinical=clinical, outcome=outcome)
    assert "row 2, column 'surgery': the outcome is 'unknown'" in fault  # the odd one, not 'no'
    assert "2 values beside the event 'yes': 'no', 'unknown'" in fault
    assert 'as `negative: "no"` under' in fault
    (fault,) = faults_of(load, clinical=clinical, outcome={**outcome, "negative": "no"})
    assert "declares 'yes' (event) and 'no' (no event)" in fault


def test_of_equally_frequent_outcome_values_all_are_listed(load: Load) -> None:
    clinical = clinical_table().assign(surgery=["yes", "no", "unknown", "yes"] * 2)
    faults = faults_of(load, clinical=clinical, outcome={"column": "surgery", "positive": "yes"})
    assert len(faults) == 4
    assert all('`negative: "..."`' in fault for fault in faults)


def test_words_for_missing_are_levels_where_the_study_file_names_them(load: Load) -> None:
    clinical = clinical_table().assign(smoking=["none", "former", "NA", "current"] * 2)

    def coded(**named: object) -> list[str | None]:
        variables = {"smoking": {"type": "categorical", **named}}
        found = load(clinical=clinical, clinical_variables=variables).clinical["smoking"]
        return found.tolist()[:4]

    assert coded() == [None, "former", None, "current"]
    levels = ["none", "former", "current"]
    assert coded(levels=levels, reference="none") == ["none", "former", None, "current"]
    assert coded(reference="none") == ["none", "former", None, "current"]
    clinical.loc[0, "smoking"] = "None"
    variables = {"smoking": {"type": "categorical", "levels": levels}}
    (fault,) = faults_of(load, clinical=clinical, clinical_variables=variables)
    assert "'None' is not a declared level; the levels are: none, former, current" in fault


def test_a_word_for_missing_can_be_the_negative_outcome(load: Load) -> None:
    clinical = clinical_table().assign(surgery=["disc", "none"] * 4)
    outcome = {"column": "surgery", "positive": "disc", "negative": "none"}
    assert load(clinical=clinical, outcome=outcome).clinical["outcome"].tolist() == [1, 0] * 4


def test_a_reference_level_nobody_has_is_refused(load: Load) -> None:
    variables = {"sex": {"type": "categorical", "reference": "W"}}
    faults = faults_of(load, clinical_variables=variables)
    assert "column 'sex': no case has the reference level 'W'; the levels are: F, M" in faults[0]


def test_new_patients_need_nobody_of_the_reference_level(load: Load, tmp_path: Path) -> None:
    variables = {"sex": {"type": "categorical", "reference": "F"}}
    config = load(clinical_variables=variables).config
    images_table().iloc[[1]].to_csv(tmp_path / "i.csv", index=False)
    clinical_table().iloc[[1]][["subject_id", "sex"]].to_csv(tmp_path / "c.csv", index=False)
    new = Cohort.load_new(config, tmp_path / "i.csv", tmp_path / "c.csv", ("sex",))
    assert new.clinical.loc["P1", "sex"] == "M"
    assert new.names == ("new",)


def test_a_cohort_called_as_all_of_them_is_refused_before_it_trains(load: Load) -> None:
    clinical = clinical_table()
    clinical["cohort"] = clinical["cohort"].replace("test", "pooled")
    with pytest.raises(InputError, match="'pooled' is the name of all cohorts together"):
        load(clinical=clinical)
