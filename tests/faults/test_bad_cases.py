"""Cases that crash, hang, swell or are damaged: they are listed, and no other case is harmed."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from .conftest import Harmed


def plant(study: Harmed, **behaviours: str) -> None:
    (study.work / "faults.json").write_text(json.dumps(behaviours))


def assert_others_are_sound(study: Harmed, expected: pd.DataFrame, *lost: str) -> None:
    pd.testing.assert_frame_equal(study.values(), expected.drop(index=list(lost)), check_exact=True)
    assert set(study.failed()) == set(lost)


def test_bad_cases_are_listed_and_the_others_have_their_numbers(
    faulty: Harmed, expected: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = {"S0002": "hang", "S0003": "segfault", "S0004": "raise", "S0006": "swell"}
    plant(faulty, **bad, S0010="chatter")
    options = ("--workers", "2", "--case-timeout", "8", "--case-memory", "0.6")
    assert faulty.extract(*options) == 4
    assert "24 ROIs: 0 from the cache, 20 computed, 4 failed." in capfd.readouterr().out
    assert_others_are_sound(faulty, expected, *bad)
    reasons = faulty.failed()
    assert reasons["S0002"].startswith("took longer than 8 s and was given up")
    assert "segmentation fault) twice" in reasons["S0003"]
    assert reasons["S0004"] == "RuntimeError: a defect of an engine"
    assert "needed more than 0.6 GB" in reasons["S0006"]
    # The next run does what is left, and only that.
    assert faulty.resume(expected) == "24 ROIs: 20 from the cache, 4 computed."


def test_a_corrupted_volume_in_the_middle_costs_its_case(
    study: Harmed, expected: pd.DataFrame
) -> None:
    images = pd.read_csv(study.folder / "images.csv")
    broken = images[(images["view"] == "sag") & (images["subject_id"] == "S0010")].iloc[0]
    path = study.folder / broken["image"]
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    assert study.extract() == 4
    assert_others_are_sound(study, expected, "S0010")
    path.write_bytes(sound)
    assert study.resume(expected) == "24 ROIs: 23 from the cache, 1 computed."
