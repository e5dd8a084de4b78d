"""Nogueira's index: the properties its paper proves, and its interval by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import fleiss_kappa

from dlr.errors import DlrError
from dlr.stats import nogueira_stability


def random_sets(runs: int, features: int, size: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.stack([random.permutation(features) < size for _ in range(runs)])


def test_equal_sets_have_index_one_without_variance() -> None:
    table = np.tile([True, False, True, False, False], (7, 1))
    result = nogueira_stability(table)
    assert result.value == 1
    assert result.variance == pytest.approx(0, abs=1e-30)
    assert tuple(result.confidence_interval()) == pytest.approx((1, 1))


def test_random_sets_have_index_zero_in_expectation() -> None:
    for size in (2, 10, 25):
        values = [nogueira_stability(random_sets(8, 30, size, seed)).value for seed in range(300)]
        assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)


def test_two_disjoint_halves_reach_the_lower_bound() -> None:
    table = np.array([[1, 1, 0, 0], [0, 0, 1, 1]])
    assert nogueira_stability(table).value == pytest.approx(-1)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 9), st.integers(2, 12), st.integers(0, 10_000))
def test_the_index_stays_in_its_bounds_and_equals_fleiss_kappa(
    runs: int, features: int, seed: int
) -> None:
    table = np.random.default_rng(seed).random((runs, features)) < 0.4
    if table.mean() in (0.0, 1.0):
        table[0, 0] = ~table[0, 0]
    result = nogueira_stability(table)
    assert -1 / (runs - 1) - 1e-12 <= result.value <= 1 + 1e-12
    counts = np.column_stack([table.sum(axis=0), runs - table.sum(axis=0)])
    assert result.value == pytest.approx(fleiss_kappa(counts), abs=1e-12)


def test_order_of_features_and_runs_does_not_matter() -> None:
    table = random_sets(6, 15, 4, 0)
    expected = nogueira_stability(table)
    turned = nogueira_stability(table[::-1, ::-1])
    assert turned.value == pytest.approx(expected.value)
    assert turned.variance == pytest.approx(expected.variance)


def test_a_table_worked_out_by_hand() -> None:
    table = pd.DataFrame([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], columns=list("abcd"))
    result = nogueira_stability(table)
    # p = 1, 2/3, 1/3, 0; 3/2 p(1 - p) = 0, 1/3, 1/3, 0; k = 2, (k/d)(1 - k/d) = 1/4.
    assert result.value == pytest.approx(1 - (1 / 6) / (1 / 4))
    assert result.frequency.to_dict() == pytest.approx({"a": 1, "b": 2 / 3, "c": 1 / 3, "d": 0})
    assert result.mean_selected == 2
    assert result.to_frame().loc[0, "features"] == 4


def test_the_interval_covers_the_true_index() -> None:
    probability = np.concatenate([np.full(5, 0.9), np.full(5, 0.4), np.full(30, 0.05)])
    random = np.random.default_rng(0)
    share = probability.mean()
    truth = 1 - (probability * (1 - probability)).mean() / (share * (1 - share))
    results = [nogueira_stability(random.random((50, 40)) < probability) for _ in range(400)]
    covered = np.mean([r.confidence_interval().contains(truth) for r in results])
    assert 0.91 < covered < 0.98
    spread = np.std([r.value for r in results])
    assert np.mean([r.standard_error for r in results]) == pytest.approx(spread, rel=0.1)


def test_nothing_or_everything_selected_is_not_defined() -> None:
    for value, what in ((False, "no feature"), (True, "every feature")):
        result = nogueira_stability(np.full((3, 4), value))
        assert np.isnan(result.value)
        assert result.note == f"not defined: every run selects {what}"
        assert np.isnan(result.confidence_interval().low)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((1, 3)), "at least two runs"),
        (np.ones((3, 0)), "at least two runs"),
        (np.full((2, 2), 0.5), "True or False"),
        (pd.DataFrame([["a"], ["b"]]), "True or False"),
    ],
)
def test_other_tables_are_refused(table: np.ndarray, message: str) -> None:
    with pytest.raises(DlrError, match=message):
        nogueira_stability(table)
