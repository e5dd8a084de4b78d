"""Reading the two tables a group keeps: ``images.csv`` and ``clinical.csv`` or ``.xlsx``.

Cells are read as text, so identifiers keep their leading zeros; numbers are made later, where a
setting declares a variable continuous. Every row remembers the number a spreadsheet program
shows for it (the header is row 1).
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dlr.errors import Fault, InputError
from dlr.safety.archives import check_workbook
from dlr.safety.documents import is_file
from dlr.safety.malformed import MALFORMED
from dlr.safety.spreadsheets import read_csv_table

ROW = "_row"
_UNREADABLE: tuple[type[Exception], ...] = (*MALFORMED, csv.Error)

IMAGE_ALIASES = {
    "subject_id": ("subject", "patient", "patient_id", "participant_id", "id", "case", "case_id"),
    "image": ("image_path", "img", "scan", "filename"),
    "mask": ("mask_path", "segmentation", "seg", "roi_path", "label_map"),
    "mask_label": ("label",),
    "mask_segment": ("segment", "segment_name"),
    "view": ("sequence", "plane"),
    "roi": ("lesion", "roi_id", "level"),
    "reader": ("rater", "observer"),
    "session": ("session_id",),
    "center": ("centre", "site", "hospital"),
}
"""Header names of PyRadiomics batch files, WORC and BIDS that mean the same column."""

CLINICAL_ALIASES = {
    "subject_id": IMAGE_ALIASES["subject_id"],
    "roi": ("lesion", "roi_id"),
    "center": IMAGE_ALIASES["center"],
}


def read_images_table(path: Path) -> pd.DataFrame:
    """Read ``images.csv``: one row per image, ROI and reader.

    Parameters
    ----------
    path : Path
        A CSV file (comma, semicolon or tab) or an ``.xlsx`` workbook (first sheet).

    Returns
    -------
    pandas.DataFrame
        Text columns under dlr's names, empty cells as ``""``, and the row number in ``_row``.

    Raises
    ------
    InputError
        If the file is missing or unreadable, a required column is absent or a required cell empty.
    """
    given = read_text_table(path, "images")
    table = standard_names(given, IMAGE_ALIASES)
    require_columns(table, path, ("subject_id", "image", "mask"), given=given.columns)
    for column in IMAGE_ALIASES:
        if column not in table:
            table[column] = ""
    return table


def read_clinical_table(path: Path, required: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read the clinical table: one row per case.

    Parameters
    ----------
    path : Path
        A CSV file or an ``.xlsx`` workbook (first sheet).
    required : tuple of str
        Columns that must be there besides ``subject_id``; their cells may be empty.

    Returns
    -------
    pandas.DataFrame
        Text columns, empty cells as ``""``, and the row number in ``_row``.

    Raises
    ------
    InputError
        As :func:`read_images_table`.
    """
    table = read_text_table(path, "clinical")
    wanted = {alias_key(column) for column in required}
    aliases = {
        name: tuple(alias for alias in others if alias not in wanted)
        for name, others in CLINICAL_ALIASES.items()
    }
    given, table = table.columns, standard_names(table, aliases)
    require_columns(table, path, ("subject_id",), columns=required, given=given)
    return table


def read_text_table(path: Path, kind: str) -> pd.DataFrame:
    """Read any table as text, its columns under the names it has.

    Parameters
    ----------
    path : Path
        A CSV file (comma, semicolon or tab) or an ``.xlsx`` workbook (first sheet).
    kind : str
        Key of the study file that names the table, for messages; one inside a section, such as
        ``readers.table``, is no option of the command line.

    Returns
    -------
    pandas.DataFrame
        Text columns, empty cells as ``""``, blank rows left out, and the row number in ``_row``.

    Raises
    ------
    InputError
        If the file is missing or unreadable.
    """
    if not is_file(path):
        name, dot, _ = kind.partition(".")
        option = "" if dot else f", or --{kind}"
        remedy = f"the {name} table does not exist; check '{kind}' in the study file{option}"
        raise InputError([Fault(remedy, path, code="file-missing")])
    try:
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            check_workbook(path)
            table = pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
        else:
            table = read_csv_table(
                path, dtype=str, keep_default_na=False, sep=_separator(path), encoding="utf-8-sig"
            )
    except UnicodeDecodeError:
        fault = Fault("not UTF-8 text; save the table as 'CSV UTF-8'", path, code="encoding")
        raise InputError([fault]) from None
    except _UNREADABLE as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split())
        raise InputError(
            [Fault(f"not a readable table ({reason})", path, code="unreadable")]
        ) from None
    table.columns = [str(column).strip() for column in table.columns]
    # Line ends inside a cell are all written as line feeds, so that identifiers compare alike.
    table = table.apply(lambda column: column.str.replace(r"\r\n?", "\n", regex=True).str.strip())
    table[ROW] = range(2, len(table) + 2)
    blank = (table.drop(columns=ROW) == "").all(axis=1)
    return table[~blank].reset_index(drop=True)


def _separator(path: Path) -> str:
    """Find the separator from the header line; spreadsheet programs write ';' in many countries."""
    with path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    return max((",", ";", "\t"), key=header.count)


def alias_key(column: str) -> str:
    """Return a header as aliases are written: ``"Patient ID"`` and ``"patient-id"`` are one."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def standard_names(table: pd.DataFrame, aliases: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Rename known aliases; an exact name always wins over an alias.

    Parameters
    ----------
    table : pandas.DataFrame
    aliases : dict
        Other names of each of dlr's columns, in lower case, such as `IMAGE_ALIASES`; blanks and
        hyphens of a header count as ``_``.
    """
    by_key: dict[str, str] = {}
    for key in (str.lower, alias_key):  # the name as it is written comes first
        for column in table.columns:
            by_key.setdefault(key(column), column)
    renames: dict[str, str] = {}
    for name, others in aliases.items():
        if name in table.columns:
            continue
        found = next((by_key[alias] for alias in (name, *others) if alias in by_key), None)
        if found is not None and found not in renames:
            renames[found] = name
    return table.rename(columns=renames)


def require_columns(
    table: pd.DataFrame,
    path: Path,
    filled: tuple[str, ...],
    columns: tuple[str, ...] = (),
    given: Iterable[str] = (),
) -> None:
    """Refuse absent columns, empty cells and empty tables; list all of them.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`read_text_table` returns it.
    path : Path
        Its file, for messages.
    filled : tuple of str
        Columns that must be there, every cell filled.
    columns : tuple of str
        Columns that must be there; their cells may be empty.
    given : iterable of str
        Names as the file has them, for messages, where aliases were renamed.

    Raises
    ------
    InputError
        With every fault.
    """
    present = [str(name) for name in (tuple(given) or table.columns) if name != ROW]
    faults = [
        Fault(_missing(column, present, (*filled, *columns)), path, 1, column, "column-missing")
        for column in (*filled, *columns)
        if column not in table
    ]
    for column in filled:
        if column in table:
            rows = table.loc[table[column] == "", ROW]
            faults += [
                Fault(
                    "the cell is empty; fill it in or delete the row",
                    path,
                    int(row),
                    column,
                    "empty",
                )
                for row in rows
            ]
    if table.empty:
        faults.append(Fault("the table has no rows below its header", path, code="empty-table"))
    if faults:
        raise InputError(faults)


def _missing(column: str, present: list[str], required: tuple[str, ...]) -> str:
    """Say that a column is missing, and which of those nothing asks for it may be."""
    wanted = column.lower()
    by_lower = {name.lower(): name for name in present if name not in required}
    longer = [name for name in by_lower if name.startswith(wanted)]
    near = longer[:1] or difflib.get_close_matches(wanted, by_lower, n=1)
    hint = f"rename '{by_lower[near[0]]}' if that is it" if near else "add it, or rename another"
    return f"the column is missing; the table has: {', '.join(present)}; {hint}"
