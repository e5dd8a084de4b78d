"""Traces of spreadsheet programs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from dlr.check.damage import damage_findings, workbook_findings

PATH = Path("clinical.csv")


def codes(cells: list[str], name: str = "value", continuous: tuple[str, ...] = ()) -> list[str]:
    table = pd.DataFrame({name: cells, "_row": range(2, len(cells) + 2)})
    found = damage_findings(table, PATH, continuous)
    assert all(item.level == "warning" and item.what.column == name for item in found)
    return [item.code for item in found]


@pytest.mark.parametrize(
    ("cells", "name", "code"),
    [
        (["1.5", "2,5", "3.1"], "value", "decimal-comma"),
        (["low", "12-Mar", "high"], "stage", "level-as-date"),
        (["Mar-12", "3-4"], "stage", "level-as-date"),
        (["12. Mrz", "low"], "stage", "level-as-date"),
        (["L4/5", "2024-05-04 00:00:00", "L3/4"], "level", "level-as-date"),
        (["44931", "45012"], "surgery_date", "date-as-number"),
        (["2023-01-05", "45012"], "value", "date-as-number"),
        (["1.23457E+11", "1.23458E+11"], "accession", "rounded-number"),
        (["#REF!", "low"], "value", "formula-error"),
        (["1", "2", "3", "4", "<5"], "value", "number-as-text"),
        (["1", "2", "3", "4", "7 mm"], "value", "number-as-text"),
        (["1", "2", "3", "4", "'5"], "value", "number-as-text"),
        (["KÃ¶ln", "Bonn"], "hospital", "broken-letters"),
    ],
)
def test_damage_is_found(cells: list[str], name: str, code: str) -> None:
    assert codes(cells, name) == [code]


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["1.5", "-2.5", "3", ""], "value"),
        (["low", "high", "4 marks", "may"], "stage"),
        (["L4/5", "L3/4", "5-6"], "level"),
        (["2023-01-05", "2024-02-06"], "surgery_date"),
        (["45012", "36001"], "platelets"),
        (["1", "2", "3", "4", "12a"], "subject_id"),
        (["na", "none", "missing"], "value"),
        (["Köln", "Ãlter"], "hospital"),
    ],
)
def test_sound_cells_are_left_alone(cells: list[str], name: str) -> None:
    assert codes(cells, name) == []


def test_declared_continuous_variables_are_faults_elsewhere() -> None:
    assert codes(["1.5", "2,5", "#REF!"], "age", continuous=("age",)) == []


def test_the_message_names_cells_and_rows() -> None:
    table = pd.DataFrame({"x": ["1,5", "a", "2,5", "3,5", "4,5"], "_row": [2, 3, 4, 5, 6]})
    (found,) = damage_findings(table, PATH)
    assert str(found).startswith(
        "clinical.csv, row 2, column 'x': '1,5' (row 2), '2,5' (row 4), '3,5' (row 5) and 1 more: "
    )


def test_paths_are_looked_at_for_broken_letters_only() -> None:
    table = pd.DataFrame({"image": ["1,5", "KÃ¶ln/1.nii"], "_row": [2, 3]})
    assert [f.code for f in damage_findings(table, PATH, skip=("image",))] == ["broken-letters"]


def test_numbers_kept_as_text_in_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["subject_id", "age", "sex"], ["1", 50, "f"], ["2", "61", "m"], ["3", 70, "f"]):
        book.active.append(row)
    book.save(tmp_path / "clinical.xlsx")
    (found,) = workbook_findings(tmp_path / "clinical.xlsx")
    assert (found.code, found.what.column, found.what.row) == ("number-as-text", "age", 3)
    assert workbook_findings(tmp_path / "clinical.csv") == []
