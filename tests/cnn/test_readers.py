"""Human readers against the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss

from dlr.cnn.kappa import cohen_kappa, fleiss_kappa
from dlr.cnn.reader_table import MODEL, read_ratings, read_readers
from dlr.cnn.readers import compare_readers
from dlr.cnn.settings import ReaderSettings
from dlr.errors import DlrError, InputError

RNG = np.random.default_rng(4)


def test_cohens_kappa_and_its_error_agree_with_statsmodels():
    a = RNG.integers(0, 3, 80)
    b = np.where(RNG.random(80) < 0.6, a, RNG.integers(0, 3, 80))
    table = pd.crosstab(a, b).to_numpy()
    expected, found = cohens_kappa(table), cohen_kappa(a, b)
    assert found.value == pytest.approx(cohen_kappa_score(a, b), rel=1e-12)
    assert found.value == pytest.approx(expected.kappa, rel=1e-12)
    assert found.standard_error == pytest.approx(expected.std_kappa, rel=1e-9)


def test_fleiss_kappa_agrees_with_statsmodels():
    ratings = RNG.integers(0, 2, (50, 4))
    ratings[:25] = ratings[:25, :1]
    counts = np.stack([(ratings == level).sum(axis=1) for level in (0, 1)], axis=1)
    assert fleiss_kappa(ratings).value == pytest.approx(fleiss(counts), rel=1e-12)


def test_readers_who_always_say_the_same_have_no_kappa():
    assert np.isnan(cohen_kappa([1, 1, 1], [1, 1, 1]).value)
    with pytest.raises(DlrError, match="same cases"):
        cohen_kappa([1, 0], [1])


@pytest.mark.parametrize(
    "kappa",
    [
        cohen_kappa([1, 1, 1], [1, 1, 1]),
        fleiss_kappa([[1, 1], [1, 1], [1, 1]]),
        # Defined, but not its error: without the one case that differs, nothing is left.
        fleiss_kappa([[1, 1], [1, 1], [0, 0]]),
    ],
)
def test_a_kappa_without_error_has_no_limits(kappa):
    interval = kappa.confidence_interval()
    assert np.isnan([interval.low, interval.high]).all()


def test_limits_of_kappa_end_at_minus_one_and_one():
    interval = cohen_kappa([1, 0, 1, 0, 1, 1], [1, 0, 1, 0, 1, 0]).confidence_interval(0.999)
    assert interval.high == 1
    assert -1 <= interval.low < 0.67


@pytest.fixture
def scores():
    truth = np.repeat([0.0, 1.0], 40)
    return pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(80)],
            "subject_id": [f"p{i // 2}" for i in range(80)],
            "outcome": truth,
            "probability": np.clip(0.3 + 0.4 * truth + RNG.normal(0, 0.15, 80), 0, 1),
            "threshold": 0.5,
        }
    )


def test_a_reader_who_calls_as_the_model_does_not_differ_from_it(scores):
    same = (scores["probability"] >= 0.5).astype(float)
    blind = pd.Series(np.tile([0.0, 1.0], 40))
    ratings = pd.DataFrame({"A": same, "B": blind}).set_axis(scores["case_id"])
    study = compare_readers(scores, ratings, ReaderSettings(table="x"))
    points = study.operating_points.set_index("reader")
    assert points.loc["A", "sensitivity"] == points.loc["model", "sensitivity"]
    same_rows = study.comparisons[study.comparisons["reader"] == "A"]
    assert (same_rows["p_value"] == 1).all()
    kappa = study.agreement.set_index(["a", "b"])["kappa"]
    assert kappa["A", "model"] == 1
    assert abs(kappa["B", "model"]) < 0.3
    mean, difference = study.summary["value"]
    assert mean == pytest.approx(points.loc[["A", "B"], "auc"].mean())
    assert difference == pytest.approx(points.loc["model", "auc"] - mean)
    assert study.plot().get_legend() is not None


def test_only_cases_judged_by_all_are_compared_and_how_many_were_rated_is_kept(scores):
    ratings = pd.DataFrame({"A": np.tile([0.0, 1.0], 40), "B": np.tile([0.0, 1.0], 40)}).set_axis(
        scores["case_id"]
    )
    ratings.iloc[:10, 0] = np.nan
    ratings.iloc[5:20, 1] = np.nan
    study = compare_readers(scores, ratings, ReaderSettings(table="x"))
    assert (study.n, study.n_rated) == (60, 75)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"index": "C"}, "share no case; check that 'case_id' is written alike"),
        ({"rated": range(40)}, r"the 40 case\(s\) that every reader rated are all negative"),
        ({"rated": range(40, 80)}, r"the 40 case\(s\) that every reader rated are all positive"),
        ({"unlabelled": True}, r"no outcome is known of the 80 case\(s\)"),
        ({"other": True}, r"none of the 80 case\(s\) rated was rated by every reader"),
    ],
)
def test_why_readers_cannot_be_compared_is_said(scores, change, reason):
    ratings = pd.DataFrame({"A": np.tile([0.0, 1.0], 40)}).set_axis(scores["case_id"])
    if "index" in change:
        ratings.index = ratings.index.str.upper()
    if "rated" in change:
        ratings = ratings.iloc[list(change["rated"])]
    if "unlabelled" in change:
        scores["outcome"] = np.nan
    if "other" in change:
        ratings["B"] = ratings["A"].where(np.arange(80) < 40)
        ratings.iloc[:40, 0] = np.nan
    with pytest.raises(DlrError, match=reason) as caught:
        compare_readers(scores, ratings, ReaderSettings(table="x"))
    assert ("written alike" in str(caught.value)) == ("index" in change)


def test_cases_of_one_patient_can_be_compared(scores):
    ratings = pd.DataFrame({"A": np.tile([0.0, 1.0], 40)}).set_axis(scores["case_id"])
    study = compare_readers(scores.assign(subject_id="p"), ratings, ReaderSettings(table="x"))
    assert study.n == 80


def test_bad_ratings_are_listed(tmp_path):
    path = tmp_path / "readers.csv"
    path.write_text("reader,case_id,rating\nA,c1,4\nA,c1,3\nA,c2,maybe\n")
    with pytest.raises(InputError) as caught:
        read_readers(path)
    assert "twice" in str(caught.value)
    assert "'maybe'" in str(caught.value)
    path.write_text("reader,rating\nA,1\n")
    with pytest.raises(InputError, match="case_id"):
        read_readers(path)
    path.write_text("reader,case_id,rating\nA,c1,\n,c2,1\nA,c3,1e999\n")
    with pytest.raises(InputError, match=r"row 3, column 'reader': the cell is empty") as caught:
        read_readers(path)
    assert "row 2, column 'rating': the cell is empty" in str(caught.value)
    path.write_text("reader,case_id,rating\nA,c3,1e999\n")
    with pytest.raises(InputError, match="'1e999' is not a number"):
        read_readers(path)


def test_a_missing_table_is_looked_for_in_the_study_file_only(tmp_path):
    with pytest.raises(InputError) as caught:
        read_readers(tmp_path / "gone.csv")
    sentence = "the readers table does not exist; check 'readers.table' in the study file"
    assert str(caught.value).endswith(sentence)


def test_no_reader_is_called_as_the_model(tmp_path):
    path = tmp_path / "readers.csv"
    path.write_text(f"reader,case_id,rating\nA,c1,4\n{MODEL},c1,3\n{MODEL},c2,3\n")
    with pytest.raises(InputError, match="row 3, column 'reader': 'model' is what") as caught:
        read_readers(path)
    assert len(caught.value.faults) == 1


def test_with_several_labels_every_rating_needs_its_own(tmp_path):
    path = tmp_path / "readers.csv"
    path.write_text("reader,case_id,rating\nA,c1,4\nA,c2,3\n")
    with pytest.raises(InputError, match=r"column 'label': the column is missing; with several"):
        read_readers(path, "upper", ("upper", "lower"))
    assert len(read_readers(path, "upper", ("upper",))) == 2
    path.write_text("reader,case_id,label,rating\nA,c1,upper,4\nA,c2,Lower,3\nA,c1,Lower,3\n")
    with pytest.raises(InputError, match="row 3, column 'label': 'Lower' is no label") as caught:
        read_ratings(path, ("upper", "lower"))
    assert len(caught.value.faults) == 1
    assert "which has: upper, lower" in str(caught.value)
    path.write_text("reader,case_id,label,rating\nA,c1,upper,4\nA,c1,lower,3\n")
    assert read_readers(path, "lower", ("upper", "lower")).loc["c1", "A"] == 3
    with pytest.raises(InputError, match="the table holds several labels; choose one"):
        read_readers(path)
