"""The study file: unknown keys, wrong values and missing keys are one sentence each."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from dlr.cnn.settings import CnnStudyConfig
from dlr.config import StudyConfig
from dlr.errors import InputError
from dlr.settings.models import EvaluationSettings

GOOD = """
name: x
images: a.csv
clinical: b.csv
outcome: {column: y, positive: 1}
views: {sag: {}}
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        StudyConfig.from_yaml(path)
    return [str(fault) for fault in caught.value.faults]


def test_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(GOOD)
    config = StudyConfig.from_yaml(tmp_path / "study.yaml")
    assert config.images == tmp_path / "a.csv"
    assert config.model.components == 32


def test_unknown_keys_are_errors_with_a_suggestion(tmp_path: Path) -> None:
    text = GOOD + "sede: 1\nmodel: {foldz: 3}\nintensity: {qqqq: 1}\n"
    found = faults(tmp_path, text)
    assert len(found) == 3
    assert any("unknown setting 'sede'; did you mean 'seed'?" in fault for fault in found)
    assert any("unknown setting 'model.foldz'; did you mean 'folds'?" in fault for fault in found)
    assert any("unknown setting 'intensity.qqqq'; known keys here: method" in f for f in found)


def test_a_suggestion_inside_a_view_the_user_named(tmp_path: Path) -> None:
    text = GOOD.replace("{sag: {}}", "{sag: {margn_mm: 3}}")
    assert "did you mean 'margin_mm'?" in faults(tmp_path, text)[0]


def test_missing_and_wrong_values(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("name: x\n", "") + "model: {folds: 1}\n")
    assert any("the setting 'name' is required" in fault for fault in found)
    assert any("at least 2, but got 1" in fault for fault in found)


def test_a_split_by_date_says_what_it_needs(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD + "cohorts: {split: {method: date}}\n")
    assert "a split by date needs 'column' (the date) and 'before' (a day)" in found[0]


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", ""])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "study.yaml" in faults(tmp_path, text)[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the study file does not exist"):
        StudyConfig.from_yaml(tmp_path / "none.yaml")
    (tmp_path / "study.yaml").write_text(GOOD)
    with pytest.raises(InputError, match=r"this is a folder; give .*study\.yaml"):
        StudyConfig.from_yaml(tmp_path)


def test_the_reference_page_is_made_from_the_schema() -> None:
    docs = Path(__file__).parents[1] / "docs"
    made = runpy.run_path(str(docs / "make_study_reference.py"))["page"]()
    assert (docs / "study_yaml.md").read_text(encoding="utf-8") == made


def test_yes_and_no_without_quotes_are_caught(tmp_path: Path) -> None:
    text = GOOD + "clinical_variables: {modic: {type: categorical, levels: [no, yes]}}\n"
    assert any("write them in quotes" in fault for fault in faults(tmp_path, text))


def test_a_reference_that_is_no_level_is_refused(tmp_path: Path) -> None:
    text = GOOD + "clinical_variables: {s: {type: categorical, levels: [a, b], reference: c}}\n"
    assert "the reference 'c' is none of the levels: a, b" in faults(tmp_path, text)[0]


def test_faults_come_in_the_order_of_the_file_with_their_lines(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        GOOD.replace("{sag: {}}", "\n  sag: {plane: sagital}\n  tra:\n    dimension: 4d")
        + "folds: 3\nembedding: resnet34\nmodel:\n  algorithms:\n    - svm\n    - svc\n",
    )
    assert [fault.split(": ")[0].split(", ")[1] for fault in found] == [
        "line 7", "line 9", "line 10", "line 11", "line 15",
    ]  # fmt: skip
    assert "'views.sag.plane' must be 'native', 'sagittal', 'axial' or" in found[0]
    assert found[0].endswith("did you mean 'sagittal'?")
    assert "unknown setting 'folds'; did you mean 'model.folds' or" in found[2]
    assert "'embedding' must be a mapping with some of the keys backbone" in found[3]
    assert "did you mean 'svm'?" in found[4]


def test_alternatives_of_one_setting_are_one_fault(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, GOOD + "model: {classifier: voting}\n")
    assert "line 7: 'model.classifier' must be 'logistic'" in found
    assert "or 'vote', but got 'voting'; did you mean 'vote'?" in found
    (found,) = faults(tmp_path, GOOD.replace("positive: 1", "positive: [1]"))
    assert "'outcome.positive' must be text, a whole number, a number or true or false" in found


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: [1, 2\n", 2, "the bracket is not closed"),
        ("a: 1\nb: 'x\nc: 1\n", 2, "the quote is not closed"),
        ("a:\n\t- b\n", 2, "a tab: indent with blanks"),
        ("a: b: c\n", 1, "put texts that hold ': ' into quotes"),
        ("a: *x\n", 1, "begins with '*'"),
        ("a: @x\n", 1, "begins with a special character"),
        ("a:\n  - 1\n b: 1\n", 3, "the wrong indentation"),
        ("a: 1\nb\nc: 2\n", 3, "a line without ':'"),
        ("a: 1\nb: {c: 1,\n  c: 2}\n", 3, "'c' is already in line 2; keep one"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    (found,) = faults(tmp_path, text)
    assert f"study.yaml, line {line}: " in found
    assert reason in found


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decision_range": [0, 0.5]}, "decision_range must rise"),
        ({"decision_range": [0.4, 0.2]}, "decision_range must rise"),
        ({"decision_range": [0.1, 0.3], "clinical_range": [0.4, 0.6]}, "must overlap"),
        ({"clinical_range": [0.6, 0.4]}, "clinical_range must rise"),
    ],
)
def test_ranges_of_decision_curves_are_checked_before_work(
    settings: dict[str, list[float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EvaluationSettings.model_validate(settings)


def test_a_study_of_the_other_kind_is_told_its_commands(tmp_path: Path) -> None:
    cnn = tmp_path / "cnn.yaml"
    cnn.write_text("name: x\nkind: cnn\nimages: i.csv\nclinical: c.csv\n", encoding="utf-8")
    with pytest.raises(InputError, match="this is a CNN study; use the commands of 'dlr cnn'"):
        StudyConfig.from_yaml(cnn)
    radiomics = tmp_path / "radiomics.yaml"
    radiomics.write_text("name: x\nviews: {sag: {}}\nimages: i.csv\n", encoding="utf-8")
    with pytest.raises(InputError, match="this is a radiomics study; use 'dlr train'"):
        CnnStudyConfig.from_yaml(radiomics)
