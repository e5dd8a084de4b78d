"""What moved a score: exact sums for linear models and Shapley values, and what fusion does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.contributions import explain
from dlr.models.frozen import FrozenChain
from dlr.models.signature import FusedSignature, Signature

NAMES = ("sag.rad.a", "sag.rad.b", "sag.rad.c")


def make_cases(n: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = pd.DataFrame(random.normal(size=(n, 3)), columns=list(NAMES))
    values["sag.rad.a"] = 100 + 30 * values["sag.rad.a"]
    values.loc[random.random(n) < 0.2, "sag.rad.c"] = np.nan
    return values.set_index(pd.Index([f"case{i}" for i in range(n)], name="case_id"))


def make_signature(algorithm: str, name: str = "DLR", **parameters: object) -> Signature:
    scale = pd.Series([30.0, 1.0, 1.0], index=list(NAMES))
    mean = pd.Series([100.0, 0.0, 0.0], index=list(NAMES))
    chain = FrozenChain(
        NAMES, pd.Series(0.1, index=list(NAMES)), mean, scale, {}, {}, {}, algorithm=algorithm
    )
    scaled = chain.scaled(make_cases(150, 1)).to_numpy()
    noise = np.random.default_rng(2).normal(size=len(scaled))
    outcome = (scaled[:, 0] * scaled[:, 1] + scaled[:, 0] + noise > 0).astype(int)
    classifier = CLASSIFIERS[algorithm].make(0, parameters).fit(scaled, outcome)
    return Signature(name, replace(chain, classifier=classifier), -0.3, 1.4)


@pytest.mark.parametrize("algorithm", ["logistic", "linear-svm"])
def test_linear_contributions_are_coefficient_times_z_score_and_sum_exactly(algorithm: str) -> None:
    signature, cases = make_signature(algorithm), make_cases(40, 3)
    found = explain(signature, cases)
    assert found.method == "linear"
    total = found.base + found.values.sum(axis=1)
    np.testing.assert_allclose(total, signature.score(cases), rtol=0, atol=1e-12)
    coefficients = signature.slope * np.ravel(signature.chain.classifier.coef_)
    expected = signature.chain.scaled(cases) * coefficients
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("algorithm", ["svm", "random-forest", "mlp", "lightgbm"])
def test_shapley_values_sum_to_the_score(algorithm: str) -> None:
    signature, cases = make_signature(algorithm), make_cases(6, 4)
    found = explain(signature, cases)
    assert found.method == "shapley"
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), found.scores, atol=1e-9)
    assert found.seconds > 0


def test_shapley_values_of_a_linear_model_are_its_contributions() -> None:
    signature, cases = make_signature("logistic"), make_cases(5, 6)
    exact = explain(signature, cases, method="linear")
    shapley = explain(signature, cases, method="shapley")
    np.testing.assert_allclose(shapley.values, exact.values, rtol=0, atol=1e-9)


def test_a_late_fusion_names_features_by_member_and_sums_exactly() -> None:
    members = (make_signature("logistic", "Rad_sag"), make_signature("linear-svm", "DL_sag"))
    fused = FusedSignature("Late", members, (0.6, 0.9), -0.2)
    cases = make_cases(9, 8)
    found = explain(fused, cases)
    assert found.feature_set == "Late"
    assert "Rad_sag/sag.rad.a" in found.values
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), found.scores, atol=1e-12)


def test_one_case_lists_its_strongest_feature_first() -> None:
    found = explain(make_signature("logistic"), make_cases(3, 9))
    rows = found.case("case1")
    sizes = rows["contribution"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    assert list(found.to_frame()["case_id"].unique()) == ["case0", "case1", "case2"]


def test_asking_for_a_line_where_there_is_none_is_refused() -> None:
    with pytest.raises(DlrError, match="SVM is not linear; take method 'shapley'"):
        explain(make_signature("svm"), make_cases(3, 9), method="linear")
