"""Checklists: complete, in our own words, and never a tick without evidence."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from dlr.errors import InputError
from dlr.report._blocks import Checklist, ChecklistRow, Report
from dlr.report._checklists import (
    ANSWERED,
    NAMES,
    OPEN,
    PARTLY,
    SHOWN,
    SIMULATED,
    answers_template,
    checklists_section,
    read_answers,
)
from dlr.report._study import study_report
from dlr.report._validation import validation_report
from dlr.results import StudyResult, ValidationResult

COUNTS = {"TRIPOD+AI": 27, "CLEAR": 58, "METRICS": 30, "RQS": 16}


def rows(
    report: Report, answers: dict[str, dict[str, str]] | None = None
) -> dict[tuple[str, str], ChecklistRow]:
    section = checklists_section(report, answers)
    found = [block for block in section.blocks if isinstance(block, Checklist)]
    return {(item.title, row.number): row for item in found for row in item.rows}


def without_externals(result: StudyResult) -> StudyResult:
    kept = tuple(item for item in result.evaluations if item.estimate != "frozen")
    scores = result.scores[result.scores["estimate"] != "frozen"]
    baseline = {"training": result.baseline["training"]}
    return replace(result, evaluations=kept, scores=scores, baseline=baseline)


@pytest.mark.parametrize("name", NAMES)
def test_every_item_of_the_publication_is_there_once(name: str) -> None:
    path = files("dlr.report") / "checklists" / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    numbers = [item["number"] for item in content["items"]]
    assert len(numbers) == len(set(numbers))
    whole = {int(number.rstrip("abcdefg")) for number in numbers}
    assert whole == set(range(1, COUNTS[content["title"]] + 1))
    assert all(item["topic"] and item["part"] for item in content["items"])
    assert content["source"]


def test_nothing_is_ticked_without_evidence_in_a_section_that_exists(
    real_study: StudyResult,
) -> None:
    report = study_report(real_study)
    names = {section.name for section in report.sections}
    for row in rows(report).values():
        if row.status in (SHOWN, SIMULATED, PARTLY):
            assert row.evidence
            assert {section for _, section in row.evidence} <= names
        else:
            assert row.status == OPEN
            assert not row.evidence


def test_an_empty_report_ticks_nothing() -> None:
    empty = Report("t", "", "", False, (), {}, {})
    assert {row.status for row in rows(empty).values()} == {OPEN}


def test_external_validation_counts_only_where_there_was_one(real_study: StudyResult) -> None:
    whole, alone = rows(study_report(real_study)), rows(study_report(without_externals(real_study)))
    for item in (("METRICS", "27"), ("RQS", "12"), ("TRIPOD+AI", "20c")):
        assert whole[item].status == SHOWN
        assert alone[item].status == OPEN
    assert whole["TRIPOD+AI", "12g"].status == PARTLY  # where the model can be had
    assert alone["TRIPOD+AI", "12g"].status == OPEN
    assert alone["CLEAR", "38"].status == PARTLY  # internal testing alone


def test_a_cohort_counts_as_external_only_where_its_centres_are_known_to_be_others(
    real_study: StudyResult,
) -> None:
    same = replace(real_study, scores=real_study.scores.assign(center="A"))
    unknown = replace(real_study, scores=real_study.scores.assign(center=""))
    for result in (same, unknown):
        row = rows(study_report(result))["METRICS", "27"]
        assert row.status == PARTLY
        assert "Not shown by this run: external." in row.missing
    assert rows(study_report(same))["METRICS", "26"].status == SHOWN  # kept apart, same source
    assert rows(study_report(unknown))["METRICS", "26"].status == PARTLY


def test_cross_validation_alone_is_no_internal_testing_by_metrics(real_study: StudyResult) -> None:
    row = rows(study_report(without_externals(real_study)))["METRICS", "26"]
    assert row.status == PARTLY
    assert "hold out" in row.missing


@pytest.mark.parametrize("name", NAMES)
def test_every_list_says_what_it_was_compared_with_and_when(name: str) -> None:
    path = files("dlr.report") / "checklists" / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "compared with" in content["note"]
    assert "November 2026" in content["note"]
    assert "journal's own form" in content["note"]


def test_every_kind_of_evidence_an_item_asks_for_can_be_found() -> None:
    """A misspelt key would leave its item open for ever."""
    known = set()
    for module in ("_evidence.py", "_evidence_settings.py"):
        text = (files("dlr.report") / module).read_text(encoding="utf-8")
        known |= set(re.findall(r'"([a-z_]+)"', text))
    for name in NAMES:
        path = files("dlr.report") / "checklists" / f"{name}.json"
        for item in json.loads(path.read_text(encoding="utf-8"))["items"]:
            assert set(item["evidence"]) <= known, item["number"]


def test_the_published_protocol_is_no_internal_validation(real_study: StudyResult) -> None:
    config = real_study.config.model_copy(update={"protocol": "published"})
    found = rows(study_report(replace(real_study, config=config)))
    assert found["METRICS", "26"].status == OPEN


def test_agreement_counts_only_where_it_was_measured(real_study: StudyResult) -> None:
    assert rows(study_report(real_study))["METRICS", "14"].status == SHOWN
    alone = study_report(replace(real_study, agreement=None))
    assert rows(alone)["METRICS", "14"].status == OPEN


def test_what_a_run_cannot_know_is_left_to_the_authors(real_study: StudyResult) -> None:
    found = rows(study_report(real_study))
    for item in (("TRIPOD+AI", "17"), ("TRIPOD+AI", "18a"), ("CLEAR", "8"), ("METRICS", "28")):
        assert found[item].status == OPEN
    for item in (("RQS", "3"), ("RQS", "11"), ("RQS", "15"), ("RQS", "16")):
        assert found[item].status == OPEN


def test_simulated_cohorts_are_said(simulated_study: StudyResult) -> None:
    report = study_report(simulated_study)
    found = rows(report).values()
    assert not [row for row in found if row.status == SHOWN]
    assert [row for row in found if row.status == SIMULATED]
    texts = [getattr(block, "text", "") for block in checklists_section(report).blocks]
    assert any("Simulated data" in text for text in texts)


def test_a_prediction_proves_no_performance(unjudged: ValidationResult) -> None:
    found = rows(validation_report(unjudged))
    assert found["METRICS", "21"].status == OPEN
    assert found["METRICS", "27"].status == OPEN
    assert found["TRIPOD+AI", "23a"].status == OPEN


def test_a_validation_proves_its_own_performance(judged: ValidationResult) -> None:
    found = rows(validation_report(judged))
    assert found["RQS", "12"].status == SHOWN
    # Which centres trained, the frozen model does not tell.
    assert found["METRICS", "27"].status == PARTLY
    assert found["METRICS", "26"].status == OPEN


def test_authors_answers_are_shown_as_theirs(real_study: StudyResult, tmp_path: Path) -> None:
    path = tmp_path / "checklist.yaml"
    path.write_text("TRIPOD+AI:\n  17: Ethics committee, no. 12\nCLEAR: {8: ''}\n", "utf-8")
    answers = read_answers(path)
    found = rows(study_report(real_study), answers)
    assert found["TRIPOD+AI", "17"].status == ANSWERED
    assert found["TRIPOD+AI", "17"].answer == "Ethics committee, no. 12"
    assert found["CLEAR", "8"].status == OPEN  # an empty answer is none


def test_unknown_items_are_refused_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "checklist.yaml"
    path.write_text("STARD: {1: x}\nRQS: {17: x, 1: y}\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_answers(path)
    assert "no checklist 'STARD'" in str(caught.value)
    assert "RQS has no item '17'" in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n", "CLEAR: text\n", "a: [\n"])
def test_answers_that_are_no_answers_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "checklist.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match="answers"):
        read_answers(path)


def test_the_template_lists_what_is_open_and_reads_back(
    real_study: StudyResult, tmp_path: Path
) -> None:
    section = checklists_section(study_report(real_study))
    text = answers_template(section)
    content = yaml.safe_load(text)
    assert set(content) == set(COUNTS)
    assert "27" not in content["METRICS"]  # shown: external testing
    path = tmp_path / "checklist.yaml"
    path.write_text(text, "utf-8")
    assert read_answers(path) == {}
