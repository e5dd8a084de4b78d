"""The feature table: one row per case, the same columns whatever the cases, with its provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from dlr.errors import Fault, InputError
from dlr.features.cache import file_sha256
from dlr.features.execution import ExtractionSummary
from dlr.features.parquet import parquet_metadata, read_parquet, write_parquet
from dlr.run_lock import tables_lock
from dlr.safe_files import storage_error
from dlr.safety.spreadsheets import read_csv_table, write_csv_table

RADIOMICS, MAZDA, DEEP = "rad", "mazda", "dl"
_PROVENANCE, _COMPANIONS = "dlr.provenance", "dlr.companions"
_FEATURES, _SECOND_READER = "features.parquet", "features_second_reader.parquet"
_FAILURES, _CROPS = "failures.csv", "crops.csv"


def block_of(column: str) -> str:
    """Return view and family of a feature, such as ``"sag.rad"``."""
    return ".".join(str(column).split(".")[:2])


def is_deep(column: str) -> bool:
    """Tell deep features (``dl`` or, of a further backbone, ``dl_<name>``) from measured ones."""
    family = str(column).split(".")[1]
    return family == DEEP or family.startswith(f"{DEEP}_")


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of all cases.

    Parameters
    ----------
    values : pandas.DataFrame
        Index ``case_id``; columns ``<view>.<family>.<feature>``, such as
        ``sag.rad.original_glcm_Contrast`` or ``axi.dl.0042``. A feature that could not be
        computed is NaN; a case that failed is not there.
    second_reader : pandas.DataFrame
        The same columns for the ROIs of the second reader, for the cases that have them.
    failures : pandas.DataFrame
        ``case_id``, ``view``, ``reader``, ``family``, ``reason``: one row for each thing that
        could not be processed.
    crops : pandas.DataFrame
        ``case_id``, ``view``, ``key``: cache entries of the ROI crops, for pictures.
    provenance : mapping of str to str
        Versions, settings and checksums the features were computed with.
    summary : ExtractionSummary, optional
        How many ROIs came from the cache; not saved.
    """

    values: pd.DataFrame
    second_reader: pd.DataFrame
    failures: pd.DataFrame
    crops: pd.DataFrame
    provenance: Mapping[str, str]
    summary: ExtractionSummary | None = None

    def columns_of(self, view: str | None = None, family: str | None = None) -> list[str]:
        """Return the columns of one view and/or family (``"rad"`` or ``"dl"``)."""
        return [
            column
            for column in self.values.columns
            if view in (None, column.split(".")[0]) and family in (None, column.split(".")[1])
        ]

    def save(self, folder: Path) -> None:
        """Write ``features.parquet``, ``features_second_reader.parquet`` and ``failures.csv``.

        Each file is whole at any moment. ``features.parquet`` is written last and holds the
        checksums of the others, so that files of two tables are never taken for one.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        record = {_PROVENANCE: json.dumps(dict(self.provenance))}
        with tables_lock(folder):
            if self.second_reader.empty:
                _remove(folder / _SECOND_READER)
            else:
                write_parquet(folder / _SECOND_READER, self.second_reader, record)
            write_csv_table(self.failures, folder / _FAILURES)
            write_csv_table(self.crops, folder / _CROPS)
            record[_COMPANIONS] = json.dumps(_companions(folder))
            write_parquet(folder / _FEATURES, self.values, record)

    @classmethod
    def load(cls, folder: Path, columns: Sequence[str] | None = None) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder : Path
        columns : sequence of str, optional
            Read these only; :func:`dlr.features.parquet.parquet_columns` tells which there are.

        Raises
        ------
        InputError
            If there is no feature table in `folder`, it lacks one of `columns`, or the files
            there are not of one table.
        """
        path = folder / _FEATURES
        if not path.is_file():
            message = "there is no feature table; run 'dlr extract' first"
            raise InputError([Fault(message, path, code="file-missing")])
        record = parquet_metadata(path)
        if _COMPANIONS in record and json.loads(record[_COMPANIONS]) != _companions(folder):
            message = (
                "the files beside the feature table are not those written with it: a run was "
                "interrupted, or a file was changed; run 'dlr extract' again"
            )
            raise InputError([Fault(message, path, code="file-mixed")])
        values = read_parquet(path, columns)
        second = values.iloc[:0]
        if (folder / _SECOND_READER).is_file():
            second = read_parquet(folder / _SECOND_READER, columns)
        failures, crops = (
            read_csv_table(folder / name, dtype=str, keep_default_na=False)
            for name in (_FAILURES, _CROPS)
        )
        return cls(values, second, failures, crops, json.loads(record.get(_PROVENANCE, "{}")))


def read_table_file(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read the values and the provenance of one ``features.parquet``."""
    return read_parquet(path), json.loads(parquet_metadata(path).get(_PROVENANCE, "{}"))


def _companions(folder: Path) -> dict[str, str]:
    """Return the checksums of the files beside the feature table."""
    paths = [folder / name for name in (_SECOND_READER, _FAILURES, _CROPS)]
    return {path.name: file_sha256(path) for path in paths if path.is_file()}


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(error, path) from None
