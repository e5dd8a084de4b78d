"""The page made anew from a run's folder: the same, with answers and ablation added."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from dlr.cli.report import report as command
from dlr.errors import DlrError
from dlr.report import rebuild_report, write_report
from dlr.results import Ablation, StudyResult

from .case_samples import with_cases


@pytest.fixture(scope="module")
def original(simulated_study: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_report(with_cases(simulated_study), folder)
    return folder


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


@pytest.fixture(scope="module")
def ablated(real_study: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        ("full", "reference", "DLR", 0.80, 0.0, 0.0, 0.0, 1.0),
        ("without PCA", "step", "DLR", 0.78, -0.02, -0.05, 0.01, 0.2),
    ]
    columns = ["variant", "group", "score", "auc", "difference", "difference_low",
               "difference_high", "p_value"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table = table.assign(n=80, n_features=5, low=0.7, high=0.9, note="")
    folder = tmp_path_factory.mktemp("ablation")
    write_report(Ablation(table, "full", real_study.config), folder)
    return folder


def test_made_anew_everything_is_the_same_to_the_last_byte(run: Path, original: Path) -> None:
    rebuild_report(run)
    for name in ("report.html", "report.json", "tables/tables.html"):
        assert (run / name).read_bytes() == (original / name).read_bytes()


def test_answers_beside_the_run_are_taken_without_asking(run: Path) -> None:
    (run / "checklist.yaml").write_text("TRIPOD+AI: {17: Approved <by> X}\n", "utf-8")
    page = rebuild_report(run).read_text("utf-8")
    assert "Approved &lt;by&gt; X" in page
    table = pd.read_csv(run / "tables" / "checklist_tripod_ai.csv", dtype=str)
    assert table.set_index("item").loc["17", "answer"] == "Approved <by> X"
    assert '"17": "Approved <by> X"' in (run / "checklist-template.yaml").read_text("utf-8")


def test_an_ablation_takes_the_place_kept_for_it(run: Path, ablated: Path) -> None:
    before = (run / "report.html").read_text("utf-8")
    assert "No ablation was given" in before
    page = rebuild_report(run, ablation=ablated).read_text("utf-8")
    assert "No ablation was given" not in page
    assert "Ablation of DLR." in page
    assert (run / "figures" / "ablation_dlr.svg").is_file()
    again = rebuild_report(run).read_text("utf-8")  # its files are in the folder now
    assert "Ablation of DLR." in again


def test_a_validation_has_no_place_for_an_ablation(ablated: Path, tmp_path: Path) -> None:
    shutil.copytree(ablated, tmp_path / "x")
    other = tmp_path / "other"
    shutil.copytree(ablated, other)
    content = json.loads((other / "report.json").read_text("utf-8"))
    content["sections"][0]["name"] = "summary"
    (other / "report.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(DlrError, match="only be shown in the report of a study"):
        rebuild_report(other, ablation=ablated)


def test_a_folder_without_report_says_which_folder_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(DlrError, match=r"no report\.json; give the folder that 'dlr train'"):
        rebuild_report(tmp_path)


def test_a_report_of_an_older_version_is_refused(run: Path) -> None:
    content = json.loads((run / "report.json").read_text("utf-8"))
    del content["format"]
    (run / "report.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(DlrError, match="run the study again with this version"):
        rebuild_report(run)


def test_a_lost_figure_is_named(run: Path) -> None:
    (run / "figures" / "flowchart.svg").unlink()
    with pytest.raises(DlrError, match=r"flowchart\.svg, which is gone"):
        rebuild_report(run)


def test_the_command_names_the_page_and_what_is_open(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(run) == 0
    shown = capsys.readouterr().out
    assert "report.html" in shown
    assert "checklist-template.yaml" in shown


def test_a_report_of_an_earlier_version_opens_without_the_newer_parts(
    real_study: StudyResult, tmp_path: Path
) -> None:
    write_report(real_study, tmp_path)
    path = tmp_path / "report.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    newer = ("waterfall_external_frozen_dlr", "confusion_external_frozen_nomogram_calls")
    for section in content["sections"]:
        kept = [b for b in section["blocks"] if not str(b.get("name", "")).startswith(newer)]
        section["blocks"] = [b for b in kept if b.get("head") != "What the data decided"]
    for key in ("another_cohort", "hold_out"):
        content["evidence"].pop(key, None)
    path.write_text(json.dumps(content), encoding="utf-8")
    for figure in (tmp_path / "figures").iterdir():
        if figure.name.startswith(newer):
            figure.unlink()
    page = rebuild_report(tmp_path).read_text(encoding="utf-8")
    assert "waterfall_external_frozen_dlr" not in page
    assert "TRIPOD+AI" in page
