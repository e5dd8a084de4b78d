"""A tiny simulated study, trained once for all end-to-end tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlr import Cohort, FeatureTable, Study
from dlr.cohort.simulation import write_tiny_cohort
from dlr.study import TrainedStudy


@pytest.fixture(scope="session")
def tiny_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of 36 subjects, two views, second reader, deep features."""
    folder = tmp_path_factory.mktemp("tiny")
    path = write_tiny_cohort(folder / "cohort", n_subjects=36)
    return Study.from_yaml(path, work=folder / "work")


@pytest.fixture(scope="session")
def tiny_cohort(tiny_study: Study) -> Cohort:
    return tiny_study.cohort()


@pytest.fixture(scope="session")
def tiny_features(tiny_study: Study, tiny_cohort: Cohort) -> FeatureTable:
    return tiny_study.extract(tiny_cohort)


@pytest.fixture(scope="session")
def trained(tiny_study: Study, tiny_cohort: Cohort, tiny_features: FeatureTable) -> TrainedStudy:
    return tiny_study.train(tiny_cohort, tiny_features)


@pytest.fixture(scope="session")
def run_folder(trained: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved run: report, tables, bundle."""
    folder = tmp_path_factory.mktemp("run")
    trained.save(folder)
    return folder
