"""The page, check.json and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer

from dlr.check import write_check
from dlr.check.page import check_report, verdict
from dlr.cli.check import check as command

from .editing import check, edit, read_table, rewrite, settings


@pytest.fixture(scope="module")
def written(clean_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlr.check.run.PICTURED", 7)
        patch.setattr("dlr.check.page.PER_SHEET", 4)
        write_check(check(clean_cohort, pictures=True), folder)
    return folder


def test_the_page_shows_every_roi_and_nothing_is_empty(written: Path, clean_cohort: Path) -> None:
    html = (written / "report.html").read_text(encoding="utf-8")
    rows = len(read_table(clean_cohort / "images.csv"))
    assert html.count("<td>sag") + html.count("<td>axi") >= rows
    for section in ("summary", "findings", "regions", "contact", "scanners", "outcome", "columns"):
        assert f'<section id="{section}"' in html
    assert "Simulated data." in html
    assert "Mask after resampling" not in html


def test_the_contact_sheet_is_paged(written: Path) -> None:
    sheets = sorted(path.name for path in (written / "figures").glob("*.png"))
    assert "sheet_1.png" in sheets
    assert "sheet_2.png" in sheets


def test_json_for_programs(written: Path, clean_cohort: Path) -> None:
    content = json.loads((written / "check.json").read_text(encoding="utf-8"))
    assert content["faults"] == 0
    assert content["warnings"] == sum(f["level"] == "warning" for f in content["findings"])
    assert len(content["rois"]) == len(read_table(clean_cohort / "images.csv"))
    assert content["rois"][0]["bins"] >= 16
    assert {path.stem for path in (written / "tables").glob("*.csv")} == {
        "findings", "rois", "scanners", "prevalence", "sample_size", "columns",
    }  # fmt: skip


def test_faulty_tables_make_a_page_without_images(cohort: Path, tmp_path: Path) -> None:
    edit(
        cohort / "clinical.csv", lambda t: t.__setitem__("surgery", ["perhaps", *t["surgery"][1:]])
    )
    found = check(cohort)
    assert verdict(found).startswith("1 fault: mend")
    page = write_check(found, tmp_path / "out").read_text(encoding="utf-8")
    assert '<section id="columns"' in page
    assert '<section id="regions"' not in page
    assert json.loads((tmp_path / "out" / "check.json").read_text())["rois"] == []


def test_an_unusable_roi_has_its_row(cohort: Path, tmp_path: Path) -> None:
    (cohort / read_table(cohort / "images.csv")["image"][0]).unlink()
    report = check_report(check(cohort, pictures=True))
    (table,) = next(s for s in report.sections if s.name == "regions").blocks
    assert set(table.shown["Findings"][:1]) == {"fault"}


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(command)
    return int(app(list(arguments), standalone_mode=False) or 0)


def test_warnings_alone_exit_0(clean_cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(clean_cohort / "study.yaml")) == 0
    text = capsys.readouterr().out
    assert "No faults found" in text
    assert "warning(s)" in text
    assert "--out" in text


def test_faults_exit_3_and_are_written(
    cohort: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dlr.check.run.PICTURED", 4)
    (cohort / read_table(cohort / "images.csv")["image"][0]).unlink()
    settings(cohort, lambda content: content.pop("embedding"))
    assert run(str(cohort / "study.yaml"), "--out", str(tmp_path / "out")) == 3
    shown = capsys.readouterr()
    assert "images.csv, row 2: " in shown.err
    assert (tmp_path / "out" / "report.html").is_file()


def test_open_lines_are_counted_and_unread_images_told(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = cohort / "study.yaml"
    study.write_text(study.read_text(encoding="utf-8") + "# TO DO: title\n", encoding="utf-8")
    edit(cohort / "clinical.csv", lambda t: t.pop("odi"))
    assert run(str(study)) == 3
    shown = capsys.readouterr().out
    assert "note(s), 1 line(s) marked TO DO\n" in shown
    assert shown.endswith("Images were not read yet: mend these first.\n")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(1)"])
def test_names_are_harmless_in_page_and_tables(cohort: Path, tmp_path: Path, name: str) -> None:
    edit(cohort / "clinical.csv", lambda t: t.__setitem__(name, "1,5"))
    write_check(check(cohort), tmp_path / "out")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "\n=" not in (tmp_path / "out" / "tables" / "columns.csv").read_text()


def test_equal_faults_are_one_line(
    cohort: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dlr.check.run.PICTURED", 2)
    for name in read_table(cohort / "images.csv")["mask"][:5]:
        rewrite(cohort / name, several_labels)
    assert run(str(cohort / "study.yaml"), "--out", str(tmp_path / "out")) == 3
    shown = capsys.readouterr()
    (line,) = [line for line in shown.err.splitlines() if "labels" in line]
    assert "images.csv, row 2: The mask 'masks/" in line
    assert line.endswith("(and 4 like it: rows 3-6)")
    assert "5 fault(s)" in shown.out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("and 4 like it") == 1
    content = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8"))
    assert sum(item["level"] == "fault" for item in content["findings"]) == 5


def several_labels(array: np.ndarray) -> np.ndarray:
    result = array.copy()
    result[:, : array.shape[1] // 2][array[:, : array.shape[1] // 2] > 0] = 2
    result[0, 0, 0] = 3
    return result
