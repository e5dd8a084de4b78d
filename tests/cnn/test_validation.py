"""The frozen networks on other patients, and on their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.cnn.bundle import is_cnn_bundle
from dlr.cnn.fusion import score_features
from dlr.cnn.outputs import write_cnn_run
from dlr.cnn.validation import predict_cnn, validate_cnn
from dlr.errors import DlrError, InputError


def test_a_bundle_gives_the_same_scores_elsewhere(study, tables, tmp_path):
    report = study.save(tmp_path / "run")
    assert report.is_file()
    assert is_cnn_bundle(tmp_path / "run" / "bundle")
    assert not is_cnn_bundle(tmp_path)
    again = validate_cnn(tmp_path / "run" / "bundle", *tables, tmp_path / "w", only="external")
    first = study.result.case_scores.query("estimate == 'frozen'")
    keys = ["case_id", "target", "fold"]
    joined = first.merge(again.case_scores, on=keys, suffixes=("", "_again"))
    assert len(joined) == len(first)
    np.testing.assert_allclose(joined["probability"], joined["probability_again"], rtol=1e-6)
    np.testing.assert_allclose(joined["threshold"], joined["threshold_again"], rtol=1e-12)


def test_nothing_can_be_judged_without_labels_but_everything_predicted(study, tables, tmp_path):
    images, clinical = tables
    bare = tmp_path / "bare.csv"
    pd.read_csv(clinical)[["subject_id"]].to_csv(bare, index=False)
    with pytest.raises(InputError, match="dlr cnn predict"):
        validate_cnn(study.bundle, images, bare, tmp_path)
    predicted = predict_cnn(study.bundle, images, bare, tmp_path)
    assert predicted.case_scores["probability"].between(0, 1).all()


def test_training_patients_are_judged_apart_and_never_pooled(study, two_hospitals, tmp_path):
    result = validate_cnn(study.bundle, *two_hospitals, tmp_path)
    bagged = result.performance.query("fold == 'bagged' and target == 'upper'")
    found = bagged.set_index("cohort")[["estimate", "n"]].T.to_dict("list")
    assert found == {
        "north": ["frozen", 3],
        "south": ["frozen", 3],
        "training": ["apparent", 18],
        "pooled": ["frozen", 6],
    }
    # The pooled cases are those of the study's own external cohort.
    own = study.result.performance.query("cohort == 'external' and fold == 'bagged'")
    pooled = result.performance.query("cohort == 'pooled' and fold == 'bagged'")
    np.testing.assert_allclose(pooled["auc"], own["auc"])
    assert len(result.case_scores) == 24 * 3 * 3
    assert set(score_features(result).index) == set(
        result.cases.index[result.cases["cohort"] != "training"]
    )
    page = write_cnn_run(result, tmp_path / "run").read_text()
    assert "cases it never saw" not in page
    assert "the very patients the networks learnt from" in page


def test_training_patients_alone_are_apparent_too(study, tables, tmp_path):
    for found in (
        validate_cnn(study.bundle, *tables, tmp_path, only="training"),
        predict_cnn(study.bundle, *tables, tmp_path, only="training"),
    ):
        assert set(found.case_scores["estimate"]) == {"apparent"}
        assert set(found.performance["cohort"]) == {"training"}


def test_one_external_cohort_is_new(study, tables, tmp_path):
    found = validate_cnn(study.bundle, *tables, tmp_path, only="external")
    assert set(found.performance["cohort"]) == {"new"}
    assert set(found.performance["estimate"]) == {"frozen"}
    assert "cases it never saw" in write_cnn_run(found, tmp_path / "run").read_text()


@pytest.mark.parametrize(
    ("cell", "match"), [("", "row 6, column 'cohort': the cohort is empty"), ("pooled", "another")]
)
def test_cohorts_without_a_name_of_their_own_are_refused(
    study, two_hospitals, tmp_path, cell, match
):
    images, clinical = two_hospitals
    table = pd.read_csv(clinical)
    table.loc[4, "cohort"] = cell
    table.to_csv(clinical, index=False)
    with pytest.raises(InputError, match=match):
        validate_cnn(study.bundle, images, clinical, tmp_path)


def test_subgroups_are_made_of_the_external_cases(study, two_hospitals, tmp_path):
    result = validate_cnn(study.bundle, *two_hospitals, tmp_path, subgroups=("cohort", "age:35"))
    assert len(result.subgroups) == 2 * 3
    for table in result.subgroups:
        assert table.table["n"].sum() == 6
    assert "training" not in set(result.subgroups[0].table["group"])
    page = write_cnn_run(result, tmp_path / "run").read_text()
    assert "Subgroups" in page
    assert len(pd.read_csv(tmp_path / "run" / "subgroups.csv")) == 2 * 2 * 3
    with pytest.raises(InputError, match="height"):
        validate_cnn(study.bundle, *two_hospitals, tmp_path, subgroups=("height",))


def test_what_the_tables_tell_is_said_before_anything_is_scored(study, tables, tmp_path):
    table = pd.read_csv(tables[1])
    table.assign(upper="no", middle="no", lower="no").to_csv(tmp_path / "c.csv", index=False)
    arguments = (tables[0], tmp_path / "c.csv", tmp_path / "work")
    with pytest.raises(InputError, match="no label has both classes here"):
        validate_cnn(study.bundle, *arguments)
    with pytest.raises(DlrError, match="holds no numbers that could be cut"):
        validate_cnn(study.bundle, *tables, tmp_path / "work", subgroups=("center:3",))
    assert not (tmp_path / "work").exists()
