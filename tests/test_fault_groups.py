"""Many equal faults are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlr.errors import Fault
from dlr.fault_groups import group_faults, row_ranges


def several(row: int, name: str, values: str) -> Fault:
    return Fault(
        f"The mask img/{name}.nii.gz holds 3 labels: {values}", Path("images.csv"), row, code="i"
    )


def test_faults_that_differ_in_paths_and_numbers_are_one_group() -> None:
    faults = [several(row, f"P{row}", "1, 2, 3") for row in (2, 4, 5, 6, 9)]
    other = Fault("The mask img/a.nii.gz is empty", Path("images.csv"), 3, code="i")
    groups = group_faults([*faults, other])
    assert [group.count for group in groups] == [4, 0]
    assert str(groups[0]).endswith("(and 4 like it: rows 4-6, 9)")
    assert str(groups[1]) == str(other)


def test_other_files_columns_and_rules_stay_apart() -> None:
    faults = [
        Fault("empty", Path("a.csv"), 2, "sex", "empty"),
        Fault("empty", Path("a.csv"), 3, "age", "empty"),
        Fault("empty", Path("b.csv"), 3, "sex", "empty"),
        Fault("empty", Path("a.csv"), 4, "sex", "other"),
        Fault("unknown setting 'a'", Path("study.yaml")),
        Fault("unknown setting 'b'", Path("study.yaml")),
    ]
    assert [str(group) for group in group_faults(faults)] == [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("rows", "text"),
    [([3], "3"), ([3, 4], "3-4"), ([2, 3, 5, 7, 8], "2-3, 5, 7-8"), ([1, 3, 5, 7], "1, 3, 5, ...")],
)
def test_rows_as_ranges(rows: list[int], text: str) -> None:
    assert row_ranges(rows, shown=3) == text
