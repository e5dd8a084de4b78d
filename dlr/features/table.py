"""The feature table: one row per case, the same columns whatever the cases, with its provenance."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dlr.errors import Fault, InputError
from dlr.features.cache import write_atomically

RADIOMICS, MAZDA, DEEP = "rad", "mazda", "dl"
_PROVENANCE = b"dlr.provenance"


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
    """

    values: pd.DataFrame
    second_reader: pd.DataFrame
    failures: pd.DataFrame
    crops: pd.DataFrame
    provenance: Mapping[str, str]

    def columns_of(self, view: str | None = None, family: str | None = None) -> list[str]:
        """Return the columns of one view and/or family (``"rad"`` or ``"dl"``)."""
        return [
            column
            for column in self.values.columns
            if view in (None, column.split(".")[0]) and family in (None, column.split(".")[1])
        ]

    def save(self, folder: Path) -> None:
        """Write ``features.parquet``, ``features_second_reader.parquet`` and ``failures.csv``."""
        _write_parquet(folder / "features.parquet", self.values, self.provenance)
        if not self.second_reader.empty:
            path = folder / "features_second_reader.parquet"
            _write_parquet(path, self.second_reader, self.provenance)
        write_atomically(folder / "failures.csv", self.failures.to_csv(index=False).encode())
        write_atomically(folder / "crops.csv", self.crops.to_csv(index=False).encode())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If there is no feature table in `folder`.
        """
        path = folder / "features.parquet"
        if not path.is_file():
            message = "there is no feature table; run 'dlr extract' first"
            raise InputError([Fault(message, path, code="file-missing")])
        values, provenance = _read_parquet(path)
        second_path = folder / "features_second_reader.parquet"
        second = _read_parquet(second_path)[0] if second_path.is_file() else values.iloc[:0]
        failures = pd.read_csv(folder / "failures.csv", dtype=str, keep_default_na=False)
        crops = pd.read_csv(folder / "crops.csv", dtype=str, keep_default_na=False)
        return cls(values, second, failures, crops, provenance)


def _write_parquet(path: Path, frame: pd.DataFrame, provenance: Mapping[str, str]) -> None:
    table = pa.Table.from_pandas(frame)
    metadata = {**(table.schema.metadata or {}), _PROVENANCE: json.dumps(dict(provenance)).encode()}
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), buffer)
    write_atomically(path, buffer.getvalue())


def _read_parquet(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    table = pq.read_table(path)
    provenance = json.loads((table.schema.metadata or {}).get(_PROVENANCE, b"{}"))
    return table.to_pandas(), provenance
