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


def test_crashing_cases_are_listed_and_the_others_have_their_numbers(
    faulty: Harmed, expected: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    plant(faulty, S0003="segfault", S0006="abort", S0010="raise", S0012="chatter")
    assert faulty.extract("--workers", "2") == 4
    assert_others_are_sound(faulty, expected, "S0003", "S0006", "S0010")
    reasons = faulty.failed()
    assert "segmentation fault) twice" in reasons["S0003"]
    assert "signal 6 (abort) twice" in reasons["S0006"]
    assert reasons["S0010"] == "RuntimeError: a defect of an engine"
    capfd.readouterr()
    plant(faulty)
    assert faulty.extract() == 0  # the next run does what is left, and only that
    assert "21 from the cache, 3 computed" in capfd.readouterr().out
    assert_others_are_sound(faulty, expected)


def test_hanging_and_swelling_cases_are_given_up_and_unlucky_ones_are_not(
    faulty: Harmed, expected: pd.DataFrame
) -> None:
    plant(faulty, S0002="segfault once", S0004="hang", S0006="swell", S0012="swell once")
    options = ("--workers", "2", "--case-timeout", "8", "--case-memory", "0.6")
    assert faulty.extract(*options) == 4
    assert_others_are_sound(faulty, expected, "S0004", "S0006")
    reasons = faulty.failed()
    assert reasons["S0004"].startswith("took longer than 8 s and was given up")
    assert "needed more than 0.6 GB" in reasons["S0006"]


def test_a_corrupted_volume_in_the_middle_costs_its_case(
    study: Harmed, expected: pd.DataFrame
) -> None:
    images = pd.read_csv(study.folder / "images.csv")
    broken = images[(images["view"] == "sag") & (images["subject_id"] == "S0010")].iloc[0]
    path = study.folder / broken["image"]
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    assert study.extract("--workers", "2") == 4
    assert_others_are_sound(study, expected, "S0010")
    path.write_bytes(sound)
    assert study.extract() == 0
    assert_others_are_sound(study, expected)
