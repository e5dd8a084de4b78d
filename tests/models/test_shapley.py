"""Shapley values: the mean gain over all orders, exactly or from sampled orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from dlr.models.shapley import EXACT_UP_TO, shapley_values


def decide(cases: np.ndarray) -> np.ndarray:
    """Mix products, a threshold and a square, so that no feature acts alone."""
    first, second, third = cases[:, 0], cases[:, 1], cases[:, 2]
    return first * second + np.maximum(third - first, 0) + cases[:, 3:].sum(axis=1) ** 2 - 0.7


def over_all_orders(case: np.ndarray) -> np.ndarray:
    """Follow the definition: every order, one feature put in at a time."""
    n = len(case)
    found = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        current = np.zeros(n)
        for feature in order:
            before = decide(current[None])[0]
            current[feature] = case[feature]
            found[feature] += decide(current[None])[0] - before
    return found / len(orders)


def test_up_to_ten_features_are_exact() -> None:
    cases = np.random.default_rng(0).normal(size=(4, 5))
    found = shapley_values(decide, cases, seed=0)
    expected = np.array([over_all_orders(case) for case in cases])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_more_features_are_sampled_close_to_the_truth_and_sum_exactly() -> None:
    random = np.random.default_rng(1)
    cases = random.normal(size=(3, EXACT_UP_TO + 4))
    cases[:, 5:] = 0.0  # features at the baseline are worth nothing, so five features remain
    found = shapley_values(decide, cases, seed=3)
    expected = np.array([over_all_orders(case) for case in cases[:, :5]])
    np.testing.assert_allclose(found[:, :5], expected, atol=0.2)
    np.testing.assert_array_equal(found[:, 5:], 0.0)
    gained = decide(cases) - decide(np.zeros_like(cases))
    np.testing.assert_allclose(found.sum(axis=1), gained, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found, shapley_values(decide, cases, seed=3))
    assert (found != shapley_values(decide, cases, seed=4)).any()


def test_one_feature_explains_all_there_is_and_no_case_needs_nothing() -> None:
    alone = shapley_values(lambda cases: np.exp(cases[:, 0]), np.array([[1.0]]), seed=0)
    np.testing.assert_allclose(alone, [[np.e - 1]])
    assert shapley_values(decide, np.empty((0, 5)), seed=0).shape == (0, 5)
