"""What a check has found: a sentence, its place, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from dlr.errors import Fault
from dlr.wording import first_few

Level = Literal["fault", "warning", "note"]
"""A fault stops the study or loses a case; a warning wants a look; a note is good to know."""

LEVELS: tuple[Level, ...] = ("fault", "warning", "note")

RoiKey = tuple[str, str, str]
"""Case, view and reader."""


@dataclass(frozen=True)
class Finding:
    """One thing a check has found.

    Attributes
    ----------
    level : {"fault", "warning", "note"}
    what : Fault
        The sentence (what is wrong and what to do), file, row, column, and the rule's short name.
    roi : tuple of str, optional
        Case, view and reader of the ROI it is about.
    """

    level: Level
    what: Fault
    roi: RoiKey | None = None

    @property
    def code(self) -> str:
        """Short stable name of the rule, such as ``"bins"``."""
        return self.what.code

    def __str__(self) -> str:
        """Return place and sentence."""
        return str(self.what)

    def to_record(self) -> dict[str, object]:
        """Return plain values, as JSON and CSV hold them; the file by its name alone."""
        case, view, reader = self.roi or ("", "", "")
        what = self.what
        return {
            "level": self.level,
            "code": what.code,
            "file": what.file.name if what.file else "",
            "row": what.row,
            "column": what.column or "",
            "case_id": case,
            "view": view,
            "reader": reader,
            "message": what.message,
        }


def finding(
    level: Level,
    code: str,
    message: str,
    file: Path | None = None,
    row: int | None = None,
    column: str | None = None,
    roi: RoiKey | None = None,
) -> Finding:
    """Make a finding from its parts."""
    return Finding(level, Fault(message, file, row, column, code), roi)


def as_faults(faults: Iterable[Fault]) -> list[Finding]:
    """Turn what would stop a study into findings."""
    return [Finding("fault", fault) for fault in faults]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by level, then by file and row."""
    return tuple(
        sorted(
            findings,
            key=lambda item: (
                LEVELS.index(item.level),
                str(item.what.file),
                item.what.row or 0,
            ),
        )
    )


def findings_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return one row per finding."""
    columns = list(finding("note", "", "").to_record())
    frame = pd.DataFrame([item.to_record() for item in findings], columns=columns)
    return frame.astype({"row": "Int64"})


def cells(texts: Sequence[str], rows: Sequence[int], most: int = 3) -> str:
    """Name some cells: ``'3,5' (row 4), '2,1' (row 9) and 7 more``."""
    return first_few((f"'{text}' (row {row})" for text, row in zip(texts, rows)), most)
