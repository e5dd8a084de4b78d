"""A tiny simulated cohort that every test may copy and damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dlr.cohort.simulation import write_tiny_cohort


@pytest.fixture(scope="session")
def clean_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a cohort nobody has damaged."""
    return write_tiny_cohort(tmp_path_factory.mktemp("check") / "cohort", n_subjects=24).parent


@pytest.fixture
def cohort(clean_cohort: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(clean_cohort, tmp_path / "cohort"))
