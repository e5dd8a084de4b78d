"""Hosmer-Lemeshow and Spiegelhalter on made and degenerate predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from dlr.errors import DlrError
from dlr.stats import hosmer_lemeshow, spiegelhalter
from dlr.stats._risk_groups import quantile_type7, risk_groups


def test_external_statistic_is_uniform_when_risks_are_right():
    rng = np.random.default_rng(40)
    p_values = []
    for _ in range(400):
        p = rng.uniform(0.1, 0.9, 300)
        p_values.append(hosmer_lemeshow(rng.random(300) < p, p, external=True).p_value)
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_spiegelhalter_is_uniform_when_risks_are_right():
    rng = np.random.default_rng(41)
    p_values = []
    for _ in range(600):
        p = rng.uniform(0.1, 0.9, 150)
        p_values.append(spiegelhalter(rng.random(150) < p, p).p_value)
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_wrong_risks_are_rejected():
    rng = np.random.default_rng(42)
    p = rng.uniform(0.1, 0.9, 500)
    y = rng.random(500) < p
    overconfident = p**3 / (p**3 + (1 - p) ** 3)
    assert hosmer_lemeshow(y, overconfident, external=True).p_value < 1e-6
    assert spiegelhalter(y, overconfident).p_value < 1e-6


def test_degrees_of_freedom_follow_the_groups_formed():
    y = [0, 1] * 10
    p = [0.2] * 6 + [0.4] * 6 + [0.6] * 4 + [0.8] * 4
    test = hosmer_lemeshow(y, p, 10)
    assert test.groups == len(test.table)
    assert test.degrees_of_freedom == test.groups - 2
    assert "tied predictions left" in test.note
    assert hosmer_lemeshow(y, p, 10, external=True).degrees_of_freedom == test.groups


def test_constant_prediction_has_no_p_value_and_says_so():
    test = hosmer_lemeshow([0, 1, 1], [0.5, 0.5, 0.5])
    assert (test.groups, test.degrees_of_freedom) == (1, 0)
    assert np.isnan(test.p_value)
    assert "no degrees of freedom" in test.note
    outside = hosmer_lemeshow([0, 1, 1], [0.5, 0.5, 0.5], external=True)
    assert np.isfinite(outside.p_value)


def test_two_cases():
    assert "no degrees of freedom" in hosmer_lemeshow([0, 1], [0.2, 0.8]).note


def test_an_impossible_event_is_infinite_and_says_so():
    y, p = [1, 0, 0, 1, 1, 0] * 2, [0, 0.2, 0.4, 0.6, 0.8, 0.5] * 2
    test = hosmer_lemeshow(y, p, 6)
    assert test.statistic == np.inf
    assert test.p_value == 0.0
    assert "predicted to be impossible" in test.note


def test_certain_and_right_predictions_add_nothing():
    y, p = [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]
    assert hosmer_lemeshow(y, p, 3, external=True).statistic == 0.0


def test_spiegelhalter_without_variance_says_so():
    test = spiegelhalter([0, 1, 1], [0, 1, 0.5])
    assert np.isnan(test.p_value)
    assert "without variance" in test.note
    assert test.to_frame()["note"][0]


def test_fewer_than_two_groups_are_refused():
    with pytest.raises(DlrError, match="groups must be a whole number of at least 2"):
        hosmer_lemeshow([0, 1], [0.2, 0.8], groups=1)


def test_quantiles_do_not_split_ties():
    value = 0.1 + 0.2  # 0.30000000000000004: interpolation between copies would round
    values = np.array([value] * 9 + [0.9])
    assert set(quantile_type7(values, np.arange(8) / 10)) == {value}


def test_a_case_on_a_break_belongs_below():
    codes, breaks = risk_groups(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), 2)
    assert breaks.tolist() == [0.1, 0.3, 0.5]
    assert codes.tolist() == [0, 0, 0, 1, 1]


def test_frame():
    frame = hosmer_lemeshow([0, 1] * 10, np.linspace(0.1, 0.9, 20)).to_frame()
    assert frame["groups"][0] == 10
