"""DeLong's tests: pairs, two samples, many models, clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from dlr.errors import DlrError
from dlr.stats import delong_matrix, delong_test, delong_test_unpaired
from dlr.stats._placements import placements


@pytest.fixture
def data():
    rng = np.random.default_rng(11)
    y = rng.random(90) < 0.4
    return y, pd.DataFrame({name: rng.integers(0, 12, 90) + 3.0 * y for name in "abcd"})


def naive_covariance(y, scores):
    """DeLong's covariance from all pairs of cases, the quadratic form of the paper."""
    tens, ones = [], []
    for score in scores:
        gap = score[y][:, None] - score[~y]
        psi = (gap > 0) + 0.5 * (gap == 0)
        tens.append(psi.mean(1))
        ones.append(psi.mean(0))
    return np.cov(tens) / y.sum() + np.cov(ones) / (~y).sum()


def test_fast_form_equals_all_pairs_with_heavy_ties(data):
    y, table = data
    scores = [table[name].to_numpy() for name in table]
    covariance = placements(y, scores).covariance()
    np.testing.assert_allclose(covariance, naive_covariance(y, scores), rtol=1e-12)


def test_test_is_antisymmetric(data):
    y, table = data
    ab, ba = delong_test(y, table.a, table.b), delong_test(y, table.b, table.a)
    assert ab.statistic == pytest.approx(-ba.statistic)
    assert ab.p_value == pytest.approx(ba.p_value)


def test_scores_that_order_alike_give_zero_and_one(data):
    y, table = data
    test = delong_test(y, table.a, np.exp(table.a))
    assert (test.difference, test.statistic, test.p_value) == (0.0, 0.0, 1.0)
    assert tuple(test.confidence_interval()) == (0.0, 0.0)


def test_a_difference_without_variance_is_no_test_and_says_so():
    y = [0, 0, 0, 1, 1, 1]
    test = delong_test(y, [1, 2, 3, 4, 5, 6], [7] * 6)
    assert test.difference == 0.5
    assert np.isnan(test.p_value)
    assert "variance of the difference is zero" in test.note


def test_too_few_cases_are_no_test_and_say_so():
    test = delong_test([0, 1, 1], [1, 2, 3], [3, 1, 2])
    assert np.isnan(test.p_value)
    assert "at least two cases" in test.note
    matrix = delong_matrix([0, 1, 1], {"a": [1, 2, 3], "b": [3, 1, 2]})
    assert np.isnan(matrix.joint_p_value)
    assert "at least two cases" in matrix.note


def test_unpaired_without_variance():
    perfect = ([0, 0, 1, 1], [1, 2, 3, 4])
    same = delong_test_unpaired(*perfect, *perfect)
    assert (same.statistic, same.p_value, same.degrees_of_freedom) == (0.0, 1.0, None)
    other = delong_test_unpaired(*perfect, [0, 0, 1, 1], [4, 3, 2, 1])
    assert np.isnan(other.p_value)
    assert other.note


def test_unpaired_counts_patients_when_clustered(data):
    y, table = data
    groups = np.repeat(np.arange(30), 3)
    plain = delong_test_unpaired(y, table.a, y, table.b)
    clustered = delong_test_unpaired(y, table.a, y, table.b, groups, groups)
    assert clustered.degrees_of_freedom < plain.degrees_of_freedom
    assert clustered.difference == plain.difference


def test_matrix_agrees_with_single_tests(data):
    y, table = data
    matrix = delong_matrix(y, table)
    for a in table:
        for b in table:
            single = delong_test(y, table[a], table[b])
            assert matrix.p_value.loc[a, b] == pytest.approx(single.p_value, rel=1e-9)
            assert matrix.statistic.loc[a, b] == pytest.approx(single.statistic, abs=1e-12)
    frame = matrix.to_frame()
    assert len(frame) == 6
    first = delong_test(y, table.a, table.b)
    assert (frame["low"][0], frame["high"][0]) == pytest.approx(tuple(first.confidence_interval()))


def test_holm_is_default_and_bh_offered(data):
    y, table = data
    holm, bh = delong_matrix(y, table), delong_matrix(y, table, adjustment="bh")
    raw = np.sort(holm.to_frame()["p_value"])
    assert holm.adjustment == "holm"
    assert holm.to_frame()["p_adjusted"].min() == pytest.approx(min(1, 6 * raw[0]))
    assert (bh.p_adjusted <= holm.p_adjusted + 1e-15).all().all()
    with pytest.raises(DlrError, match="adjustment must be one of holm, bh"):
        delong_matrix(y, table, adjustment="tukey")


def test_joint_test_does_not_depend_on_the_order_of_models(data):
    y, table = data
    one, other = delong_matrix(y, table), delong_matrix(y, table[list("dbca")])
    assert one.joint_statistic == pytest.approx(other.joint_statistic, rel=1e-9)
    assert one.joint_degrees_of_freedom == 3
    assert one.joint_p_value == pytest.approx(chi2.sf(one.joint_statistic, 3))


def test_joint_test_of_two_models_is_the_pair_test(data):
    y, table = data
    matrix = delong_matrix(y, table[["a", "b"]])
    assert matrix.joint_statistic == pytest.approx(matrix.statistic.loc["a", "b"] ** 2)
    assert matrix.joint_p_value == pytest.approx(matrix.p_value.loc["a", "b"])


def test_models_that_coincide_lower_the_rank(data):
    y, table = data
    matrix = delong_matrix(y, table.assign(copy=table.a))
    without = delong_matrix(y, table)
    assert matrix.joint_degrees_of_freedom == 3
    assert matrix.joint_statistic == pytest.approx(without.joint_statistic, rel=1e-9)
    assert matrix.p_value.loc["a", "copy"] == 1.0
    alone = delong_matrix(y, {"a": table.a, "copy": table.a})
    assert (alone.joint_degrees_of_freedom, alone.joint_p_value) == (0, 1.0)


def test_clustered_matrix_uses_patients(data):
    y, table = data
    plain = delong_matrix(y, table)
    clustered = delong_matrix(y, table, groups=np.repeat(np.arange(30), 3))
    single = delong_test(y, table.a, table.b, groups=np.repeat(np.arange(30), 3))
    assert clustered.p_value.loc["a", "b"] == pytest.approx(single.p_value)
    assert clustered.p_value.loc["a", "b"] != plain.p_value.loc["a", "b"]


def test_one_model_is_refused(data):
    y, table = data
    with pytest.raises(DlrError, match="at least 2 model"):
        delong_matrix(y, {"a": table.a})


def test_frame_of_a_pair(data):
    y, table = data
    row = delong_test(y, table.a, table.b).to_frame().iloc[0]
    assert row["auc_a"] - row["auc_b"] == pytest.approx(row["difference"])
