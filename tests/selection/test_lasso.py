"""The LASSO selector beyond its agreement with glmnet: folds, fallbacks, speed."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import lasso_path as sklearn_path

from dlr.errors import DlrError
from dlr.selection import LassoSelector


def make(n: int, p: int, seed: int = 0, signal: float = 1.0) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p))
    X[:, 1::2] += 0.9 * X[:, : 2 * (p // 2) : 2]
    y = (signal * X[:, :4].sum(axis=1) + random.normal(size=n) > 0).astype(int)
    return pd.DataFrame(X, columns=[f"f{number}" for number in range(p)]), y


def test_informative_features_are_found() -> None:
    X, y = make(200, 40)
    model = LassoSelector(random_state=0).fit(X, y)
    assert model.coefficients_.abs().nlargest(3).index.isin(["f0", "f1", "f2", "f3"]).all()
    assert model.lambda_ == model.lambda_min_ < model.lambda_1se_
    assert not model.fallback_
    fewer = LassoSelector(rule="1se", random_state=0).fit(X, y)
    assert fewer.lambda_ == model.lambda_1se_
    assert fewer.get_support().sum() < model.get_support().sum()


def test_gaussian_path_equals_scikit_learn() -> None:
    X, y = make(120, 25)
    values = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    model = LassoSelector("gaussian", minimum_gain=0, random_state=0).fit(values, y)
    _, expected, _ = sklearn_path(
        values, y - y.mean(), alphas=model.lambdas_, tol=1e-14, max_iter=100_000
    )
    np.testing.assert_allclose(model.coefficient_path_, expected.T, atol=1e-6)


def test_continuous_outcome() -> None:
    X, _ = make(100, 10)
    outcome = 2 * X["f2"] + np.random.default_rng(1).normal(size=100)
    model = LassoSelector("gaussian", random_state=0).fit(X, outcome)
    assert model.coefficients_.abs().idxmax() == "f2"
    assert np.corrcoef(model.linear_score(X), outcome)[0, 1] > 0.8


def test_more_features_than_cases() -> None:
    X, y = make(50, 200)
    model = LassoSelector(random_state=0).fit(X, y)
    assert model.lambdas_[-1] >= 0.01 * model.lambdas_[0] * (1 - 1e-12)
    assert model.get_support().sum() <= 50


def test_noise_falls_back_on_the_first_feature_to_enter() -> None:
    found = 0
    for seed in range(8):
        random = np.random.default_rng(seed)
        X, y = random.normal(size=(60, 5)), np.arange(60) % 2
        model = LassoSelector(rule="1se", random_state=0).fit(X, y)
        assert model.get_support().any()
        if model.fallback_:
            found += 1
            first = np.flatnonzero(model.coefficient_path_.any(axis=1))[0]
            assert model.lambda_ == model.lambdas_[first]
            np.testing.assert_array_equal(model.get_support(), model.coefficient_path_[first] != 0)
            assert model.coefficients_.ne(0).sum() == model.get_support().sum()
    assert found > 0


def test_scale_of_the_input_does_not_matter() -> None:
    X, y = make(100, 8)
    factors = np.geomspace(1e-4, 1e4, 8)
    one = LassoSelector(random_state=0).fit(X, y)
    other = LassoSelector(random_state=0).fit(X * factors + 5, y)
    np.testing.assert_array_equal(one.get_support(), other.get_support())
    np.testing.assert_allclose(other.coefficients_ * factors, one.coefficients_, atol=1e-7)
    np.testing.assert_allclose(other.linear_score(X * factors + 5), one.linear_score(X), atol=1e-6)


def test_order_of_the_columns_does_not_matter() -> None:
    X, y = make(100, 20)
    one = LassoSelector(random_state=0).fit(X, y)
    other = LassoSelector(random_state=0).fit(X[X.columns[::-1]], y)
    np.testing.assert_allclose(other.coefficients_[X.columns], one.coefficients_, atol=1e-8)


def test_identical_features_do_not_stop_it() -> None:
    X, y = make(80, 6)
    X["copy"] = X["f0"]
    X["constant"] = 1.0
    model = LassoSelector(random_state=0).fit(X, y)
    assert np.isfinite(model.coefficient_path_).all()
    assert model.coefficients_["constant"] == 0
    plain = LassoSelector(random_state=0).fit(X.drop(columns=["copy", "constant"]), y)
    np.testing.assert_allclose(model.cv_mean_[:40], plain.cv_mean_[:40], rtol=1e-6)


def test_separated_classes_give_finite_coefficients() -> None:
    y = np.arange(40) % 2
    X = np.column_stack([y * 10.0, np.random.default_rng(0).normal(size=40)])
    model = LassoSelector(random_state=0).fit(X, y)
    assert np.isfinite(model.coefficient_path_).all()
    assert model.get_support()[0]


def test_patients_are_never_torn_apart() -> None:
    X, y = make(90, 6)
    patients = np.repeat(np.arange(45), 2)
    y = np.repeat(y[::2], 2)
    model = LassoSelector(folds=5, random_state=3).fit(X, y, groups=patients)
    for patient in range(45):
        assert len(set(model.fold_id_[patients == patient])) == 1
    assert model.n_folds_ == 5


def test_folds_are_stratified_and_follow_the_seed() -> None:
    X, y = make(100, 5)
    y = (np.arange(100) < 20).astype(int)
    one = LassoSelector(folds=10, random_state=1).fit(X, y)
    again = LassoSelector(folds=10, random_state=1).fit(X, y)
    other = LassoSelector(folds=10, random_state=2).fit(X, y)
    np.testing.assert_array_equal(one.fold_id_, again.fold_id_)
    assert (one.fold_id_ != other.fold_id_).any()
    assert set(np.bincount(one.fold_id_[y == 1])) == {2}


def test_rare_class_reduces_the_folds() -> None:
    X, _ = make(40, 4)
    y = (np.arange(40) < 4).astype(int)
    assert LassoSelector(folds=10, random_state=0).fit(X, y).n_folds_ == 4
    with pytest.raises(DlrError, match=r"at least two cases, .* n_samples = 1"):
        LassoSelector(random_state=0).fit(X, (np.arange(40) < 1).astype(int))
    with pytest.raises(DlrError, match=r"at least two groups .patients."):
        LassoSelector(random_state=0).fit(X, y, groups=np.minimum(np.arange(40) // 4, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "poisson"}, "family must be one of binomial, gaussian, got 'poisson'"),
        ({"rule": "best"}, "rule must be one of min, 1se, got 'best'"),
        ({"measure": "mse"}, "measure must be one of deviance, auc, class for family 'binomial'"),
        ({"folds": 1}, "folds must be at least 2, got 1"),
        ({"lambdas": [0.1, -1.0]}, "lambdas must be positive finite numbers"),
    ],
)
def test_unknown_options(options, message) -> None:
    X, y = make(40, 3)
    with pytest.raises(DlrError, match=message):
        LassoSelector(**options).fit(X, y)


def test_wrong_shapes_and_empty_signal() -> None:
    X, y = make(40, 3)
    with pytest.raises(DlrError, match="fold_id must name the fold of each of 40 cases"):
        LassoSelector().fit(X, y, fold_id=[0, 1])
    with pytest.raises(DlrError, match="groups must name the group of each of 40 cases"):
        LassoSelector().fit(X, y, groups=[0, 1])
    with pytest.raises(DlrError, match="at least two different folds"):
        LassoSelector().fit(X, y, fold_id=np.zeros(40))
    with pytest.raises(DlrError, match="no feature varies with the outcome"):
        LassoSelector().fit(np.ones((40, 3)), y)
    with pytest.raises(DlrError, match="y is constant"):
        LassoSelector("gaussian").fit(X, np.full(40, 2.0))


def test_given_penalties_are_sorted() -> None:
    X, y = make(60, 5)
    model = LassoSelector(lambdas=[0.01, 0.1, 0.05], random_state=0).fit(X, y)
    assert list(model.lambdas_) == [0.1, 0.05, 0.01]
    assert model.coefficient_path_.shape == (3, 5)


def test_few_cases_per_fold_are_weighed_singly() -> None:
    X, y = make(24, 3)
    model = LassoSelector(folds=12, random_state=0).fit(X, y)
    assert np.isfinite(model.cv_sd_).all()
    assert (model.cv_sd_ > 0).all()


def test_ten_folds_and_a_hundred_penalties_take_well_under_a_second() -> None:
    X, y = make(150, 100)
    LassoSelector(random_state=0).fit(X.iloc[:40, :5], y[:40])  # compiled, or read from the cache
    started = time.process_time()
    LassoSelector(random_state=0).fit(X, y)
    assert time.process_time() - started < 1
