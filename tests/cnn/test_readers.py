"""Human readers against the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss

from dlr.cnn.kappa import cohen_kappa, fleiss_kappa
from dlr.cnn.readers import compare_readers, read_readers
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


def test_only_cases_judged_by_all_are_compared(scores):
    ratings = pd.DataFrame({"A": np.tile([0.0, 1.0], 40)}).set_axis(scores["case_id"])
    ratings.iloc[:10] = np.nan
    assert compare_readers(scores, ratings, ReaderSettings(table="x")).n == 70
    with pytest.raises(DlrError, match="share 0 judged"):
        compare_readers(scores, ratings.set_axis(range(80)), ReaderSettings(table="x"))


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
