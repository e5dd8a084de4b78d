"""Scores of a CNN in a radiomics study."""

from __future__ import annotations

import pandas as pd

from dlr.cnn.fusion import add_scores_to_clinical, score_features

from .conftest import LEVELS


def test_scores_become_columns_of_a_radiomics_study(study, tables, tmp_path):
    features = score_features(study.result, view="xr")
    assert list(features) == [f"xr.cnn.{name}" for name in LEVELS]
    assert features.notna().all(axis=None)
    assert len(features) == 24
    out = add_scores_to_clinical(study.result, tables[1], tmp_path / "clinical.csv")
    table = pd.read_csv(out)
    assert {"cnn_score_upper", "age"} <= set(table)
