"""Feature tables come back as they were, whole or by column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr.errors import InputError
from dlr.features.parquet import parquet_columns, parquet_metadata, read_parquet, write_parquet


@pytest.fixture
def table() -> pd.DataFrame:
    """More rows than a row group has, more columns than are read at a time, with holes."""
    values = np.random.default_rng(0).normal(size=(5000, 70))
    values[::7, ::3] = np.nan
    index = pd.Index([f"case{number}" for number in range(5000)], name="case_id")
    return pd.DataFrame(values, index, [f"sag.rad.f{number}" for number in range(70)])


def test_a_table_comes_back_bit_for_bit(tmp_path: Path, table: pd.DataFrame) -> None:
    path = tmp_path / "features.parquet"
    write_parquet(path, table, {"dlr.note": "ü"})
    pd.testing.assert_frame_equal(read_parquet(path), table, check_exact=True)
    chosen = ["sag.rad.f69", "sag.rad.f3"]
    pd.testing.assert_frame_equal(read_parquet(path, chosen), table[chosen], check_exact=True)
    assert parquet_columns(path) == list(table.columns)
    assert parquet_metadata(path) == {"dlr.note": "ü"}


def test_other_programs_read_the_same(tmp_path: Path, table: pd.DataFrame) -> None:
    write_parquet(tmp_path / "t", table, {})
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t"), table, check_exact=True)


def test_a_file_is_not_much_larger_than_its_numbers(tmp_path: Path, table: pd.DataFrame) -> None:
    write_parquet(tmp_path / "t", table, {})
    assert (tmp_path / "t").stat().st_size < 1.1 * table.to_numpy().nbytes


def test_a_table_without_cases_keeps_its_columns(tmp_path: Path, table: pd.DataFrame) -> None:
    write_parquet(tmp_path / "t", table.iloc[:0], {})
    found = read_parquet(tmp_path / "t")
    assert (len(found), list(found.columns)) == (0, list(table.columns))


def test_a_missing_column_is_named(tmp_path: Path, table: pd.DataFrame) -> None:
    write_parquet(tmp_path / "t", table, {})
    with pytest.raises(InputError, match="lacks 1 columns; the first is"):
        read_parquet(tmp_path / "t", ["sag.rad.g"])
