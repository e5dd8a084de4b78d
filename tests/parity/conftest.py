"""Access to the reference values that were made with R."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def reference(reference_root: Path) -> Callable[[str], Any]:
    """Load one reference file by its stem, such as ``reference("roc_delong")``."""

    def load(stem: str) -> Any:
        return json.loads((reference_root / f"{stem}.json").read_text(encoding="utf-8"))

    return load


@pytest.fixture(scope="session")
def reference_table(reference_root: Path) -> Callable[[str], pd.DataFrame]:
    """Load one of the data sets the reference values were computed on."""

    def load(stem: str) -> pd.DataFrame:
        return pd.read_csv(reference_root / "data" / f"{stem}.csv")

    return load
