"""A model learnt from the mean of two readers' features is given means when it is validated."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlr import Study
from dlr.cohort.simulation import write_tiny_cohort
from dlr.validation import validate


def test_both_readers_are_averaged_in_validation_too(tmp_path: Path) -> None:
    study = Study.from_yaml(write_tiny_cohort(tmp_path / "cohort", n_subjects=24), tmp_path / "w")
    config = study.config
    assert config.agreement is not None
    changes = {
        "embedding": None,
        "audit": None,
        "agreement": config.agreement.model_copy(update={"average": True}),
        "model": config.model.model_copy(update={"classifier": "logistic", "tune": False}),
    }
    study = Study(config.model_copy(update=changes), study.work)
    cohort = study.cohort()
    features = study.extract(cohort)
    assert not features.second_reader.empty
    trained = study.train(cohort, features)
    frozen = validate(trained.bundle, config.images, config.clinical, work=study.work).scores
    before = trained.result.scores.query("estimate == 'apparent'")
    keys = ["case_id", "feature_set"]
    both = before.merge(frozen, on=keys, suffixes=("_trained", "_validated"))
    assert len(both) == len(before)
    np.testing.assert_allclose(both["score_trained"], both["score_validated"], atol=1e-9)
