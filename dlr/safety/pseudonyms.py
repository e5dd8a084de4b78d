"""Tables whose subjects have pseudonyms made with a key."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import IMAGE_ALIASES, ROW, read_text_table, standard_names
from dlr.cohort.values import DATE
from dlr.dicom.identity import pseudonym, require_distinct
from dlr.errors import DlrError, Fault, InputError
from dlr.safety.spreadsheets import write_csv_table

PATHS = ("image", "mask")
CASE = "case_id"


@dataclass(frozen=True)
class PseudonymisedTable:
    """A table that was written.

    Attributes
    ----------
    path : Path
    n_subjects : int
    copied : tuple of str
        Columns that are as they were.
    n_telling : int
        Rows in which the identifier still stands, as a whole word, in another column.
    """

    path: Path
    n_subjects: int
    copied: tuple[str, ...]
    n_telling: int


def pseudonymise_files(
    tables: Sequence[Path],
    out: Path,
    key: bytes,
    drop: Sequence[str] = (),
    overwrite: bool = False,
) -> tuple[PseudonymisedTable, ...]:
    """Copy tables with pseudonyms in ``subject_id`` (and in ``case_id``, where there is one).

    Parameters
    ----------
    tables : sequence of Path
        CSV or Excel, with a column ``subject_id`` or one of its other names.
    out : Path
        Folder of the copies, ``<name>.csv`` each. Paths of images and masks that start from the
        table's folder are rewritten to start from this one.
    key : bytes
        See :func:`dlr.dicom.identity.read_key`.
    drop : sequence of str
        Columns to leave out.
    overwrite : bool
        Replace what is there.

    Raises
    ------
    InputError
        If a table cannot be read or has no subjects.
    DlrError
        If a copy exists already, two tables have the same name, or two subjects differ only in
        blanks or characters that cannot be printed.
    """
    targets = [out / f"{path.stem}.csv" for path in tables]
    if len(set(targets)) < len(targets):
        raise DlrError("two tables have the same name; rename one of them")
    present = [target.name for target in targets if target.exists()]
    if present and not overwrite:
        raise DlrError(
            f"{out} holds {', '.join(present)} already; give another folder, or --overwrite"
        )
    pairs = zip(tables, targets, strict=True)
    copies = [_copy(path, target, key, drop) for path, target in pairs]
    for table, item in copies:  # all are sound before one is written
        write_csv_table(table, item.path)
    return tuple(item for _, item in copies)


def pseudonymise_file(
    path: Path, target: Path, key: bytes, overwrite: bool = False
) -> PseudonymisedTable:
    """Copy one table, as :func:`pseudonymise_files` does, to a file of any name.

    Raises
    ------
    InputError, DlrError
        As :func:`pseudonymise_files`.
    """
    if target.exists() and not overwrite:
        raise DlrError(f"{target} exists already; give another folder, or --overwrite")
    table, item = _copy(path, target, key, ())
    write_csv_table(table, target)
    return item


def _copy(
    path: Path, target: Path, key: bytes, drop: Sequence[str]
) -> tuple[pd.DataFrame, PseudonymisedTable]:
    """Return a table with pseudonyms, and what is to be said about it."""
    table = _named(read_text_table(path, "given"))
    if "subject_id" not in table:
        message = "the table has no column 'subject_id' to make pseudonyms of"
        raise InputError([Fault(message, path, 1, "subject_id", "column-missing")])
    table = table.drop(columns=[ROW, *(name for name in drop if name in table)])
    subjects = table["subject_id"]
    require_distinct(subjects)
    names = [pseudonym(subject, key) if subject else "" for subject in subjects]
    changed = table.assign(subject_id=names)
    if CASE in table:
        changed[CASE] = [
            _case(case, subject, name)
            for case, subject, name in zip(table[CASE], subjects, names, strict=True)
        ]
    for column in PATHS:
        if column in table:
            changed[column] = [_moved(cell, path.parent, target.parent) for cell in table[column]]
    others = [name for name in changed if name not in ("subject_id", CASE)]
    told = [_told(changed[name].astype(str), subjects) for name in others]
    telling = sum(map(any, zip(*told, strict=True)))
    return changed, PseudonymisedTable(target, subjects.nunique(), tuple(map(str, others)), telling)


def _told(cells: pd.Series, subjects: pd.Series) -> list[bool]:
    """Tell row by row whether a column holds the subject's identifier."""
    pairs = list(zip(cells, subjects, strict=True))
    # One equal number is chance; a whole column of them is identifiers whose zeros are lost.
    equal = [_digits(cell) == _digits(subject) != "" for cell, subject in pairs]
    if 2 * sum(equal) <= len(equal):
        equal = [False] * len(equal)
    return [
        bool(subject) and (same or _holds_word(cell, subject) or _holds_number(cell, subject))
        for (cell, subject), same in zip(pairs, equal, strict=True)
    ]


def _digits(text: str) -> str:
    """Return a whole number without leading zeros; nothing for any other text."""
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else ""


def _holds_number(cell: str, subject: str) -> bool:
    """Tell whether a text, such as a path, holds a number as an identifier without its zeros."""
    number = _digits(subject)
    if not number or DATE.fullmatch(cell) or re.fullmatch(r"[-+]?\d+([.,]\d+)?", cell):
        return False
    return re.search(rf"(?<![^\W_])0*{number}(?![^\W_])", cell) is not None


def _holds_word(cell: str, subject: str) -> bool:
    """Tell whether an identifier stands in a cell, not only inside a longer word or number."""
    return re.search(rf"(?<![^\W_]){re.escape(subject)}(?![^\W_])", cell) is not None


def _case(case: str, subject: str, name: str) -> str:
    """Return a case's name: the subject's, or the subject's and an ROI's."""
    if case == subject or not case.startswith(f"{subject}_"):
        return name
    return f"{name}_{case.removeprefix(f'{subject}_')}"


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Give subjects, and in a table of images these and masks, the names dlr has for them."""
    wanted = {name: IMAGE_ALIASES[name] for name in ("subject_id", *PATHS)}
    named = standard_names(table, wanted)
    if set(PATHS) <= set(named):
        return named
    return standard_names(table, {"subject_id": wanted["subject_id"]})


def _moved(cell: str, source: Path, out: Path) -> str:
    """Let a relative path start from the copy; one that starts from an image root stays."""
    file = source / cell.partition("#")[0]
    if not cell or Path(cell).is_absolute() or not file.exists():
        return cell
    place = os.path.relpath(os.path.abspath(source / cell), os.path.abspath(out))
    return Path(place).as_posix()
