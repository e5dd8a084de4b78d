"""Grouping faults that say the same of many rows: the first one, and the rows of its like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlr.errors import Fault

_VARYING = re.compile(r"'[^']*'|\S*[/\\]\S*|[-+]?\d+([.,]\d+)*")
"""What differs between faults of one kind: quoted cells and names, paths, numbers."""

SHOWN = 8
"""Ranges of rows that one line names."""


@dataclass(frozen=True)
class FaultGroup:
    """Faults that say the same.

    Attributes
    ----------
    first : Fault
    places : tuple of int
        Rows of the others, in order; without those that have none.
    count : int
        How many others there are.
    """

    first: Fault
    places: tuple[int, ...] = ()
    count: int = 0

    def more(self, shown: int = SHOWN) -> str:
        """Return ``"and 12 like it: rows 3-9, 12, ..."``; nothing where it stands alone."""
        if not self.count:
            return ""
        if not self.places:
            return f"and {self.count} like it"
        word = "row" if len(self.places) == 1 else "rows"
        return f"and {self.count} like it: {word} {row_ranges(self.places, shown)}"

    def __str__(self) -> str:
        """Return place and sentence of the first, and where the others are."""
        return self.told(str(self.first))

    def told(self, sentence: str, shown: int = SHOWN) -> str:
        """Return a sentence about the first, and where the others are."""
        return f"{sentence.rstrip('.')} ({self.more(shown)})" if self.count else sentence


def group_faults(faults: Iterable[Fault], alike: frozenset[str] = frozenset()) -> list[FaultGroup]:
    """Put faults together that differ in row, quoted texts, paths and numbers only.

    Parameters
    ----------
    faults : iterable of Fault
    alike : frozenset of str
        Codes whose faults say the same in whatever words.

    Returns
    -------
    list of FaultGroup
        In the order of the first of each.
    """
    groups: dict[tuple[object, ...], list[Fault]] = {}
    for fault in faults:
        groups.setdefault(_kind(fault, alike), []).append(fault)
    return [
        FaultGroup(
            first,
            tuple(sorted(other.row for other in others if other.row is not None)),
            len(others),
        )
        for first, *others in groups.values()
    ]


def _kind(fault: Fault, alike: frozenset[str]) -> tuple[Path | None, str | None, str, str]:
    """Return what faults of one kind have in common; one without a row stands alone."""
    message = fault.message
    if fault.row is not None:
        message = "" if fault.code in alike else _VARYING.sub("#", message)
    return fault.file, fault.column, fault.code, message


def row_ranges(rows: Sequence[int], shown: int = SHOWN) -> str:
    """Write rows in order as ranges: ``"3-5, 9, 11-12"``; what is left out as ``", ..."``."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and row <= spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    texts = [f"{low}" if low == high else f"{low}-{high}" for low, high in spans[:shown]]
    return ", ".join([*texts, *(["..."] if len(spans) > shown else [])])
