"""Reading a feature table that somebody brings, with what it tells of its making."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlr.cohort.tables import IMAGE_ALIASES, alias_key
from dlr.errors import Fault, InputError
from dlr.features.table import read_table_file
from dlr.safety.spreadsheets import read_csv_table

_CASE_COLUMNS = ("case_id", "subject_id", *IMAGE_ALIASES["subject_id"])


def read_feature_table(path: str | Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read features, one row per case, from dlr's own Parquet file or from any CSV.

    Parameters
    ----------
    path : path
        ``features.parquet`` of a study, or a ``.csv`` with a column ``case_id``, ``subject_id``
        or one of its aliases.

    Returns
    -------
    pandas.DataFrame
        Index ``case_id``.
    dict of str to str
        Provenance; empty for a CSV.

    Raises
    ------
    InputError
        If the file is missing, is no table, or does not name its cases.
    """
    path = Path(path)
    if not path.is_file():
        message = "the feature table does not exist; check the path"
        raise InputError([Fault(message, path, code="file-missing")])
    if path.suffix.lower() == ".parquet":
        try:
            return read_table_file(path)
        except (OSError, ValueError) as error:  # pyarrow's own errors are kinds of these
            raise _unreadable(path, error) from None
    try:
        # Cells as text first, so that identifiers keep their leading zeros
        table = read_csv_table(path, encoding="utf-8-sig", sep=None, engine="python", dtype=str)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None
    by_key = {alias_key(str(column)): column for column in reversed(table.columns)}
    found = next((by_key[name] for name in _CASE_COLUMNS if name in by_key), None)
    if found is None:
        message = f"the table does not name its cases; add a column {_CASE_COLUMNS[0]}"
        raise InputError([Fault(message, path, 1, "case_id", "column-missing")])
    cases = pd.Index(table.pop(found), name="case_id")
    # Columns that hold no numbers are no features; a cell that is none counts as missing.
    return table.apply(pd.to_numeric, errors="coerce").set_axis(cases), {}


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())
    return InputError([Fault(f"not a readable feature table ({reason})", path, code="unreadable")])
