"""Odds ratios, profile-likelihood limits and tests equal R's glm, MASS and rms."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.stats import fit_logistic, multivariable_logistic, univariate_logistic

VARIABLES = ["age", "lwt", "race", "smoke", "ptl_any", "ht", "ui", "ftv"]
REFERENCES = {"race": "white"}
COLUMNS = {
    "odds_ratio": ("OR", 1e-9),
    "low": ("OR_wald_lo", 1e-8),
    "high": ("OR_wald_hi", 1e-8),
    "profile_low": ("OR_profile_exact_lo", 1e-8),
    "profile_high": ("OR_profile_exact_hi", 1e-8),
    # R's standard errors stem from the weights of the last iteration but one.
    "p_value": ("p", 1e-7),
}


def compare(frame, want):
    for column, (key, tolerance) in COLUMNS.items():
        np.testing.assert_allclose(frame[column], want[key][1:], rtol=tolerance, err_msg=column)
    ratio_tests = frame.drop_duplicates("variable")["p_likelihood_ratio"]
    np.testing.assert_allclose(ratio_tests, want["drop1_LRT"]["p"], rtol=1e-9)
    assert (frame["n"] == want["n"]).all()
    assert (frame["n_events"] == want["n_event"]).all()


@pytest.mark.parametrize("name", VARIABLES)
def test_univariate(reference, reference_table, name):
    table = univariate_logistic(
        reference_table("birthwt"), "low", [name], REFERENCES if name == "race" else None
    )
    compare(table.to_frame(), reference("logistic")["birthwt"]["univariate"][name])


def test_multivariable(reference, reference_table):
    want = reference("logistic")["birthwt"]["multivariate"]
    frame = multivariable_logistic(
        reference_table("birthwt"), "low", VARIABLES, REFERENCES
    ).to_frame()
    compare(frame, want)
    np.testing.assert_allclose(frame["vif"], list(want["vif"].values()), rtol=1e-8)


def test_covariance_and_likelihood(reference, reference_table):
    table = reference_table("birthwt")
    want = reference("logistic")["birthwt"]["univariate"]["lwt"]
    model = fit_logistic(table[["lwt"]], table["low"])
    np.testing.assert_allclose(model.coefficients, want["beta"], rtol=1e-9)
    np.testing.assert_allclose(model.covariance, want["vcov"]["values"], rtol=1e-7)
    assert model.log_likelihood == pytest.approx(want["loglik"], rel=1e-12)


def test_spline_interpolated_limits_of_mass_are_near(reference, reference_table):
    want = reference("logistic")["birthwt"]["univariate"]["age"]
    frame = univariate_logistic(reference_table("birthwt"), "low", ["age"]).to_frame()
    assert frame["profile_low"][0] == pytest.approx(want["OR_profile_MASS_lo"][1], rel=1e-3)
