"""What all commands have in common: quiet, JSON for programs, exit codes, help."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dlr.cli.app import run
from dlr.cli.closing import INVALID, as_json, exit_code, record, recording

COMMANDS = (
    "init", "import", "check", "extract", "train", "validate", "predict", "report", "nomogram",
    "ablate", "stability", "score", "diff", "export", "pseudonymise", "demo", "doctor", "cnn",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_and_has_no_holes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    words = re.sub(r"[│\s]+", " ", capsys.readouterr().out)
    assert len(words) > 200
    assert re.findall(r"\s\.(?=\s)", words) == []


def test_json_may_be_asked_for_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--json", "doctor"], ["doctor", "--json"]):
        assert run(arguments) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["exit_code"] == 0
        assert {"what", "state", "detail"} <= set(found["findings"][0])


def test_faults_come_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "study.yaml"
    assert run(["check", str(missing), "--json"]) == INVALID
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["exit_code"] == INVALID
    assert "study.yaml" in json.dumps(found["faults"])
    assert said.err == ""


def test_quiet_keeps_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "study.yaml"), "-q"]) == INVALID
    said = capsys.readouterr()
    assert said.out == ""
    assert "study.yaml" in said.err
    assert run(["doctor", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert run(["doctor"]) == 0
    assert "Python" in capsys.readouterr().out


def test_wrong_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "study.yaml"]) == 2
    assert "--out" in capsys.readouterr().err
    assert run(["train", "study.yaml", "--json"]) == 2
    assert "--out" in json.dumps(json.loads(capsys.readouterr().out)["faults"])


def test_values_without_a_place_in_json_become_null() -> None:
    assert json.loads(as_json({"auc": float("nan"), "path": Path("a"), "rows": [(1, True)]})) == {
        "auc": None, "path": "a", "rows": [[1, True]],
    }  # fmt: skip


def test_failed_cases_have_their_exit_code() -> None:
    with recording() as facts:
        assert [exit_code(0), exit_code(2), exit_code(2, strict=True)] == [0, 4, 3]
        record(more=1)
    assert facts == {"n_failed": 2, "more": 1}
    record(lost=1)
    assert "lost" not in facts
