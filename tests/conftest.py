"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the real sample data (``DLR_TEST_DATA``, default ``../shared/data``)."""
    root = Path(os.environ.get("DLR_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"real sample data absent: {root}; set DLR_TEST_DATA to the folder that has it")
    return root


@pytest.fixture(scope="session")
def reference_root(data_root: Path) -> Path:
    """Folder of the reference values made with R, beside the sample data."""
    return data_root.parent / "reference"
