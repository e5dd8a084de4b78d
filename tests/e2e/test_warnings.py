"""What speaks against a model travels with it: to every page, report and console elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dlr import Bundle, Study, predict
from dlr.cli.app import run
from dlr.models.model_card import model_card
from dlr.report._blocks import Text
from dlr.report._validation import validation_report
from dlr.report._warnings import model_warnings
from dlr.report.nomogram_page import WebNomogram, render_nomogram_page
from dlr.study import TrainedStudy

AGAINST = "Degenerate [DLR] score: its axis runs backwards; do not use the nomogram."


@pytest.fixture
def warned(trained: TrainedStudy, tmp_path: Path) -> Path:
    """A bundle with a warning, as it was saved."""
    summary = {**trained.bundle.summary, "warnings": [AGAINST]}
    replace(trained.bundle, summary=summary).save(tmp_path / "warned")
    return tmp_path / "warned"


def test_training_keeps_its_warnings_with_the_bundle(
    trained: TrainedStudy, run_folder: Path
) -> None:
    found = model_warnings(trained.result)
    assert found  # of 36 simulated cases, one score is bound to say nothing
    assert list(Bundle.load(run_folder / "bundle").warnings) == found
    for name in ("MODEL_CARD.md", "bundle/MODEL_CARD.md", "nomogram.html"):
        assert found[0] in (run_folder / name).read_text(), name


def test_a_bundle_from_before_has_none(trained: TrainedStudy) -> None:
    summary = {key: value for key, value in trained.bundle.summary.items() if key != "warnings"}
    older = replace(trained.bundle, summary=summary)
    assert older.warnings == ()
    assert "Warning" not in model_card(older)
    assert 'class="warning top"' not in render_nomogram_page(WebNomogram.from_bundle(older))


def test_card_and_page_warn_at_their_top(warned: Path) -> None:
    bundle = Bundle.load(warned)
    card = model_card(bundle)
    assert f"**Warning: {AGAINST}**" in card.split("## What it does")[0]
    top = render_nomogram_page(WebNomogram.from_bundle(bundle)).split("</header>")[0]
    assert f'<p class="warning top"><strong>Warning.</strong> {AGAINST}</p>' in top


def test_a_prediction_elsewhere_warns_in_its_summary(warned: Path, tiny_study: Study) -> None:
    config = tiny_study.config
    result = predict(warned, config.images, config.clinical, tiny_study.work)
    assert result.warnings == (AGAINST,)
    blocks = validation_report(result).sections[0].blocks
    assert Text(f"Known since training: {AGAINST}", "warning") in blocks


@pytest.mark.parametrize("command", ["validate", "predict"])
def test_consoles_and_json_say_it(
    command: str,
    warned: Path,
    tiny_study: Study,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tiny_study.config
    arguments = ["--images", str(config.images), "--clinical", str(config.clinical)]
    arguments += ["--cohort", "external", "--work", str(tiny_study.work)]
    out = str(tmp_path / "out")
    assert run([command, str(warned), *arguments, "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [AGAINST]
    assert run([command, str(warned), *arguments, "--out", out]) == 0
    assert f"Warning: {AGAINST}" in capsys.readouterr().out


def test_the_console_of_training_and_of_the_page_say_it(
    tiny_study: Study,
    trained: TrainedStudy,
    warned: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Study, "train", lambda *_, **__: trained)
    study = tiny_study.config.images.parent / "study.yaml"
    command = ["train", str(study), "--out", str(tmp_path / "run"), "--work", str(tiny_study.work)]
    assert run(command) == 0
    assert f"Warning: {trained.bundle.warnings[0]}" in capsys.readouterr().out
    assert run(["nomogram", str(warned), "--out", str(tmp_path / "n.html")]) == 0
    assert f"Warning: {AGAINST}" in capsys.readouterr().out
