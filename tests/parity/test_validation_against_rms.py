"""Optimism and calibration bootstraps against rms 6.5-0 on the very resamples R drew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.stats import calibration_bootstrap, optimism_bootstrap


def fit(X, y):
    """Maximum-likelihood logistic regression by Newton's method, to full precision."""
    design = np.column_stack([np.ones(len(X)), X.to_numpy(float)])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(design @ beta)
        step = np.linalg.solve((design.T * (p * (1 - p))) @ design, design.T @ (y - p))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    return beta


def predict(beta, X):
    return expit(np.column_stack([np.ones(len(X)), X.to_numpy(float)]) @ beta)


@pytest.fixture(scope="module")
def expected(reference):
    return reference("validate_calibrate")["birthwt"]


@pytest.fixture(scope="module")
def resamples(reference):
    return np.array(reference("validate_indices")["indices0"])


@pytest.fixture(scope="module")
def birthwt(reference_table):
    table = reference_table("birthwt")
    return table.low, pd.DataFrame(
        {
            "age": table.age,
            "lwt": table.lwt,
            "black": table.race == "black",
            "other": table.race == "other",
            "smoke": table.smoke,
            "ptl_any": table.ptl > 0,
            "ht": table.ht,
            "ui": table.ui,
        }
    ).astype(float)


def test_validate(expected, resamples, birthwt):
    y, X = birthwt
    names = {"dxy": "Dxy", "brier": "B", "auc": "AUC", "intercept": "Intercept", "slope": "Slope"}
    result = optimism_bootstrap(fit, predict, X, y, list(names), resamples=resamples)
    r = expected["validate_converged"]
    table = pd.DataFrame(r["values"], index=r["rownames"], columns=r["colnames"])
    rows = {
        "index.orig": result.apparent,
        "training": result.training.mean(),
        "test": result.test.mean(),
        "optimism": result.optimism,
        "index.corrected": result.corrected,
    }
    for row, values in rows.items():
        for name, column in names.items():
            assert values[name] == pytest.approx(table.loc[row, column], rel=1e-8, abs=1e-9)
    # rms itself stops fitting early, at a change of 0.025 in -2 log-likelihood.
    rms_auc = expected["AUC_corrected_rms"]
    assert result.corrected["auc"] == pytest.approx(rms_auc, abs=1e-7)


def test_each_resample(expected, resamples, birthwt):
    y, X = birthwt
    per_resample = expected["per_resample_converged"]
    result = optimism_bootstrap(fit, predict, X, y, ["auc", "brier"], resamples=resamples)
    where = [per_resample["columns"].index(name) for name in ("AUC", "B")]
    training = np.array(per_resample["train"])[:, where]
    test = np.array(per_resample["test"])[:, where]
    np.testing.assert_allclose(result.training, training, rtol=1e-9)
    np.testing.assert_allclose(result.test, test, rtol=1e-9)


def test_calibrate(expected, resamples, birthwt):
    y, X = birthwt
    result = calibration_bootstrap(fit, predict, X, y, resamples=resamples)
    r = expected["calibrate_converged"]
    np.testing.assert_allclose(result.curve.predicted, r["predy"], rtol=1e-12)
    np.testing.assert_allclose(result.curve.apparent, r["orig"], atol=1e-8)
    np.testing.assert_allclose(result.curve.corrected, r["corrected"], atol=1e-8)
    assert result.curve.n_used.tolist() == r["n_used"]
    # As printed by rms, whose fits stop early.
    assert result.mean_absolute_error == pytest.approx(expected["calibrate_MAE"], rel=1e-6)
    assert result.mean_squared_error == pytest.approx(expected["calibrate_MSE"], rel=1e-6)
    assert result.e90 == pytest.approx(expected["calibrate_Q90"], rel=1e-6)
