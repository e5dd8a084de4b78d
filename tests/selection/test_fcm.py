"""FCM selection against its three formulas written out in plain loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from dlr.errors import DlrError
from dlr.selection import FcmSelector


def slow_fisher(x, y) -> float:
    """Return D / V in its general form, summed over pairs of classes."""
    classes = sorted(set(y))
    share = {c: sum(v == c for v in y) / len(y) for c in classes}
    mean = {c: sum(a for a, v in zip(x, y) if v == c) / (share[c] * len(y)) for c in classes}
    variance = {
        c: sum((a - mean[c]) ** 2 for a, v in zip(x, y) if v == c) / (share[c] * len(y))
        for c in classes
    }
    between = sum(share[k] * share[j] * (mean[k] - mean[j]) ** 2 for k in classes for j in classes)
    between /= 1 - sum(p**2 for p in share.values())
    return between / sum(share[k] * variance[k] for k in classes)


def slow_mean_error(x, y) -> float:
    mean = {c: np.mean([a for a, v in zip(x, y) if v == c]) for c in (0, 1)}
    wrong = 0.0
    for a, v in zip(x, y):
        own, other = abs(a - mean[v]), abs(a - mean[1 - v])
        wrong += 0.5 if math.isclose(own, other, abs_tol=1e-12) else float(own > other)
    return wrong / len(y)


def slow_neighbour_error(x, y) -> float:
    wrong = 0.0
    for i in range(len(x)):
        distances = [abs(x[i] - x[j]) for j in range(len(x)) if j != i]
        others = [j for j in range(len(x)) if j != i and abs(x[i] - x[j]) == min(distances)]
        wrong += sum(y[j] != y[i] for j in others) / len(others)
    return wrong / len(x)


def slow_information(x, y, bins) -> float:
    low, high = min(x), max(x)
    cells = [min(int((a - low) / (high - low) * bins), bins - 1) for a in x]
    total = 0.0
    for cell in set(cells):
        for c in set(y):
            joint = sum(a == cell and v == c for a, v in zip(cells, y)) / len(y)
            p_cell = sum(a == cell for a in cells) / len(y)
            p_class = sum(v == c for v in y) / len(y)
            if joint:
                total += joint * math.log2(joint / (p_cell * p_class))
    return total


def slow_poe_acc(frame, errors, count) -> list[str]:
    chosen: list[str] = []
    while len(chosen) < count:
        costs = {}
        for name in sorted(set(frame.columns) - set(chosen)):
            others = [abs(np.corrcoef(frame[name], frame[other])[0, 1]) for other in chosen]
            costs[name] = errors[name] + (sum(others) / len(others) if others else 0.0)
        chosen.append(min(costs, key=lambda name: round(costs[name], 9)))
    return chosen


@pytest.fixture(params=["continuous", "rounded"])
def cases(request) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(3)
    y = random.permutation(np.repeat([0, 1], [31, 26]))
    shift = np.linspace(0, 1.5, 15)
    values = random.normal(size=(57, 15)) + np.outer(y, shift)
    if request.param == "rounded":  # many ties
        values = values.round()
    names = [f"f{number:02d}" for number in random.permutation(15)]
    return pd.DataFrame(values, columns=names), y


@pytest.mark.parametrize("rule", ["nearest-mean", "nearest-neighbour"])
def test_measures_equal_the_formulas(cases, rule) -> None:
    X, y = cases
    fitted = FcmSelector(poe_rule=rule).fit(X, y)
    slow_error = slow_mean_error if rule == "nearest-mean" else slow_neighbour_error
    for position, name in enumerate(X):
        x = X[name].tolist()
        assert fitted.fisher_[position] == pytest.approx(slow_fisher(x, y), rel=1e-10)
        assert fitted.poe_[position] == pytest.approx(slow_error(x, y), abs=1e-10)
        information = slow_information(x, y, 7)  # Sturges for 57 cases
        assert fitted.mutual_information_[position] == pytest.approx(information, abs=1e-10)


def test_lists_hold_the_best_and_support_is_their_union(cases) -> None:
    X, y = cases
    fitted = FcmSelector(fisher=3, poe_acc=4, mutual_information=2).fit(X, y)
    names = {key: list(X.columns[columns]) for key, columns in fitted.chosen_.items()}
    by_name = pd.DataFrame(
        {"fisher": fitted.fisher_, "information": fitted.mutual_information_}, index=X.columns
    ).sort_index()
    best = by_name["fisher"].sort_values(ascending=False, kind="stable").index[:3]
    assert names["fisher"] == list(best)
    best = by_name["information"].sort_values(ascending=False, kind="stable").index[:2]
    assert names["mutual_information"] == list(best)
    errors = dict(zip(X.columns, fitted.poe_))
    assert names["poe_acc"] == slow_poe_acc(X, errors, 4)
    assert set(X.columns[fitted.get_support()]) == set().union(*names.values())


@pytest.mark.parametrize("rule", ["nearest-mean", "nearest-neighbour"])
def test_order_of_columns_and_rows_does_not_matter(cases, rule) -> None:
    X, y = cases
    X = X.assign(twin=X["f03"], another=X["f07"])
    random = np.random.default_rng(0)
    wanted = set(FcmSelector(4, 4, 4, rule).fit(X, y).get_feature_names_out())
    for _ in range(5):
        rows, columns = random.permutation(len(X)), random.permutation(X.shape[1])
        again = FcmSelector(4, 4, 4, rule).fit(X.iloc[rows, columns], y[rows])
        assert set(again.get_feature_names_out()) == wanted


def test_equal_features_are_taken_by_name_and_poe_acc_avoids_the_twin() -> None:
    random = np.random.default_rng(5)
    y = np.repeat([0, 1], 20)
    good = random.normal(size=40) + 3 * y
    X = pd.DataFrame({"b": good, "a": good, "c": random.normal(size=40) + y})
    fitted = FcmSelector(fisher=1, poe_acc=2, mutual_information=1).fit(X, y)
    assert list(fitted.get_feature_names_out()) == ["a", "c"]


def test_constant_features_are_never_chosen() -> None:
    random = np.random.default_rng(6)
    y = np.repeat([0, 1], 15)
    X = pd.DataFrame({"a": np.full(30, 0.1), "b": random.normal(size=30)})
    fitted = FcmSelector().fit(X, y)
    assert list(fitted.get_feature_names_out()) == ["b"]
    assert (fitted.fisher_[0], fitted.poe_[0], fitted.mutual_information_[0]) == (0, 0.5, 0)
    assert not fitted.fallback_


def test_only_constant_features_keep_the_first_by_name() -> None:
    X = pd.DataFrame({"b": np.full(10, 0.1), "a": np.full(10, 0.2)})
    fitted = FcmSelector().fit(X, np.repeat([0, 1], 5))
    assert list(fitted.get_feature_names_out()) == ["a"]
    assert fitted.fallback_


def test_separation_without_variation_is_infinitely_good() -> None:
    y = np.repeat([0, 1], 7)
    X = pd.DataFrame({"exact": np.where(y, 0.3, 0.1), "noise": np.arange(14.0) % 3})
    fitted = FcmSelector(1, 1, 1, "nearest-neighbour").fit(X, y)
    assert np.isinf(fitted.fisher_[0])
    assert fitted.poe_[0] == 0
    assert fitted.mutual_information_[0] == 1
    assert list(fitted.get_feature_names_out()) == ["exact"]


def test_features_of_extreme_size_are_compared_without_overflow() -> None:
    random = np.random.default_rng(8)
    y = np.repeat([0, 1], 20)
    base = random.normal(size=(40, 3)) + y[:, None]
    plain = FcmSelector(1, 2, 1).fit(base, y).get_support()
    scaled = FcmSelector(1, 2, 1).fit(base * [1e-150, 1.0, 1e150], y).get_support()
    np.testing.assert_array_equal(plain, scaled)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fisher": -1}, "must not be negative"),
        ({"fisher": 0, "poe_acc": 0, "mutual_information": 0}, "not all be 0"),
        ({"poe_rule": "svm"}, "poe_rule must be 'nearest-mean' or"),
        ({"bins": 1}, "bins must be 'sturges' or a number of at least 2"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message) -> None:
    with pytest.raises(DlrError, match=message):
        FcmSelector(**settings).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize("rule", ["nearest-mean", "nearest-neighbour"])
def test_scikit_learn_contract(rule) -> None:
    for estimator, check in estimator_checks_generator(FcmSelector(poe_rule=rule)):
        if "array_api" not in check.func.__name__:
            check(estimator)
