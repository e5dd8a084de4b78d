"""Decision curves against the formula in R and against the Python dcurves 1.1.7."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.stats import decision_curve

SETS = ("df_binary", "birthwt", "df_binary_famhistory_as_probability", "tie_at_threshold")


@pytest.mark.parametrize("name", SETS)
def test_net_benefit_and_its_relatives(reference, name):
    expected = reference("dca")[name]
    curve = decision_curve(expected["y"], expected["prob"], expected["thresholds"])
    np.testing.assert_allclose(curve.net_benefit["treat all"], expected["all"], atol=2e-16)
    for model, values in expected["models"].items():
        np.testing.assert_allclose(curve.net_benefit[model], values["net_benefit"], atol=1e-15)
        standardised = values["standardized_net_benefit"]
        np.testing.assert_allclose(curve.standardised[model], standardised, atol=1e-15)
        avoided = values["interventions_avoided_per_100"]
        np.testing.assert_allclose(curve.interventions_avoided[model], avoided, atol=1e-12)


def test_population_prevalence_of_a_case_control_sample(reference, reference_table):
    expected = reference("dca_dcurves_python")["prevalence_0.25"]
    table = reference_table("df_binary")
    grid = np.round(expected["cancerpredmarker"]["threshold"], 12)
    curve = decision_curve(
        table.cancer.astype(int),
        {"cancerpredmarker": table.cancerpredmarker},
        grid,
        prevalence=0.25,
    )
    for column, name in (("cancerpredmarker", "cancerpredmarker"), ("treat all", "all")):
        np.testing.assert_allclose(
            curve.net_benefit[column], expected[name]["net_benefit"], atol=1e-15
        )


def test_dcurves_counts_interventions_per_patient(reference, reference_table):
    expected = reference("dca_dcurves_python")["models"]["cancerpredmarker"]
    table = reference_table("df_binary")
    grid = np.round(expected["threshold"], 12)
    models = {"cancerpredmarker": table.cancerpredmarker}
    curve = decision_curve(table.cancer.astype(int), models, grid)
    avoided = curve.interventions_avoided["cancerpredmarker"] / 100
    np.testing.assert_allclose(avoided, expected["net_intervention_avoided"], atol=1e-14)


def test_a_risk_equal_to_the_threshold_is_treated(reference):
    """R's rmda treats above the threshold only; the reference holds that variant too."""
    data = reference("dca")["tie_at_threshold"]
    strict = data["models_strict_greater"]["m"]["net_benefit"]
    curve = decision_curve(data["y"], data["prob"], data["thresholds"])
    differs = ~np.isclose(curve.net_benefit["m"], strict)
    tied = np.isin(data["thresholds"], data["prob"]["m"])
    np.testing.assert_array_equal(differs, tied)
    assert tied.any()
