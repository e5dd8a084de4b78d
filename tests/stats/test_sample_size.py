"""Riley's sample size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from dlr.errors import DlrError
from dlr.stats import auc, sample_size_binary


def test_r2_from_c_agrees_with_simulation():
    """The published way simulates the linear predictor; this one integrates it."""
    rng = np.random.default_rng(90)
    prevalence, n = 0.2, 400_000
    y = rng.random(n) < prevalence
    distance = 1.19  # C of about 0.8
    x = rng.normal(size=n) + distance * y
    p = expit(np.log(prevalence / (1 - prevalence)) + distance * x - distance**2 / 2)
    fitted = np.mean(np.where(y, np.log(p), np.log1p(-p)))
    rate = y.mean()
    null = rate * np.log(rate) + (1 - rate) * np.log(1 - rate)
    simulated = 1 - np.exp(2 * (null - fitted))
    result = sample_size_binary(prevalence, 10, c_statistic=auc(y, x).value)
    assert result.r2_cox_snell == pytest.approx(simulated, abs=0.003)


def test_a_thousand_screened_features_count():
    few, many = (sample_size_binary(0.3, k, c_statistic=0.8).n for k in (10, 1000))
    assert many > 90 * few


def test_events_per_parameter():
    result = sample_size_binary(0.174, 24, r2_cox_snell=0.288)
    assert result.events == pytest.approx(662 * 0.174)
    assert result.events_per_parameter == pytest.approx(662 * 0.174 / 24)
    assert result.to_frame()["n"][0] == 662


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prevalence": 0, "n_parameters": 5, "c_statistic": 0.8}, "prevalence must lie strictly"),
        ({"prevalence": 0.2, "n_parameters": 0, "c_statistic": 0.8}, "n_parameters must be a wh"),
        ({"prevalence": 0.2, "n_parameters": 5}, "Give exactly one of"),
        ({"prevalence": 0.2, "n_parameters": 5, "c_statistic": 0.5}, "c_statistic must lie"),
        ({"prevalence": 0.2, "n_parameters": 5, "r2_cox_snell": 0.7}, "the largest value"),
        (
            {"prevalence": 0.5, "n_parameters": 5, "r2_cox_snell": 0.6, "shrinkage": 0.5},
            "cannot be reached",
        ),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(DlrError, match=message):
        sample_size_binary(**arguments)


def test_a_c_statistic_near_one_and_a_rare_outcome_have_a_size() -> None:
    sizes = [sample_size_binary(0.01, 10, c_statistic=c).n for c in (0.9, 0.99, 0.999)]
    assert sizes[0] >= sizes[1] >= sizes[2] > 0
