"""The real experiment, without its deep features: real MRI in, an AUC and a frozen bundle out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dlr import Study, validate
from dlr.config import StudyConfig

EXPERIMENT = Path(__file__).parents[2] / "experiments" / "spider_disc_degeneration"


@pytest.mark.real_data
def test_the_spider_study_runs_from_manifest_to_frozen_validation(
    data_root: Path, tmp_path: Path
) -> None:
    config = StudyConfig.from_yaml(EXPERIMENT / "study.yaml")
    config = config.model_copy(update={"embedding": None, "image_root": data_root})
    study = Study(config, tmp_path / "work")
    cohort = study.cohort()
    assert len(cohort.cases("training")) == 156
    features = study.extract(cohort)
    assert features.failures.empty
    trained = study.train(cohort, features)
    honest = (
        trained.result.evaluation("training", "out-of-fold").to_frame().set_index("feature_set")
    )
    apparent = trained.result.evaluation("training", "apparent").to_frame().set_index("feature_set")
    # A plain radiomics SVM reaches about 0.84 to 0.88 here, whatever the folds.
    assert honest.loc["Rad_sag", "auc"] == pytest.approx(0.84, abs=0.06)
    assert honest.loc["DLR", "auc"] > 0.75
    assert (apparent["auc"] >= honest["auc"]).all()
    trained.bundle.save(tmp_path / "bundle")
    frozen = validate(
        tmp_path / "bundle", config.images, config.clinical, study.work, data_root, "validation"
    )
    before = trained.result.scores.query("estimate == 'frozen'").set_index(
        ["case_id", "feature_set"]
    )
    after = frozen.scores.set_index(["case_id", "feature_set"])["score"]
    pd.testing.assert_series_equal(before["score"], after, rtol=0, atol=1e-9)
