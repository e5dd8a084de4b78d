"""Ridge logistic regression against scikit-learn and the penalised likelihood's own equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.models.ridge import STRENGTHS, fit_ridge


def data(n: int = 80) -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(0)
    design = pd.DataFrame({"age": generator.normal(50, 10, n), "mark": generator.integers(0, 2, n)})
    risk = expit(0.08 * (design["age"] - 50) + design["mark"] - 0.5)
    return design.astype(float), pd.Series((generator.random(n) < risk).astype(int))


def test_the_score_equations_hold_at_some_strength() -> None:
    design, outcome = data()
    model = fit_ridge(design, outcome)
    probability = model.predict_probability(design)
    scale = design.std(ddof=0)
    standardised = (design - design.mean()) / scale
    gradient = standardised.T.to_numpy() @ (outcome.to_numpy() - probability)
    slopes = model.coefficients.drop("intercept").to_numpy() * scale.to_numpy()
    strengths = slopes / gradient  # gradient = slope / C
    np.testing.assert_allclose(strengths, strengths[0], rtol=1e-4)
    assert min(abs(np.log(np.asarray(STRENGTHS) / strengths[0]))) < 1e-3
    assert probability.mean() == pytest.approx(outcome.mean(), abs=1e-6)
    assert model.method == "ridge"


def test_separation_and_constant_columns_stay_finite() -> None:
    design = pd.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "flat": 1.0})
    model = fit_ridge(design, pd.Series([0, 0, 0, 1, 1, 1]))
    assert np.isfinite(model.coefficients).all()
    assert model.coefficients["x"] > 0
    assert model.coefficients["flat"] == 0
