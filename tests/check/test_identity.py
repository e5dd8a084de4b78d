"""Subjects under two names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dlr.check.identity import name_findings

IMAGES, CLINICAL = Path("images.csv"), Path("clinical.csv")


def found(images: list[str], clinical: list[str]) -> list[tuple[str, str, int | None]]:
    tables = [
        pd.DataFrame({"subject_id": names, "_row": range(2, len(names) + 2)})
        for names in (images, clinical)
    ]
    findings = name_findings(*tables, IMAGES, CLINICAL)
    assert all(item.level == "warning" for item in findings)
    return [(f.code, str(f.what.file), f.what.row) for f in findings]


@pytest.mark.parametrize(
    ("images", "clinical", "code"),
    [
        (["7", "99999"], ["00007", "99999"], "leading-zeros"),
        (["P007"], ["P7"], "leading-zeros"),
        (["7.0"], ["7"], "decimal-name"),
        (["s_01 a"], ["S-01-A"], "spelling"),
    ],
)
def test_names_that_fit_but_for_typing(images: list[str], clinical: list[str], code: str) -> None:
    assert found(images, clinical)[0] == (code, "images.csv", 2)


def test_two_spellings_in_one_table() -> None:
    assert ("two-names", "clinical.csv", 3) in found(["S1", "s1"], ["S1", "s1"])


def test_zeros_lost_in_some_rows() -> None:
    names = ["0012", "13", "0144"]
    assert found(names, names) == [
        ("leading-zeros", "images.csv", 3),
        ("leading-zeros", "clinical.csv", 3),
    ]


@pytest.mark.parametrize("names", [["1", "2", "10"], ["01", "02", "10"], ["P1-1", "P11"]])
def test_sound_names_are_left_alone(names: list[str]) -> None:
    assert found(names, names) == []
