"""The whole study on a tiny simulated cohort: every room, through to the bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlr import Bundle, Cohort, FeatureTable, Study, predict, validate
from dlr.errors import InputError
from dlr.features.radiomics.native import NativeEngine
from dlr.study import TrainedStudy

SETS = ["Clinic", "Rad_sag", "Rad_axi", "DL_sag", "DL_axi", "DLR", "Nomogram"]


def test_every_feature_set_is_judged_on_every_cohort(trained: TrainedStudy) -> None:
    result = trained.result
    found = [(item.cohort, item.estimate) for item in result.evaluations]
    assert found == [("training", "out-of-fold"), ("training", "apparent"), ("external", "frozen")]
    for evaluation in result.evaluations:
        assert sorted(evaluation.models) == sorted(SETS)
        frame = evaluation.to_frame()
        assert frame["auc"].between(0, 1).all()
        assert (frame["auc_low"] <= frame["auc"]).all()
        assert evaluation.delong is not None


def test_thresholds_are_locked_on_out_of_fold_scores(trained: TrainedStudy) -> None:
    result = trained.result
    external = result.evaluation("external")
    for name, model in external.models.items():
        assert model.at_locked.threshold == result.thresholds[name]


def test_the_selection_is_recorded_step_by_step(trained: TrainedStudy) -> None:
    trace = trained.result.traces["DLR"]
    counts = [count for _, count in trace.steps]
    assert counts == sorted(counts, reverse=True)
    assert trace.lasso is not None
    assert len(trace.coefficients) == counts[-1]
    assert trace.frequency.between(0, 1).all()


def test_feature_columns_follow_the_settings(tiny_features: FeatureTable) -> None:
    assert len(tiny_features.columns_of("sag", "rad")) == 107
    assert len(tiny_features.columns_of("axi", "dl")) == 1280
    assert tiny_features.values.notna().all().all()
    assert not tiny_features.second_reader.empty


def test_feature_table_round_trip(tiny_features: FeatureTable, tiny_study: Study) -> None:
    loaded = FeatureTable.load(tiny_study.work)
    pd.testing.assert_frame_equal(loaded.values, tiny_features.values)
    assert loaded.provenance == tiny_features.provenance


def test_a_second_extraction_computes_nothing(
    tiny_study: Study,
    tiny_cohort: Cohort,
    tiny_features: FeatureTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(NativeEngine, "execute", fail)
    monkeypatch.setattr("dlr.features.embedding.Backbone.embed", fail)
    again = tiny_study.extract(tiny_cohort)
    pd.testing.assert_frame_equal(again.values, tiny_features.values)
    assert again.failures.empty


def test_two_workers_give_the_same_numbers(
    tiny_study: Study, tiny_cohort: Cohort, trained: TrainedStudy, tmp_path: Path
) -> None:
    other = Study(tiny_study.config, tmp_path)
    features = other.extract(tiny_cohort, workers=2)
    again = other.train(tiny_cohort, features, workers=2)
    pd.testing.assert_frame_equal(again.result.scores, trained.result.scores, rtol=0, atol=0)


def test_the_bundle_gives_the_training_cohort_its_scores_back(
    trained: TrainedStudy, run_folder: Path, tiny_study: Study, tmp_path: Path
) -> None:
    config = tiny_study.config
    for cohort, estimate in (("training", "apparent"), ("external", "frozen")):
        frozen = validate(
            run_folder / "bundle", config.images, config.clinical, tmp_path, only=cohort
        )
        before = trained.result.scores.query("estimate == @estimate")
        both = before.merge(frozen.scores, on=["case_id", "feature_set"])
        assert len(both) == len(before) == len(frozen.scores)
        np.testing.assert_allclose(both["score_x"], both["score_y"], rtol=0, atol=1e-9)
        judged = trained.result.evaluation(cohort, estimate).models["DLR"].roc.auc.value
        assert frozen.evaluation is not None
        assert frozen.evaluation.models["DLR"].roc.auc.value == judged


def test_no_training_case_is_outside_the_training_range(
    trained: TrainedStudy, tiny_features: FeatureTable, tiny_cohort: Cohort
) -> None:
    training = tiny_cohort.cases("training")
    values = tiny_features.values.loc[training.index]
    flags = trained.bundle.flags(values, training)
    assert (flags["n_outside"] == 0).all()
    name = trained.bundle.signatures["Rad_sag"].chain.selected[0]
    moved = values.copy()
    moved.loc[training.index[0], name] += 1e6
    flags = trained.bundle.flags(moved, training).set_index("case_id")
    first = flags.loc[training.index[0]]
    assert first["n_outside"] >= 1
    assert first["worst_feature"] == name


def test_predict_needs_no_outcome(run_folder: Path, tiny_study: Study, tmp_path: Path) -> None:
    config = tiny_study.config
    clinical = pd.read_csv(config.clinical).drop(columns=["surgery", "cohort"])
    clinical.to_csv(tmp_path / "new.csv", index=False)
    result = predict(
        run_folder / "bundle",
        config.images,
        tmp_path / "new.csv",
        tiny_study.work,
    )
    assert result.evaluation is None
    assert result.scores["outcome"].isna().all()
    assert result.scores["probability"].between(0, 1).all()
    with pytest.raises(InputError, match="use 'dlr predict', which needs none"):
        validate(run_folder / "bundle", config.images, tmp_path / "new.csv", tiny_study.work)


def test_an_altered_bundle_is_refused(run_folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "bundle"
    shutil.copytree(run_folder / "bundle", copy)
    content = json.loads((copy / "bundle.json").read_text())
    content["thresholds"]["DLR"] = 0.5
    (copy / "bundle.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="the file was altered after training"):
        Bundle.load(copy)
    with pytest.raises(InputError, match=r"its model bundle is .*bundle"):
        Bundle.load(tmp_path)
    with pytest.raises(InputError, match="this folder holds no model bundle"):
        Bundle.load(tmp_path.parent)
    with pytest.raises(InputError, match="this folder does not exist"):
        Bundle.load(tmp_path / "nowhere")


def test_the_bundle_holds_no_case_and_no_local_path(run_folder: Path, tiny_cohort: Cohort) -> None:
    text = (run_folder / "bundle" / "bundle.json").read_text()
    assert str(tiny_cohort.config.images.parent) not in text
    assert not any(case in text for case in tiny_cohort.clinical.index)
