"""Scores of a CNN in a radiomics study."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.cnn.fusion import _safe_names, add_scores_to_clinical, score_features, write_score_table
from dlr.config import StudyConfig
from dlr.errors import InputError

from .conftest import LEVELS


def test_scores_become_columns_of_a_radiomics_study(study, tables, tmp_path):
    features = score_features(study.result, view="xr")
    assert list(features) == [f"xr.cnn.{name}" for name in LEVELS]
    assert features.notna().all(axis=None)
    assert len(features) == 24
    found = add_scores_to_clinical(study.result, tables[1], tmp_path / "clinical.csv")
    assert found.columns == ("cnn_score_upper", "cnn_score_middle", "cnn_score_lower")
    assert found.stacked
    table = pd.read_csv(found.path)
    assert {"cnn_score_upper", "age"} <= set(table)


def test_a_run_on_disk_gives_the_same_columns(study, tables, tmp_path):
    written = write_score_table(study.result, tmp_path / "cnn_features.csv")
    first = add_scores_to_clinical(study.result, tables[1], tmp_path / "a.csv", "net")
    again = add_scores_to_clinical(tmp_path, tables[1], tmp_path / "b.csv", "net")
    third = add_scores_to_clinical(written, tables[1], tmp_path / "c.csv", "net")
    expected = pd.read_csv(first.path)
    for found in (again, third):
        pd.testing.assert_frame_equal(pd.read_csv(found.path), expected)
    out_of_fold = study.result.case_scores.query("estimate == 'out-of-fold' and target == 'upper'")
    odds = expected.set_index("subject_id")["net_upper"].loc[out_of_fold["case_id"]]
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), out_of_fold["probability"])


def test_a_fused_table_is_a_clinical_table(study, tables, tmp_path):
    """The columns are declared the way the command prints it."""
    found = add_scores_to_clinical(study.result, tables[1], tmp_path / "clinical.csv")
    declared = {
        name: {"type": "continuous", "label": "CNN score (stacked)"} for name in found.columns
    }
    config = StudyConfig.model_validate(
        {
            "name": "fused", "images": "i.csv", "clinical": found.path, "views": {"sag": {}},
            "outcome": {"column": "upper", "positive": "yes"}, "clinical_variables": declared,
        }
    )  # fmt: skip
    assert set(config.clinical_variables) <= set(pd.read_csv(found.path))


def test_taken_columns_other_patients_and_folders_without_scores_are_refused(
    study, tables, tmp_path
):
    with pytest.raises(InputError, match="no scores of a CNN here"):
        add_scores_to_clinical(tmp_path, tables[1], tmp_path / "a.csv")
    found = add_scores_to_clinical(study.result, tables[1], tmp_path / "a.csv")
    with pytest.raises(InputError, match="has this column already"):
        add_scores_to_clinical(study.result, found.path, tmp_path / "b.csv")
    table = pd.read_csv(tables[1])
    table.assign(subject_id="Q" + table["subject_id"]).to_csv(tmp_path / "q.csv", index=False)
    with pytest.raises(InputError, match="the same patients"):
        add_scores_to_clinical(study.result, tmp_path / "q.csv", tmp_path / "b.csv")
    table.to_csv(tmp_path / "cnn_features.csv", index=False)
    with pytest.raises(InputError, match="the table lacks"):
        add_scores_to_clinical(tmp_path, tables[1], tmp_path / "b.csv")


def test_scores_of_rois_need_a_table_of_rois(study, tables, tmp_path):
    written = write_score_table(study.result, tmp_path / "cnn_features.csv")
    table = pd.read_csv(written)
    twice = pd.concat([table.assign(roi="L4"), table.assign(roi="L5")])
    twice.assign(case_id=twice["subject_id"] + "_" + twice["roi"]).to_csv(written, index=False)
    with pytest.raises(InputError, match="subject 'P00' has several; give a table with a column"):
        add_scores_to_clinical(written, tables[1], tmp_path / "out.csv")


def test_labels_that_feature_names_cannot_hold_stay_apart():
    assert _safe_names(["\u80ba\u708e", "\u7ed3\u8282", "L4-5", "__"]) == [
        "__",
        "__-2",
        "L4-5",
        "__-3",
    ]
