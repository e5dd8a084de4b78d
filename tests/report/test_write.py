"""The written report: complete, self-contained, honest about where its data come from."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import pandas as pd
import pytest

from dlr.report import write_report
from dlr.results import StudyResult, ValidationResult


@pytest.fixture(scope="module")
def folder(simulated_study: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report")
    write_report(simulated_study, target)
    return target


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


class _Addresses(HTMLParser):
    """Collects every address a page refers to, and its open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action") and value:
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.append(value)


def test_page_refers_to_nothing_outside_itself(page: str) -> None:
    parser = _Addresses()
    parser.feed(page)
    outside = [a for a in parser.addresses if not a.startswith(("data:", "#"))]
    assert outside == []
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert len(parser.ids) == len(set(parser.ids))


def test_navigation_leads_to_every_section(page: str) -> None:
    parser = _Addresses()
    parser.feed(page)
    anchors = {address[1:] for address in parser.addresses if address.startswith("#")}
    assert anchors <= set(parser.ids)
    expected = {"summary", "data", "cohort", "clinical", "selection", "models", "calibration"}
    expected |= {"evaluation_training_out_of_fold", "evaluation_external_frozen"}
    expected |= {"evaluation_training_apparent", "nomogram", "methods", "failures"}
    assert expected <= anchors


def test_user_text_is_escaped(page: str) -> None:
    assert "Disc &lt;herniation&gt; &amp; surgery" in page
    assert "<herniation>" not in page


def test_page_is_small(page: str) -> None:
    assert len(page) < 5_000_000


def test_simulated_cohort_is_named_and_every_figure_stamped(folder: Path, page: str) -> None:
    assert "Made from: a simulated cohort" in page
    figures = sorted((folder / "figures").glob("*.svg"))
    assert len(figures) > 20
    unstamped = [f.name for f in figures if "simulated-stamp" not in f.read_text(encoding="utf-8")]
    assert unstamped == []


def test_other_cohorts_are_not_stamped(real_study: StudyResult, tmp_path: Path) -> None:
    page = write_report(real_study, tmp_path).read_text(encoding="utf-8")
    assert "not declared as simulated" in page
    assert "simulated-stamp" not in (tmp_path / "figures" / "flowchart.svg").read_text("utf-8")


def test_every_figure_of_the_page_is_saved_as_vector_and_picture(folder: Path, page: str) -> None:
    named = set(re.findall(r'id="figure-([^"]+)"', page))
    for suffix in ("svg", "png"):
        assert {path.stem for path in (folder / "figures").glob(f"*.{suffix}")} == named


def test_every_table_of_the_page_is_a_csv(folder: Path, page: str) -> None:
    named = set(re.findall(r'<table data-name="([^"]+)"', page))
    assert named | {"scores"} == {path.stem for path in (folder / "tables").glob("*.csv")}
    for path in (folder / "tables").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1


def test_csv_holds_unrounded_numbers(folder: Path, simulated_study: StudyResult) -> None:
    table = pd.read_csv(folder / "tables" / "performance_external_frozen.csv")
    model = simulated_study.evaluation("external").models["DLR"]
    row = table.set_index("feature_set").loc["DLR"]
    assert row["auc"] == pytest.approx(model.roc.auc.value, rel=1e-12)
    assert row["sensitivity"] == pytest.approx(model.at_locked.sensitivity.value, rel=1e-12)


def test_json_holds_the_same_content(folder: Path, simulated_study: StudyResult) -> None:
    content = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert content["simulated"] is True
    performance = pd.DataFrame(content["numbers"]["performance"])
    assert len(performance) == 3 * 5
    assert content["numbers"]["thresholds"] == pytest.approx(dict(simulated_study.thresholds))
    assert content["sections"][0]["name"] == "summary"


def test_apparent_figures_are_labelled(page: str) -> None:
    assert "too good by construction" in page
    assert "Do not quote these figures" in page


def test_failures_are_listed_and_lost_cases_counted(page: str) -> None:
    assert "2 cases lost; 3 rows in all." in page
    assert "image and mask differ in spacing" in page


def test_same_result_gives_the_same_page_and_leaves_settings_alone(
    folder: Path, simulated_study: StudyResult, tmp_path: Path
) -> None:
    before = dict(matplotlib.rcParams)
    write_report(simulated_study, tmp_path)
    assert dict(matplotlib.rcParams) == before
    for name in ("report.html", "report.json", "figures/flowchart.svg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_validation_reports_performance_and_range(judged: ValidationResult, tmp_path: Path) -> None:
    page = write_report(judged, tmp_path).read_text(encoding="utf-8")
    assert "Nomogram reached an AUC of" in page
    assert "2 cases had inputs outside the range seen in training" in page
    assert "sag.rad.original_shape_Volume" in page
    assert "No case failed." in page


def test_prediction_without_outcomes_claims_no_performance(
    unjudged: ValidationResult, tmp_path: Path
) -> None:
    page = write_report(unjudged, tmp_path).read_text(encoding="utf-8")
    assert "Outcomes are not known" in page
    assert "AUC of" not in page
    assert (tmp_path / "tables" / "probabilities.csv").is_file()
