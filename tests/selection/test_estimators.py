"""Every selector keeps scikit-learn's contract and DataFrames stay DataFrames."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from dlr.errors import DlrError
from dlr.selection import (
    AgreementFilter,
    ConstantFilter,
    LassoSelector,
    MannWhitneyFilter,
    SpearmanFilter,
)

SELECTORS = [
    AgreementFilter(),
    ConstantFilter(),
    MannWhitneyFilter(),
    SpearmanFilter(),
    SpearmanFilter(variant="published"),
    LassoSelector(folds=3, random_state=0),
    LassoSelector("gaussian", folds=3, random_state=0),
]


CHECKS = [
    pytest.param(estimator, check, id=f"{estimator!r}-{check.func.__name__}")
    for selector in SELECTORS
    for estimator, check in estimator_checks_generator(selector)
    # Array API input is for estimators that claim it; NumPy and pandas are what these take.
    if "array_api" not in check.func.__name__
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learn_contract(estimator, check) -> None:
    check(estimator)


@pytest.fixture
def cases() -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(1)
    names = [f"sag.rad.feature_{number}" for number in range(12)]
    X = pd.DataFrame(random.normal(size=(80, 12)), columns=names)
    X.index = [f"P{number}" for number in range(80)]
    y = pd.Series((X.iloc[:, 0] + random.normal(size=80) > 0).astype(int), name="outcome")
    return X, y.set_axis(X.index)


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
def test_dataframe_in_dataframe_out(selector, cases) -> None:
    X, y = cases
    fitted = clone(selector).fit(X, y)
    kept = fitted.transform(X)
    assert isinstance(kept, pd.DataFrame)
    assert kept.index.equals(X.index)
    assert list(kept.columns) == list(fitted.get_feature_names_out())
    assert list(kept.columns) == list(X.columns[fitted.get_support()])
    pd.testing.assert_frame_equal(kept, X[kept.columns])
    assert isinstance(fitted.fallback_, bool)


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
def test_array_and_dataframe_agree(selector, cases) -> None:
    X, y = cases
    named = clone(selector).fit(X, y).get_support()
    plain = clone(selector).fit(X.to_numpy(), y.to_numpy()).get_support()
    np.testing.assert_array_equal(named, plain)


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
def test_survives_pickling(selector, cases) -> None:
    X, y = cases
    fitted = clone(selector).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.transform(X), fitted.transform(X))


def test_in_a_pipeline(cases) -> None:
    X, y = cases
    pipeline = make_pipeline(
        ConstantFilter(), StandardScaler(), MannWhitneyFilter(0.5), LassoSelector(random_state=0)
    ).set_output(transform="pandas")
    kept = pipeline.fit_transform(X, y)
    assert "sag.rad.feature_0" in kept.columns


def test_columns_in_another_order_are_refused(cases) -> None:
    X, y = cases
    fitted = MannWhitneyFilter().fit(X, y)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(X[X.columns[::-1]])


def test_names_that_occur_twice_are_refused(cases) -> None:
    X, y = cases
    twice = X.set_axis(["same", "same", *X.columns[2:]], axis=1)
    with pytest.raises(DlrError, match="'same' occurs more than once"):
        MannWhitneyFilter().fit(twice, y)


@pytest.mark.parametrize("selector", [MannWhitneyFilter(), SpearmanFilter(), LassoSelector()])
def test_missing_values_name_the_feature(selector, cases) -> None:
    X, y = cases
    X.iloc[4, 2] = np.nan
    with pytest.raises(DlrError, match=r"1 of 12 features contain NaN.*'sag.rad.feature_2'"):
        selector.fit(X, y)


@pytest.mark.parametrize("selector", [MannWhitneyFilter(), LassoSelector()])
@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (np.ones(80), "exactly two classes, got 1 class"),
        (np.arange(80) % 3, "exactly two classes, got 3 classes"),
        (np.full(80, np.nan), "y contains NaN"),
        (np.linspace(0, 1, 80), "Unknown label type: continuous"),
    ],
)
def test_outcome_must_have_two_classes(selector, outcome, message, cases) -> None:
    with pytest.raises(DlrError, match=message):
        selector.fit(cases[0], outcome)


def test_text_classes(cases) -> None:
    X, y = cases
    words = y.map({0: "benign", 1: "malignant"})
    for selector in (MannWhitneyFilter(), LassoSelector(random_state=0)):
        by_number = clone(selector).fit(X, y).get_support()
        np.testing.assert_array_equal(selector.fit(X, words).get_support(), by_number)
        assert list(selector.classes_) == ["benign", "malignant"]
