"""Confidence intervals of a nomogram are those of the logistic regression behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit

from dlr.errors import DlrError
from dlr.models.chart import chart_covariance
from dlr.models.clinical import DLR_SCORE, fit_clinical
from dlr.models.nomogram import Nomogram
from dlr.models.nomogram_interval import design_matrix, parameter_count
from dlr.settings import ClinicalVariable

VARIABLES = ["leg", "age", "smoker"]


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    random = np.random.default_rng(8)
    n = 300
    frame = pd.DataFrame(
        {
            "leg": random.choice(["none", "one", "both"], n),
            "age": random.normal(50, 12, n),
            "smoker": random.random(n) < 0.4,
        }
    )
    log_odds = 0.04 * (frame["age"] - 50) + (frame["leg"] == "both")
    frame["surgery"] = (random.random(n) < expit(log_odds)).astype(int)
    return frame


@pytest.fixture(scope="module")
def nomogram(patients) -> Nomogram:
    return Nomogram.fit(patients, "surgery", VARIABLES, splines={"age": 4})


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_interval_equals_that_of_statsmodels(patients, nomogram, level) -> None:
    design = design_matrix(nomogram.terms, patients)
    assert design.shape == (300, parameter_count(nomogram.terms))
    model = sm.GLM(patients["surgery"], design, family=sm.families.Binomial()).fit(tol=1e-12)
    expected = model.get_prediction(design).summary_frame(alpha=1 - level)
    found = nomogram.confidence_interval(patients, level)
    np.testing.assert_allclose(found["low"], expected["mean_ci_lower"], rtol=1e-6)
    np.testing.assert_allclose(found["high"], expected["mean_ci_upper"], rtol=1e-6)
    np.testing.assert_allclose(nomogram.probability(patients), expected["mean"], rtol=1e-7)


def test_one_case_gives_two_numbers_around_its_probability(patients, nomogram) -> None:
    case = patients.iloc[0]
    limits = nomogram.confidence_interval(case)
    assert list(limits.index) == ["low", "high"]
    assert limits["low"] < nomogram.probability(case) < limits["high"]


def test_dictionary_keeps_the_covariance_and_old_ones_lack_it(nomogram, patients) -> None:
    item = nomogram.to_dict()
    assert Nomogram.from_dict(item) == nomogram
    del item["covariance"]
    old = Nomogram.from_dict(item)
    with pytest.raises(DlrError, match="has no covariance of its coefficients"):
        old.confidence_interval(patients)


def test_wrong_covariances_are_refused(nomogram) -> None:
    with pytest.raises(DlrError, match="must be 7 x 7"):
        replace(nomogram, covariance=((1.0,),))
    matrix = np.eye(7)
    matrix[0, 1] = 1
    with pytest.raises(DlrError, match="symmetric and finite"):
        replace(nomogram, covariance=tuple(map(tuple, matrix)))
    with pytest.raises(DlrError, match="level must lie strictly between 0 and 1"):
        nomogram.confidence_interval({"leg": "one", "age": 50, "smoker": True}, 1.0)


def test_covariance_of_a_study_is_in_the_order_of_the_drawing(patients) -> None:
    score = pd.Series(np.random.default_rng(2).normal(size=len(patients)))
    settings = {
        "leg": ClinicalVariable(type="categorical", reference="none"),
        "age": ClinicalVariable(type="continuous"),
    }
    model = fit_clinical(patients, patients["surgery"], ("leg", "age"), settings, score)
    matrix = np.asarray(chart_covariance(model))
    names = ["intercept", *model.encoder.variables[0].columns, "age", DLR_SCORE]
    errors = [model.logistic.standard_error(name) for name in names]
    np.testing.assert_allclose(np.sqrt(np.diag(matrix)), errors)
    shrunk = fit_clinical(
        patients, patients["surgery"], ("leg", "age"), settings, score, penalised=True
    )
    assert chart_covariance(shrunk) == ()
