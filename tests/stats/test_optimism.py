"""Bootstraps that refit the whole procedure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.errors import DlrError
from dlr.stats import calibration_bootstrap, optimism_bootstrap


def fit_mean_difference(X, y):
    """Weigh each column by its difference of class means: overfits noise, never fails."""
    weights = X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)
    return np.asarray(weights)


def predict(weights, X):
    return expit(np.asarray(X) @ weights)


@pytest.fixture
def noise():
    rng = np.random.default_rng(70)
    return rng.normal(size=(80, 30)), rng.random(80) < 0.5


def test_noise_is_corrected_to_chance(noise):
    X, y = noise
    result = optimism_bootstrap(fit_mean_difference, predict, X, y, ["auc", "brier"], B=100)
    assert result.apparent["auc"] > 0.8
    assert result.corrected["auc"] < result.apparent["auc"] - 0.1
    assert result.dot632plus["auc"] == pytest.approx(0.5, abs=0.12)
    assert result.corrected["brier"] > result.apparent["brier"]
    assert result.dot632plus["brier"] > result.apparent["brier"]


def test_a_fixed_model_has_no_optimism(noise):
    X, y = noise
    result = optimism_bootstrap(lambda X, y: np.eye(30)[0], predict, X, y, ["auc", "slope"], B=300)
    assert result.optimism["auc"] == pytest.approx(0, abs=0.02)
    assert result.corrected["auc"] == pytest.approx(result.apparent["auc"], abs=0.02)
    interval = result.confidence_interval("auc")
    assert interval.low < result.corrected["auc"] < interval.high


def test_whole_patients_are_drawn(noise):
    X, y = noise
    seen = []

    def fit(X, y):
        seen.append(X["patient"].to_numpy())
        return np.ones(1)

    table = pd.DataFrame({"x": X[:, 0], "patient": np.repeat(np.arange(20), 4)})
    optimism_bootstrap(
        fit, lambda w, X: expit(X[["x"]] @ w), table, y, ["auc"], B=5, groups=table["patient"]
    )
    for patients in seen:
        assert (np.bincount(patients) % 4 == 0).all()
    assert any(len(set(patients)) < 20 for patients in seen[1:])


def test_result_repeats_with_its_seed(noise):
    X, y = noise
    runs = [
        optimism_bootstrap(fit_mean_difference, predict, X, y, ["auc"], B=10, random_state=seed)
        for seed in (3, 3, 4)
    ]
    assert runs[0].training.equals(runs[1].training)
    assert not runs[0].training.equals(runs[2].training)


def test_own_metrics_are_called_with_outcome_and_probability(noise):
    X, y = noise
    metrics = {"accuracy": lambda y, p: np.mean(y == (p >= 0.5))}
    result = optimism_bootstrap(fit_mean_difference, predict, X, y, metrics, B=20)
    assert 0.5 < result.corrected["accuracy"] < result.apparent["accuracy"] <= 1


def test_failed_fits_are_left_out_and_counted(noise):
    X, y = noise
    calls = []

    def fit(X, y):
        calls.append(1)
        if len(calls) % 3 == 2:
            raise DlrError("separated")
        return fit_mean_difference(X, y)

    result = optimism_bootstrap(fit, predict, X, y, ["auc"], B=9)
    assert (result.n_resamples, result.n_failed) == (6, 3)
    assert result.note == "3 resamples left out: separated"


def test_nothing_fitted_is_an_error(noise):
    X, y = noise
    calls = []

    def fit(X, y):
        calls.append(1)
        if len(calls) > 1:
            raise DlrError("separated")
        return fit_mean_difference(X, y)

    with pytest.raises(DlrError, match="No resample could be fitted; the first failed with"):
        optimism_bootstrap(fit, predict, X, y, ["auc"], B=3)


def test_a_slope_without_spread_has_no_interval_and_says_so(noise):
    X, y = noise
    result = optimism_bootstrap(
        fit_mean_difference,
        predict,
        X,
        y,
        {"fixed": lambda y, p: 1.0},
        B=5,
    )
    interval = result.confidence_interval("fixed")
    assert np.isnan(interval.low)
    assert "the same on all data" in interval.note
    assert result.to_frame().loc["fixed", "corrected"] == 1.0


def test_wrong_arguments_are_refused(noise):
    X, y = noise
    with pytest.raises(DlrError, match="metrics must be one of auc"):
        optimism_bootstrap(fit_mean_difference, predict, X, y, ["kappa"])
    with pytest.raises(DlrError, match="X must have 80 rows like y, but has 79"):
        optimism_bootstrap(fit_mean_difference, predict, X[:-1], y)
    with pytest.raises(DlrError, match="the result of predict must hold probabilities"):
        optimism_bootstrap(fit_mean_difference, lambda w, X: X @ w * 100, X, y, B=2)
    with pytest.raises(DlrError, match="row numbers from 0 to 79"):
        optimism_bootstrap(fit_mean_difference, predict, X, y, resamples=[[0, 80]])


def test_calibration_curve_of_an_overfitted_model_is_flattened(noise):
    X, y = noise
    result = calibration_bootstrap(fit_mean_difference, predict, X, y, B=60)
    curve = result.to_frame().dropna()
    rise = curve.apparent.iloc[-1] - curve.apparent.iloc[0]
    assert curve.corrected.iloc[-1] - curve.corrected.iloc[0] < 0.8 * rise
    assert (result.curve.ideal == result.curve.predicted).all()
    assert result.mean_absolute_error > 0
    assert result.n_resamples == 60


def test_calibration_curve_at_given_points(noise):
    X, y = noise
    result = calibration_bootstrap(fit_mean_difference, predict, X, y, B=5, at=[0.4, 0.5, 0.6])
    assert result.curve.predicted.tolist() == [0.4, 0.5, 0.6]


def test_calibration_curve_needs_cases_and_spread(noise):
    X, y = noise
    with pytest.raises(DlrError, match="at least 10 cases, got 6"):
        calibration_bootstrap(fit_mean_difference, predict, X[:6], [0, 1] * 3)
    with pytest.raises(DlrError, match="Nearly all predictions are equal"):
        calibration_bootstrap(lambda X, y: np.zeros(30), predict, X, y)
