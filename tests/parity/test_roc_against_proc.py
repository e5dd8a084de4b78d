"""ROC and DeLong against pROC 1.18.0 (R 4.2.2); closed form, so 1e-9 relative or better."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.stats import (
    auc,
    classification_metrics,
    compare_sensitivity_specificity,
    delong_matrix,
    delong_test,
    delong_test_unpaired,
    roc_curve,
    youden_threshold,
)
from dlr.stats._placements import placements

MARKERS = ("s100b", "ndka", "wfns")


@pytest.fixture(scope="module")
def roc(reference):
    return reference("roc_delong")


@pytest.fixture(scope="module")
def asah(reference_table):
    return reference_table("aSAH")


@pytest.mark.parametrize("marker", MARKERS)
def test_auc_variance_and_intervals(roc, asah, marker):
    expected = roc["aSAH"]["single"][marker]
    area = auc(asah.outcome_poor, asah[marker])
    assert (area.n_positive, area.n_negative) == (expected["n_case"], expected["n_control"])
    assert area.value == pytest.approx(expected["auc"], rel=1e-14)
    assert area.variance == pytest.approx(expected["var"], rel=1e-12)
    assert area.standard_error == pytest.approx(expected["se"], rel=1e-12)
    assert list(area.confidence_interval()) == pytest.approx(expected["ci95"], rel=1e-12)
    assert list(area.confidence_interval(0.9)) == pytest.approx(expected["ci90"], rel=1e-12)


@pytest.mark.parametrize("marker", MARKERS)
def test_placement_values(roc, asah, marker):
    expected = roc["aSAH"]["single"][marker]["placements"]
    placed = placements(asah.outcome_poor.to_numpy() == 1, [asah[marker].to_numpy(float)])
    centre = placed.auc[0]
    np.testing.assert_allclose(placed.positive[0] + centre, expected["X_cases"], atol=1e-15)
    np.testing.assert_allclose(placed.negative[0] + centre, expected["Y_controls"], atol=1e-15)


@pytest.mark.parametrize("marker", MARKERS)
def test_curve_and_its_midpoint_thresholds(roc, asah, marker):
    expected = roc["aSAH"]["single"][marker]["curve"]
    curve = roc_curve(asah.outcome_poor, asah[marker])
    thresholds = [float(str(value).replace("Inf", "inf")) for value in expected["thresholds"]]
    np.testing.assert_allclose(curve.thresholds[::-1], thresholds, rtol=1e-14)
    np.testing.assert_allclose(curve.true_positive_rate[::-1], expected["sensitivity"], atol=1e-15)
    np.testing.assert_allclose(
        1 - curve.false_positive_rate[::-1], expected["specificity"], atol=1e-15
    )


def _check_youden(expected, y, score):
    best = youden_threshold(y, score)
    exact = expected["youden_exact_ties"]
    assert best.tied_thresholds == pytest.approx(tuple(exact["thresholds"]), rel=1e-14)
    assert best.tied == (exact["n"] > 1)
    # Rule: highest sensitivity first, then the lowest threshold.
    chosen = max(range(exact["n"]), key=lambda i: (exact["sensitivity"][i], -i))
    assert best.threshold == pytest.approx(exact["thresholds"][chosen], rel=1e-14)
    assert best.sensitivity == pytest.approx(exact["sensitivity"][chosen], rel=1e-14)
    assert best.specificity == pytest.approx(exact["specificity"][chosen], rel=1e-14)


@pytest.mark.parametrize("marker", MARKERS)
def test_youden_threshold(roc, asah, marker):
    _check_youden(roc["aSAH"]["single"][marker], asah.outcome_poor, asah[marker])


@pytest.mark.parametrize("name", ["tied_youden", "tied_youden_dyadic", "perfect"])
def test_youden_ties_are_found_by_whole_numbers(roc, name):
    _check_youden(roc[name], roc[name]["y"], roc[name]["x"])


@pytest.mark.parametrize("marker", MARKERS)
def test_measures_at_the_threshold_with_both_intervals(roc, asah, marker):
    expected = roc["aSAH"]["single"][marker]["at_first_best"]
    metrics = classification_metrics(asah.outcome_poor, asah[marker], expected["threshold"])
    for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy"):
        share = getattr(metrics, name)
        assert (share.numerator, share.denominator) == (expected[name]["k"], expected[name]["n"])
        assert share.value == pytest.approx(expected[name]["estimate"], rel=1e-15)
        wilson, exact = expected[name]["wilson"], expected[name]["clopper_pearson"]
        assert list(share.confidence_interval()) == pytest.approx(wilson, rel=1e-12)
        clopper = share.confidence_interval(method="clopper-pearson")
        assert list(clopper) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("pair", ["s100b_vs_ndka", "s100b_vs_wfns", "wfns_vs_ndka"])
def test_paired_delong(roc, asah, pair):
    expected = roc["aSAH"]["paired"][pair]
    first, second = pair.split("_vs_")
    test = delong_test(asah.outcome_poor, asah[first], asah[second])
    assert test.statistic == pytest.approx(expected["Z"], rel=1e-12)
    assert test.p_value == pytest.approx(expected["p"], rel=1e-11)
    assert test.difference == pytest.approx(expected["diff"], rel=1e-13)
    assert test.standard_error == pytest.approx(expected["se_diff"], rel=1e-12)
    assert list(test.confidence_interval()) == pytest.approx(expected["ci95_diff"], rel=1e-11)


def test_matrix_holds_the_same_covariance_and_p_values(roc, asah):
    expected = roc["aSAH"]["cov_matrix"]
    matrix = delong_matrix(asah.outcome_poor, asah[list(MARKERS)])
    assert list(matrix.names) == expected["rownames"]
    np.testing.assert_allclose(matrix.covariance, expected["values"], rtol=1e-12)
    for pair, test in roc["aSAH"]["paired"].items():
        first, second = pair.split("_vs_")
        assert matrix.p_value.loc[first, second] == pytest.approx(test["p"], rel=1e-11)
        assert matrix.statistic.loc[first, second] == pytest.approx(test["Z"], rel=1e-12)


@pytest.mark.parametrize("marker", MARKERS)
def test_unpaired_delong_uses_welch_degrees_of_freedom(roc, asah, marker):
    expected = roc["aSAH"]["unpaired_by_gender"][marker]
    women, men = (asah[asah.gender == gender] for gender in ("Female", "Male"))
    test = delong_test_unpaired(women.outcome_poor, women[marker], men.outcome_poor, men[marker])
    assert test.auc_a == pytest.approx(expected["auc1"], rel=1e-14)
    assert test.auc_b == pytest.approx(expected["auc2"], rel=1e-14)
    assert test.statistic == pytest.approx(expected["D"], rel=1e-12)
    assert test.degrees_of_freedom == pytest.approx(expected["df"], rel=1e-12)
    assert test.p_value == pytest.approx(expected["p"], rel=1e-11)


def test_unpaired_delong_on_the_same_cases(roc, asah):
    expected = roc["aSAH"]["unpaired_s100b_vs_ndka_same_subjects"]
    test = delong_test_unpaired(asah.outcome_poor, asah.s100b, asah.outcome_poor, asah.ndka)
    assert test.statistic == pytest.approx(expected["D"], rel=1e-12)
    assert test.degrees_of_freedom == pytest.approx(expected["df"], rel=1e-12)
    assert test.p_value == pytest.approx(expected["p"], rel=1e-11)


@pytest.mark.parametrize("pair", ["s100b_vs_wfns", "s100b_vs_ndka"])
def test_mcnemar_of_right_calls(reference, pair):
    tests = reference("tests")["mcnemar"]
    first, second = (tests["correct"][marker] for marker in pair.split("_vs_"))
    # All cases as events, so that "called positive" means "right"; one more case only fills
    # the other class.
    y = [1] * len(first) + [0]
    for method, key in (("continuity", "correct"), ("uncorrected", "nocorrect")):
        compared = compare_sensitivity_specificity(y, [*first, 0], [*second, 0], method)
        assert compared.sensitivity.statistic == pytest.approx(tests[pair][key]["statistic"])
        assert compared.sensitivity.p_value == pytest.approx(tests[pair][key]["p"], rel=1e-11)
    exact = compare_sensitivity_specificity(y, [*first, 0], [*second, 0]).sensitivity
    assert exact.p_value == pytest.approx(tests[pair]["exact_binom"]["p"], rel=1e-11)
