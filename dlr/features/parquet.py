"""Feature tables as Parquet files: written in pieces, read column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dlr.errors import Fault, InputError
from dlr.safe_files import atomic_path

_INDEX = "case_id"
_ROWS = 4096
"""Cases of one row group: what is copied at a time on the way to the file."""

_COLUMNS = 64
"""Columns read at a time: what is held beside the table on the way from the file."""


def write_parquet(path: Path, frame: pd.DataFrame, metadata: Mapping[str, str]) -> None:
    """Write a table of numbers whose index is ``case_id``; the file is whole or as it was.

    Parameters
    ----------
    path : Path
    frame : pandas.DataFrame
    metadata : mapping of str to str
        Kept in the file beside what pandas keeps there.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    frame = frame.rename_axis(_INDEX)
    schema = pa.Schema.from_pandas(frame)
    own = {key.encode(): value.encode() for key, value in metadata.items()}
    schema = schema.with_metadata({**(schema.metadata or {}), **own})
    # No dictionaries: measured values hardly ever repeat, and a dictionary would hold them twice.
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(temporary, schema, use_dictionary=False) as writer,
    ):
        for start in range(0, max(len(frame), 1), _ROWS):
            writer.write_table(pa.Table.from_pandas(frame.iloc[start : start + _ROWS], schema))


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read what :func:`write_parquet` wrote.

    The values lie in one array, filled a few columns at a time: the table is in memory once.

    Parameters
    ----------
    path : Path
    columns : sequence of str, optional
        Read these only, in this order.

    Raises
    ------
    InputError
        If the table lacks one of `columns`.
    """
    with pq.ParquetFile(path, memory_map=True) as file:
        there = _columns(file)
        chosen = there if columns is None else list(columns)
        known = {_INDEX, *there} & set(file.schema_arrow.names)
        absent = [column for column in (_INDEX, *chosen) if column not in known]
        if absent:
            message = f"the feature table lacks {len(absent)} columns; the first is '{absent[0]}'"
            raise InputError([Fault(message, path, code="column-missing")])
        index = file.read(columns=[_INDEX]).column(0).to_pandas()
        values = np.empty((len(index), len(chosen)), order="F")
        for start in range(0, len(chosen), _COLUMNS):
            names = chosen[start : start + _COLUMNS]
            block = file.read(columns=names)
            for number, name in enumerate(names, start=start):
                values[:, number] = block.column(name).to_numpy()
    return pd.DataFrame(values, pd.Index(index, name=_INDEX), chosen, copy=False)


def parquet_columns(path: Path) -> list[str]:
    """Return the features of a table without reading any value."""
    with pq.ParquetFile(path) as file:
        return _columns(file)


def parquet_metadata(path: Path) -> dict[str, str]:
    """Return what a table's file says about itself."""
    metadata = pq.read_metadata(path).metadata or {}
    own = {key: value for key, value in metadata.items() if key.startswith(b"dlr.")}
    return {key.decode(): value.decode() for key, value in own.items()}


def _columns(file: pq.ParquetFile) -> list[str]:
    return [name for name in file.schema_arrow.names if name != _INDEX]
