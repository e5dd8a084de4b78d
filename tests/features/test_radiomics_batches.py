"""Radiomics of many ROIs at once fill the cache with the values of one at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from dlr import Study
from dlr.cohort.simulation import write_tiny_cohort
from dlr.features import radiomics_batches, worker
from dlr.features.radiomics import ParameterFile, RadiomicsEngine
from dlr.features.radiomics.native.batched import BatchedEngine
from dlr.settings import RadiomicsSettings


def batched(name: str, parameters: ParameterFile, dimension: str, device: str) -> RadiomicsEngine:
    """Stand in for a GPU: the same engine on the processor."""
    assert (name, device) == ("native", "cuda")
    return BatchedEngine(parameters.for_dimension(dimension), "cpu", cases=8)  # type: ignore[arg-type]


def test_a_cohort_measured_in_batches_has_the_native_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tiny_cohort(tmp_path, n_subjects=18)
    study = Study.from_yaml(path)
    config = study.config.model_copy(update={"embedding": None})
    study = Study(config, tmp_path / "native")
    expected = study.extract(study.cohort())

    monkeypatch.setattr(worker, "make_engine", batched)
    settings = config.radiomics.model_copy(update={"device": "cuda"})  # type: ignore[union-attr]
    study = Study(config.model_copy(update={"radiomics": settings}), tmp_path / "batched")
    stages: list[str] = []
    found = study.extract(study.cohort(), progress=lambda stage, *_: stages.append(stage))
    assert any(stage.startswith("radiomics on cpu") for stage in stages)
    assert list(found.values.columns) == list(expected.values.columns)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-9, atol=1e-12)

    # A second run finds everything in the cache and measures nothing.
    def refuse(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(radiomics_batches.RoiSource, "prepare", refuse)
    again = study.extract(study.cohort())
    assert again.values.equals(found.values)


def test_only_the_native_engine_leaves_the_processor() -> None:
    with pytest.raises(ValidationError, match="only the engine 'native'"):
        RadiomicsSettings(engine="pyradiomics", device="cuda")
    with pytest.raises(ValidationError, match="pattern"):
        RadiomicsSettings(device="tpu")
