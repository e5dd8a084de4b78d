"""Small and odd studies end with numbers or with one clear sentence, never half-way."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.crossfit import train_study
from dlr.cnn.dry_run import estimate_hours
from dlr.cnn.evaluation import best_threshold, fold_thresholds, metrics, outputs_to_frame
from dlr.cnn.matching import matched_cases
from dlr.cnn.remarks import equal_scores, interval_notes, matching_words, number_errors
from dlr.cnn.report import cnn_report
from dlr.cnn.store import prepare_pictures
from dlr.cnn.tables import class_table, final_table
from dlr.cnn.validation import predict_cnn, validate_cnn
from dlr.errors import DlrError, InputError

from .conftest import make_config, write_cohort

QUICK = {"epochs": 1, "batch_size": 8, "stopping": None, "device": "cpu"}


def scores(outcome: list[int], probability: list[float], fold: str = "0") -> pd.DataFrame:
    n = len(outcome)
    return pd.DataFrame(
        {
            "subject_id": [f"s{number}" for number in range(n)],
            "target": "a",
            "fold": fold,
            "outcome": np.array(outcome, dtype=float),
            "probability": probability,
            "threshold": 0.5,
        }
    )


def test_other_pictures_of_the_same_names_are_another_training(tmp_path: Path) -> None:
    images, clinical = write_cohort(tmp_path, 12)
    config = make_config(images, clinical, training=QUICK)
    first = train_study(config, tmp_path / "work").result
    again = train_study(config, tmp_path / "work").result
    pd.testing.assert_frame_equal(again.case_scores, first.case_scores)
    for path in tmp_path.glob("*.png"):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    fresh = train_study(config, tmp_path / "fresh").result
    changed = train_study(config, tmp_path / "work").result
    pd.testing.assert_frame_equal(changed.case_scores, fresh.case_scores)


def test_a_useless_fold_leaves_no_placeholder_in_the_locked_threshold() -> None:
    bad = scores([0, 0, 1, 1], [0.6, 0.6, 0.4, 0.4])
    assert np.isnan(best_threshold(bad))
    good = scores([0, 0, 1, 1], [0.4, 0.45, 0.75, 0.8], fold="1")
    both = pd.concat([bad, good], ignore_index=True)
    own = fold_thresholds(both, ("a",))
    assert own.loc["1", "a"] == pytest.approx(0.6)
    assert own.loc["0", "a"] == best_threshold(both) > 0.4  # of both folds together
    assert fold_thresholds(bad, ("a",)).loc["0", "a"] == 0.5


def test_noise_of_single_precision_is_no_rank() -> None:
    logits = np.array([[0.3], [0.3 + 2e-7], [0.3 - 1e-7]], dtype=np.float32)
    frame = outputs_to_frame(logits, ("a",), (), np.zeros(0), np.ones(0))
    assert frame["a"].nunique() == 1


def test_one_patient_with_several_cases_has_an_area_without_interval() -> None:
    found = metrics(scores([0, 1, 1], [0.2, 0.6, 0.7]).assign(subject_id="s"), 0.95)
    assert found["auc"] == 1
    assert np.isnan([found["auc_low"], found["auc_high"]]).all()
    assert "one subject" in found["note"]


def test_one_class_alone_is_counted_in_the_share_of_right_calls(study, tables, tmp_path) -> None:
    table = pd.read_csv(tables[1])
    external = table[table["cohort"] == "external"].assign(upper="no")
    external.to_csv(tmp_path / "one.csv", index=False)
    images = pd.read_csv(tables[0])
    images = images[images["subject_id"].isin(external["subject_id"])]
    images.to_csv(tmp_path / "images.csv", index=False)
    result = validate_cnn(
        study.bundle,
        tmp_path / "images.csv",
        tmp_path / "one.csv",
        tmp_path / "w",
        tables[0].parent,
    )
    last = final_table(result, "new").iloc[-1]
    calls = result.case_scores[result.case_scores["fold"] == "bagged"]
    right = (calls["probability"] >= calls["threshold"]) == (calls["outcome"] == 1)
    assert last["Accuracy"] == pytest.approx(right.mean())


def test_a_study_with_two_training_patients_is_refused_before_it_trains(tmp_path: Path) -> None:
    images, clinical = write_cohort(tmp_path, 24)
    table = pd.read_csv(clinical)
    chosen = ["P01", "P03"]  # one with the sign, one without
    table = table[table["subject_id"].isin(chosen)].assign(cohort="training")
    table.to_csv(clinical, index=False)
    pictures = pd.read_csv(images)
    pictures[pictures["subject_id"].isin(chosen)].to_csv(images, index=False)
    stopping = {**QUICK, "stopping": {"patience": 2, "share": 0.3}}
    config = make_config(images, clinical, training=stopping)
    for run in (lambda: train_study(config, tmp_path / "w"), lambda: estimate_hours(config)):
        with pytest.raises(DlrError, match="only 1 to learn from"):
            run()


def test_pictures_that_fail_and_leave_one_class_stop_before_training(tmp_path: Path) -> None:
    images, clinical = write_cohort(tmp_path, 12)
    table = pd.read_csv(clinical)
    positive = set(table.loc[table["upper"] == "yes", "subject_id"])
    for _, row in pd.read_csv(images).iterrows():
        if row["subject_id"] in positive:
            (tmp_path / row["image"]).write_bytes(b"")
    with pytest.raises(DlrError, match=r"one class of 'upper' only; the first reason: .*0 bytes"):
        train_study(make_config(images, clinical, training=QUICK), tmp_path / "w")


def test_matching_is_done_before_training_and_says_what_it_found(study, tables) -> None:
    config = study.result.config
    found = matched_cases(CnnCohort.load(config))
    assert found.pairs.to_dict("records") == [
        {"cohort": "external", "cases": 6, "without_covariate": 0, "matched": 6}
    ]
    assert matching_words(found.pairs) == ["Matching, external cohort: 6 of 6 cases were matched."]
    none = found.pairs.assign(matched=0)
    assert "none of 6 cases has a similar training case" in matching_words(none)[0]
    assert matching_words(None) == []


def test_a_covariate_that_a_cohort_lacks_is_said_before_training(tmp_path: Path) -> None:
    images, clinical = write_cohort(tmp_path, 12)
    table = pd.read_csv(clinical)
    table["age"] = table["age"].where(table["cohort"] == "training")
    table.to_csv(clinical, index=False)
    matching = {"covariates": ["age"], "caliper": None}
    config = make_config(images, clinical, training=QUICK, matching=matching)
    with pytest.raises(DlrError, match="nobody of cohort 'external' has all of age"):
        train_study(config, tmp_path / "w")
    assert not (tmp_path / "w" / "training").exists()


def test_predicted_numbers_are_judged_in_the_report(study) -> None:
    table = number_errors(study.result).set_index("estimate")
    numbers = study.result.numbers
    bagged = numbers[numbers["fold"] == "bagged"]
    error = bagged["predicted"] - bagged["true"]
    assert table.loc["frozen", "mean_absolute_error"] == pytest.approx(error.abs().mean())
    assert table.loc["frozen", "bias"] == pytest.approx(error.mean())
    assert table.loc["out-of-fold", "n"] == 18
    assert "numbers" in [section.name for section in cnn_report(study.result).sections]


def test_equal_scores_and_intervals_without_trust_are_told(study) -> None:
    result = study.result
    flat = result.case_scores.copy()
    here = (flat["fold"] == "1") & (flat["target"] == "upper")
    flat.loc[here, "probability"] = 0.4
    said = equal_scores(type(result)(**{**vars(result), "case_scores": flat}))
    assert len(said) == 1
    assert "upper: the network of fold 1 gives every case the same score" in said[0]
    assert equal_scores(result) == []
    rows = pd.DataFrame(
        {"target": ["a"], "cohort": ["x"], "estimate": ["frozen"], "note": ["too sure"]}
    )
    assert interval_notes(rows) == ["a, x cohort (frozen): too sure."]


def test_a_single_patient_can_be_predicted(study, tables, tmp_path: Path) -> None:
    for source, name in zip(tables, ("images.csv", "clinical.csv"), strict=True):
        table = pd.read_csv(source)
        table[table["subject_id"] == "P04"].to_csv(tmp_path / name, index=False)
    images, clinical = tmp_path / "images.csv", tmp_path / "clinical.csv"
    result = predict_cnn(study.bundle, images, clinical, tmp_path / "w", tables[0].parent)
    assert set(result.case_scores["case_id"]) == {"P04"}


def test_a_picture_outside_its_window_is_listed(tmp_path: Path) -> None:
    images, clinical = write_cohort(tmp_path, 12)
    deep = np.asarray(Image.open(tmp_path / "p03_0.png")).astype(np.uint16) * 100 + 20_000
    Image.fromarray(deep).save(tmp_path / "p03_0.png")
    config = make_config(images, clinical, pictures={"size": 32, "window": [0, 255]})
    reason = prepare_pictures(CnnCohort.load(config), tmp_path / "w").failures["reason"].item()
    assert "becomes one colour" in reason
    assert "outside 'pictures.window' (0 to 255)" in reason


def test_a_cohort_called_pooled_is_refused_where_it_is_trained(tmp_path: Path) -> None:
    images, clinical = write_cohort(tmp_path, 12)
    table = pd.read_csv(clinical)
    table["cohort"] = table["cohort"].replace("external", "pooled")
    table.to_csv(clinical, index=False)
    with pytest.raises(InputError, match="'pooled' is the name of all cohorts together"):
        CnnCohort.load(make_config(images, clinical))


def test_a_fold_of_one_class_has_a_column_in_the_published_table() -> None:
    frame = metrics(scores([0, 0, 0], [0.1, 0.2, 0.3]), 0.95)
    row = {**frame, "estimate": "out-of-fold", "threshold_from": "own fold", "target": "a"}
    both = {**metrics(scores([0, 1], [0.1, 0.8]), 0.95), "estimate": "out-of-fold"}
    both |= {"threshold_from": "own fold", "target": "a", "fold": "1"}
    table = class_table(SimpleNamespace(performance=pd.DataFrame([{**row, "fold": "0"}, both])))  # type: ignore[arg-type]
    column = table.set_index(["class", "measure"])["Fold 0"]
    assert column["no", "Precision"] == column["no", "F1-score"] == 1
    assert np.isnan(column["yes", "F1-score"])
