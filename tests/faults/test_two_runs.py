"""Two runs on the same folder: the second is told so; after ``kill -9`` the folder is free."""

from __future__ import annotations

import pandas as pd
import pytest

from dlr.run_lock import run_lock

from .conftest import Harmed, wait_until


@pytest.mark.parametrize("command", ["extract", "train"])
def test_a_second_run_ends_with_one_sentence(
    study: Harmed, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    folder = study.work if command == "extract" else study.folder / "run"
    with run_lock(folder):
        if command == "extract":
            assert study.extract() == 3
        else:
            assert study.run("train", str(study.study), "--out", str(folder)) == 3
    (sentence,) = [line for line in capfd.readouterr().err.split("✗ ") if line]
    assert "another dlr run is writing to" in sentence
    assert not study.entries()


def test_two_runs_at_once_and_the_first_killed(
    study: Harmed, expected: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    first = study.start()
    wait_until(lambda: study.entries(), first)
    assert study.extract() == 3
    assert "another dlr run is writing to" in capfd.readouterr().err
    first.kill()
    first.communicate()
    with run_lock(study.work):
        study.resume(expected)
