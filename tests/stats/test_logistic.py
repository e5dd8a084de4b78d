"""Logistic regression: optimum, separation, Firth, profile likelihood."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from dlr.errors import DlrError
from dlr.stats import LogisticModel, fit_logistic
from dlr.stats._logistic_fit import independent_columns, separates
from dlr.stats.logistic import fit_columns


def data(n: int = 120, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"a": rng.normal(50, 8, n), "b": rng.normal(0, 0.01, n), "c": rng.random(n) > 0.8}
    )
    X = X.astype(float)
    return X, (rng.random(n) < expit(0.1 * (X["a"] - 50) + 60 * X["b"] + X["c"] - 0.5)).astype(int)


def penalised(beta: np.ndarray, design: np.ndarray, y: np.ndarray) -> float:
    """Minus Firth's objective, written out."""
    eta = design @ beta
    weight = expit(eta) * expit(-eta)
    information = design.T @ (design * weight[:, None])
    return -(y @ eta - np.logaddexp(0, eta).sum() + 0.5 * np.linalg.slogdet(information)[1])


def test_score_is_zero_at_the_estimate():
    X, y = data()
    model = fit_logistic(X, y)
    residual = y - model.predict_probability(X)
    assert abs(residual.sum()) < 1e-9
    np.testing.assert_allclose(X.T @ residual, 0, atol=1e-7)
    assert model.method == "maximum likelihood"
    assert not model.separated


def test_scale_and_offset_change_nothing():
    X, y = data()
    moved = X.assign(a=1e6 + 1e3 * X["a"])
    first, second = fit_logistic(X, y), fit_logistic(moved, y)
    assert second.coefficients["a"] * 1e3 == pytest.approx(first.coefficients["a"], rel=1e-8)
    np.testing.assert_allclose(first.predict_log_odds(X), second.predict_log_odds(moved), rtol=1e-7)


def test_firth_of_a_two_by_two_table_adds_a_half_to_each_cell():
    x = np.repeat([0.0, 0, 1, 1], [7, 3, 0, 5])
    y = np.repeat([0, 1, 0, 1], [7, 3, 0, 5])
    model = fit_logistic(pd.DataFrame({"x": x}), y)
    assert model.separated
    assert model.method == "firth"
    assert model.coefficients["intercept"] == pytest.approx(np.log(3.5 / 7.5), rel=1e-8)
    want = np.log((5.5 / 0.5) / (3.5 / 7.5))
    assert model.coefficients["x"] == pytest.approx(want, rel=1e-8)


def test_firth_maximises_the_penalised_likelihood():
    X, y = data(40)
    model = fit_logistic(X, y, penalty="firth")
    design = np.column_stack([np.ones(40), (X - X.mean()) / X.std(ddof=0)])
    best = minimize(penalised, np.zeros(4), args=(design, y), options={"gtol": 1e-9})
    np.testing.assert_allclose(
        model.coefficients[["a", "b", "c"]], best.x[1:] / X.std(ddof=0), rtol=1e-5
    )
    assert not model.separated


@pytest.mark.parametrize("margin", [1e-3, 1.0, 1e6])
def test_perfect_separation_is_found_at_any_margin(margin):
    x = np.concatenate([-np.arange(1.0, 21), np.arange(1.0, 21)]) * margin
    model = fit_logistic(pd.DataFrame({"x": x}), x > 0)
    assert model.separated
    assert np.isfinite(model.coefficients).all()
    assert 0 < model.coefficients["x"] * margin < 10


def test_strong_but_overlapping_predictors_are_not_called_separated():
    x = np.linspace(-30, 30, 401)
    y = x > 0
    y[200 + 3], y[200 - 3] = False, True
    model = fit_logistic(pd.DataFrame({"x": x}), y)
    assert not model.separated
    assert model.method == "maximum likelihood"
    assert model.coefficients["x"] > 3


def test_a_level_without_events_separates_in_part():
    X, y = data()
    rare = np.zeros(len(y))
    rare[np.flatnonzero(y == 0)[:4]] = 1
    model = fit_logistic(X.assign(rare=rare), y)
    assert model.separated
    assert model.coefficients["rare"] < 0
    with pytest.raises(DlrError, match="separates the classes"):
        fit_logistic(X.assign(rare=rare), y, penalty="none")


def test_separation_is_a_property_of_directions():
    design = np.column_stack([np.ones(6), [0, 1, 2, 3, 4, 5.0], [5, 1, 4, 0, 3, 1.0]])
    assert separates(design, np.array([0, 0, 0, 1, 1, 1.0]))
    assert separates(design[:, :2], np.array([0, 0, 0, 1, 1, 1.0]))
    assert not separates(design[:, :2], np.array([0, 1, 0, 1, 0, 1.0]))


@pytest.mark.parametrize("firth", ["none", "firth"])
def test_profile_limits_are_where_the_likelihood_has_dropped_enough(firth):
    X, y = data(60)
    fit, _ = fit_columns(X.to_numpy(), y.astype(float), firth)
    design, top = fit.design, fit.objective
    for column in range(3):
        for limit in fit.profile_interval(column, 0.95):
            held = limit * fit.scale[column]

            def objective(rest, held=held, column=column):
                beta = np.insert(rest, column + 1, held)
                if firth == "firth":
                    return penalised(beta, design, y)
                return -(y @ (design @ beta) - np.logaddexp(0, design @ beta).sum())

            best = minimize(objective, np.zeros(3), options={"gtol": 1e-9})
            assert 2 * (top + best.fun) == pytest.approx(3.841458820694124, rel=1e-7)


def test_constant_and_repeated_columns_keep_predictions():
    X, y = data()
    plain = fit_logistic(X, y)
    odd = fit_logistic(X.assign(one=1.0, again=X["a"] * 2), y)
    np.testing.assert_allclose(
        odd.predict_log_odds(X.assign(one=1.0, again=X["a"] * 2)),
        plain.predict_log_odds(X),
        rtol=1e-7,
    )


def test_independent_columns():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1e6, 1, (2, 50))
    values = np.column_stack([np.full(50, 3.0), a, 2 * a - 1, b, a + b, np.zeros(50)])
    assert independent_columns(values) == [1, 3]
    assert independent_columns(np.zeros((0, 2))) == []


def test_round_trip():
    X, y = data()
    model = fit_logistic(X, y)
    again = LogisticModel.from_dict(model.to_dict())
    np.testing.assert_array_equal(again.predict_log_odds(X), model.predict_log_odds(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.ones(120)}, "both classes"),
        ({"y": np.arange(120)}, "coded 0"),
        ({"y": [0, 1]}, "120 rows"),
        ({"penalty": "ridge"}, "penalty must be one of"),
    ],
)
def test_wrong_arguments(change, message):
    X, y = data()
    with pytest.raises(DlrError, match=message):
        fit_logistic(**({"X": X, "y": y} | change))


def test_missing_values_are_refused():
    X, y = data()
    X.loc[4, "b"] = np.nan
    with pytest.raises(DlrError, match="column 'b' has missing"):
        fit_logistic(X, y)
    with pytest.raises(DlrError, match="needs the column 'c'"):
        fit_logistic(*data()).predict_log_odds(X[["a", "b"]])
