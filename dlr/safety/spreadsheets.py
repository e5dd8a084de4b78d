"""CSV files that hold people's text and that spreadsheet programs open without running any of it.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is a formula to a
spreadsheet program, and may send the table to somebody. Such cells get an apostrophe in front,
which reading takes away again, so that identifiers stay what they are. Numbers are left alone;
carriage returns inside a cell become line feeds.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd

# A semicolon or tab begins a new cell where the program's language separates by them; a line end
# does so inside a quoted cell. Blanks, quotation marks and apostrophes may precede the formula.
_START = r"(^|[;\t\n])"
_DANGER = r"""(["' ]*)(?=[=+\-@\t＝＋－＠])"""
_HARMFUL = re.compile(_START + _DANGER)
_UNDONE = re.compile(_START + "'" + _DANGER)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def harmless_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet program takes for a formula; numbers as they are."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    # A bare carriage return ends a row for some readers, even though a line feed does not.
    return _HARMFUL.sub(r"\1'\2", value.replace("\r\n", "\n").replace("\r", "\n"))


def undo_harmless(value: Any) -> Any:
    """Return what a cell was before :func:`harmless_cell`; other cells as they are."""
    return _UNDONE.sub(r"\1\2", value) if isinstance(value, str) else value


def csv_text(frame: pd.DataFrame, *, index: bool = False, **options: Any) -> str:
    """Return a table as CSV text without formulas; every CSV file of dlr is written by this.

    Parameters
    ----------
    frame : pandas.DataFrame
    index : bool
        Write the index, too.
    **options
        Of :meth:`pandas.DataFrame.to_csv`, such as ``index_label`` and ``lineterminator``.

    Returns
    -------
    str
        Lines end with a line feed unless told otherwise.
    """
    safe = _mapped(frame, harmless_cell)
    if index:
        safe.index = _labels(safe.index, harmless_cell)
    text = safe.to_csv(index=index, **{"lineterminator": "\n", **options})
    return str(text)


def write_csv_table(
    frame: pd.DataFrame, path: Path, *, index: bool = False, **options: Any
) -> None:
    """Write what :func:`csv_text` returns, as UTF-8; the file is whole or as it was before."""
    from dlr.safe_files import write_atomically

    write_atomically(path, csv_text(frame, index=index, **options).encode())


def read_csv_table(source: Path | str | io.StringIO, **options: Any) -> pd.DataFrame:
    """Read a CSV file as :func:`pandas.read_csv` does and undo what :func:`csv_text` did.

    Parameters
    ----------
    source : Path, str or text stream
    **options
        Of :func:`pandas.read_csv`; an ``index_col`` is undone, too.
    """
    frame: pd.DataFrame = pd.read_csv(source, **options)
    found = _mapped(frame, undo_harmless)
    if options.get("index_col") is not None:
        found.index = _labels(found.index, undo_harmless)
    return found


def _mapped(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    """Change all text of a table: cells, and names of columns."""
    found = frame.copy(deep=False)
    for position, kind in enumerate(frame.dtypes):
        if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
            continue
        column = frame.iloc[:, position]
        plain = column.astype(object) if isinstance(kind, pd.CategoricalDtype) else column
        changed = [change(value) for value in plain]
        if any(new is not old for new, old in zip(changed, plain, strict=True)):
            found.isetitem(position, _column(changed, plain).array)
    found.columns = _labels(frame.columns, change)
    return found


def _labels(labels: pd.Index, change: Any) -> pd.Index:
    changed = labels.map(change) if len(labels) else labels
    return changed.set_names([change(name) for name in labels.names])


def _column(values: list[Any], like: pd.Series) -> pd.Series:
    """Return values as a column of the same kind."""
    column = pd.Series(values, index=like.index, dtype=object)
    return column if like.dtype == object else column.astype(like.dtype)
