"""A tiny simulated cohort that every test may copy and damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from dlr.cohort.simulation import write_tiny_cohort


@pytest.fixture(scope="session")
def clean_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a cohort nobody has damaged."""
    return write_tiny_cohort(tmp_path_factory.mktemp("check") / "cohort", n_subjects=18).parent


@pytest.fixture
def cohort(clean_cohort: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(clean_cohort, tmp_path / "cohort"))


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def edit(path: Path, change: Callable[[pd.DataFrame], object]) -> None:
    """Change a table in place."""
    table = read_table(path)
    change(table)
    table.to_csv(path, index=False)


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the voxels of an image; its geometry stays."""
    image = sitk.ReadImage(str(path))
    changed = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image)))
    changed.CopyInformation(image)
    sitk.WriteImage(changed, str(path))
