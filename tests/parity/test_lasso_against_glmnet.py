"""LASSO paths and cross-validation equal glmnet and cv.glmnet, given the same folds.

References with ``thresh = 1e-20``; glmnet's optimality conditions then hold to 6e-11. At its
default of 1e-7 its coefficients are off by 2e-3, so those runs are compared in what survives.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.selection import LassoSelector

FAMILIES = ["binomial", "gaussian"]


@pytest.fixture(scope="module")
def cancer(reference_table) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    table = reference_table("breast_cancer")
    features = table.iloc[:, :30]
    scaled = (features - features.mean()) / features.std(ddof=0)
    return scaled, table["malignant"].to_numpy(), table["foldid"].to_numpy()


@pytest.fixture(scope="module")
def lasso(reference):
    return reference("lasso")


def check_cross_validation(model: LassoSelector, expected: dict) -> None:
    """Compare sequence, losses and both choices."""
    np.testing.assert_allclose(model.lambdas_, expected["lambda"], rtol=1e-9)
    np.testing.assert_allclose(model.cv_mean_, expected["cvm"], rtol=1e-7)
    np.testing.assert_allclose(model.cv_sd_, expected["cvsd"], rtol=1e-7)
    assert model.lambda_min_ == pytest.approx(expected["lambda_min"], rel=1e-9)
    assert model.lambda_1se_ == pytest.approx(expected["lambda_1se"], rel=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_path_and_losses_at_shared_penalties(cancer, lasso, family) -> None:
    X, y, folds = cancer
    expected = lasso[f"{family}_fixed_lambda"]
    model = LassoSelector(family, standardize=False, minimum_gain=0).fit(X, y, fold_id=folds)
    check_cross_validation(model, expected)
    tolerance = 1e-5 if family == "binomial" else 1e-6
    path = expected["path"]
    np.testing.assert_allclose(
        model.coefficient_path_, path["beta_rows_are_lambda"], atol=tolerance
    )
    np.testing.assert_allclose(model.intercept_path_, path["a0"], atol=tolerance)
    np.testing.assert_allclose(model.explained_deviance_, path["dev_ratio"], atol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rule", ["min", "1se"])
def test_selected_features_and_score(cancer, lasso, family, rule) -> None:
    X, y, folds = cancer
    expected = lasso[f"{family}_fixed_lambda"]
    model = LassoSelector(family, rule, standardize=False, minimum_gain=0)
    kept = model.fit(X, y, fold_id=folds).transform(X)
    wanted = expected[f"at_{rule}"]
    assert list(kept.columns) == wanted["selected"]
    assert list(model.get_feature_names_out()) == wanted["selected"]
    np.testing.assert_allclose(model.coefficients_, wanted["coef"], atol=1e-5)
    assert model.intercept_ == pytest.approx(wanted["intercept"], abs=1e-6)
    if rule == "1se":
        score = model.linear_score(X)[:20]
        np.testing.assert_allclose(score, expected["lp_at_1se_first20"], rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_call_where_every_fold_has_its_own_sequence(cancer, lasso, family) -> None:
    X, y, folds = cancer
    # Paths may end early here, those of the folds too, as glmnet's do.
    model = LassoSelector(family, standardize=False, fold_sequence="own")
    check_cross_validation(model.fit(X, y, fold_id=folds), lasso[f"{family}_default_lambda"])


@pytest.mark.parametrize("measure", ["auc", "class"])
def test_other_losses(cancer, lasso, measure) -> None:
    X, y, folds = cancer
    model = LassoSelector(measure=measure, standardize=False, minimum_gain=0)
    model.fit(X, y, fold_id=folds)
    check_cross_validation(model, lasso[f"binomial_{measure}_fixed_lambda"])


def test_scaling_by_the_other_standard_deviation(cancer, lasso) -> None:
    X, y, folds = cancer
    other = X * np.sqrt((len(X) - 1) / len(X))
    model = LassoSelector(standardize=False, fold_sequence="own").fit(other, y, fold_id=folds)
    check_cross_validation(model, lasso["binomial_ddof1_default_lambda"])


@pytest.mark.parametrize("family", FAMILIES)
def test_raw_features_are_standardised_as_glmnet_does(
    reference_table, cancer, lasso, family
) -> None:
    raw = reference_table("breast_cancer").iloc[:, :30]
    scaled, y, folds = cancer
    model = LassoSelector(family, minimum_gain=0).fit(raw, y, fold_id=folds)
    again = LassoSelector(family, minimum_gain=0).fit(scaled, y, fold_id=folds)
    expected = lasso[f"{family}_package_defaults_raw_x"]
    n = expected["n_lambda"]
    np.testing.assert_allclose(model.lambdas_[:n], expected["lambda"], rtol=1e-9)
    assert model.lambda_1se_ == pytest.approx(expected["lambda_1se"], rel=1e-9)
    # Coefficients come back on the scale of the input; the score does not depend on it.
    np.testing.assert_allclose(model.linear_score(raw), again.linear_score(scaled), atol=1e-7)
    np.testing.assert_allclose(
        model.linear_score(raw)[:3], again.linear_score(scaled)[:3], rtol=1e-6
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_optimality_conditions_hold_better_than_in_the_reference(cancer, family) -> None:
    X, y, folds = cancer
    model = LassoSelector(family, minimum_gain=0).fit(X, y, fold_id=folds)
    linear = X.to_numpy() @ model.coefficient_path_.T + model.intercept_path_
    expected = 1 / (1 + np.exp(-linear)) if family == "binomial" else linear
    gradient = X.to_numpy().T @ (y[:, None] - expected) / len(y)
    slopes, penalty = model.coefficient_path_.T, model.lambdas_[None, :]
    violation = np.where(
        slopes != 0,
        np.abs(gradient - penalty * np.sign(slopes)),
        np.maximum(np.abs(gradient) - penalty, 0),
    )
    assert violation.max() < 3e-11


def test_birthwt_as_in_r(reference_table) -> None:
    # cv.glmnet(x, low, family, foldid = (seq_len(n) - 1) %% 10 + 1) with
    # x = model.matrix(~ age + lwt + smoke + race + ptl + ht + ui + ftv)[, -1], raw scale
    table = reference_table("birthwt")
    x = pd.DataFrame(
        {
            "age": table["age"],
            "lwt": table["lwt"],
            "smoke": table["smoke"],
            "race2": (table["race"] == "black").astype(int),
            "race3": (table["race"] == "other").astype(int),
            "ptl": table["ptl"],
            "ht": table["ht"],
            "ui": table["ui"],
            "ftv": table["ftv"],
        }
    )
    folds = np.arange(len(x)) % 10
    binomial = LassoSelector("binomial", fold_sequence="own").fit(x, table["low"], fold_id=folds)
    assert binomial.lambdas_[0] == pytest.approx(0.09086262336, rel=1e-9)
    assert binomial.lambda_min_ == pytest.approx(0.009742901274, rel=1e-9)
    assert binomial.lambda_1se_ == pytest.approx(0.03933226059, rel=1e-9)
    gaussian = LassoSelector("gaussian", fold_sequence="own").fit(x, table["low"], fold_id=folds)
    assert gaussian.lambda_min_ == pytest.approx(0.007370147517, rel=1e-9)
    assert gaussian.lambda_1se_ == pytest.approx(0.03933226059, rel=1e-9)
