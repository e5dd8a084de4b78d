"""Several cases of one patient: covariances, tests and shares that allow for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from scipy.stats import norm

from dlr.stats import (
    auc,
    calibration,
    classification_metrics,
    fit_logistic,
    multivariable_logistic,
    univariate_logistic,
)
from dlr.stats._clustered import design_effect

PATIENTS, EACH = 50, 4


def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return patients, log-odds and outcomes of lesions that share part of their noise."""
    shared = np.repeat(random.normal(size=PATIENTS), EACH)
    patient = np.repeat(np.arange(PATIENTS), EACH)
    log_odds = np.repeat(random.normal(size=PATIENTS), EACH)
    log_odds = log_odds + random.normal(0, 0.5, PATIENTS * EACH)
    noise = np.sqrt(0.4) * shared + np.sqrt(0.6) * random.normal(size=len(shared))
    return patient, log_odds, norm.cdf(noise) < expit(log_odds)


@pytest.fixture
def lesions() -> pd.DataFrame:
    random = np.random.default_rng(3)
    patient, log_odds, outcome = draw(random)
    age = np.repeat(random.normal(50, 9, PATIENTS), EACH)
    frame = pd.DataFrame({"who": patient, "score": log_odds, "age": age, "outcome": outcome * 1})
    frame["side"] = np.where(random.random(len(frame)) < 0.5, "left", "right")
    return frame


def reference(frame: pd.DataFrame, columns: list[str]) -> object:
    design = sm.add_constant(frame[columns].astype(float))
    return sm.Logit(frame["outcome"], design).fit(
        disp=0, method="newton", cov_type="cluster", cov_kwds={"groups": frame["who"]}
    )


def test_covariance_equals_statsmodels(lesions: pd.DataFrame) -> None:
    found = fit_logistic(lesions[["score", "age"]], lesions["outcome"], groups=lesions["who"])
    expected = reference(lesions, ["score", "age"])
    np.testing.assert_allclose(found.coefficients, expected.params, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, expected.cov_params(), rtol=1e-7)


def test_odds_ratios_use_it_and_say_nothing_of_profiles(lesions: pd.DataFrame) -> None:
    expected = reference(lesions, ["age"])
    row = univariate_logistic(lesions, "outcome", ["age"], groups="who").to_frame().iloc[0]
    low, high = expected.conf_int().loc["age"]
    np.testing.assert_allclose([row["low"], row["high"]], np.exp([low, high]), rtol=1e-7)
    assert row["p_value"] == pytest.approx(expected.pvalues["age"], rel=1e-6)
    assert (row["profile_low"], row["profile_high"]) == (row["low"], row["high"])
    # F with one degree of freedom is the square of t.
    statistic = expected.tvalues["age"] ** 2
    from scipy.stats import f

    assert row["p_likelihood_ratio"] == pytest.approx(f.sf(statistic, 1, PATIENTS - 1), rel=1e-6)


def test_patients_of_one_case_change_nothing(lesions: pd.DataFrame) -> None:
    single = lesions.drop_duplicates("who")
    with_groups = multivariable_logistic(single, "outcome", ["age", "side"], groups="who")
    without = multivariable_logistic(single, "outcome", ["age", "side"])
    pd.testing.assert_frame_equal(with_groups.to_frame(), without.to_frame())


def test_calibration_equals_statsmodels(lesions: pd.DataFrame) -> None:
    found = calibration(lesions["outcome"], expit(lesions["score"]), groups=lesions["who"])
    expected = reference(lesions, ["score"])
    assert found.slope_estimate.standard_error == pytest.approx(expected.bse["score"], rel=1e-6)
    assert found.intercept_estimate.standard_error == pytest.approx(expected.bse["const"], rel=1e-6)
    offset = sm.GLM(
        lesions["outcome"], np.ones(len(lesions)), sm.families.Binomial(), offset=lesions["score"]
    ).fit(cov_type="cluster", cov_kwds={"groups": lesions["who"]})
    # statsmodels' correction of a GLM is (n - 1) / (n - k), which is 1 here
    error = found.in_the_large_estimate.standard_error
    assert error == pytest.approx(float(offset.bse.iloc[0]), rel=1e-6)


def test_separated_data_still_have_limits(lesions: pd.DataFrame) -> None:
    frame = lesions.assign(rare=np.where(lesions["outcome"] == 1, lesions["who"] % 7 == 0, False))
    found = fit_logistic(frame[["rare"]].astype(float), frame["outcome"], groups=frame["who"])
    assert found.method == "firth"
    assert np.isfinite(found.covariance).all(axis=None)


def test_design_effect_of_copies_is_their_number_and_of_independent_cases_one() -> None:
    hits = np.random.default_rng(0).random(60) < 0.7
    copies = np.tile(hits, 5)
    who = np.tile(np.arange(60), 5)
    # 60 / 59 is the correction for few clusters
    assert design_effect(copies, who) == pytest.approx(5 * 60 / 59)
    assert design_effect(hits, np.arange(60)) == pytest.approx(1, abs=0.02)
    assert design_effect(np.ones(12, dtype=bool), np.repeat(np.arange(3), 4)) == 4
    assert design_effect(np.ones(0, dtype=bool), np.zeros(0, dtype=int)) == 1


def test_shares_cover_the_truth_where_plain_limits_do_not() -> None:
    random = np.random.default_rng(5)
    many = [draw(random) for _ in range(400)]
    truth = np.mean(np.concatenate([(x >= 0.2)[y] for _, x, y in many]))
    covered = {"clustered": 0, "plain": 0}
    for patient, log_odds, outcome in many[:250]:
        for name, groups in (("clustered", patient), ("plain", None)):
            found = classification_metrics(outcome, log_odds, 0.2, groups)
            covered[name] += found.sensitivity.confidence_interval().contains(truth)
    assert covered["clustered"] / 250 == pytest.approx(0.94, abs=0.035)
    assert covered["plain"] / 250 < 0.88


def test_two_patients_give_no_interval_and_say_so() -> None:
    # Three discs of each of two patients: the estimated variance is zero, the area 8/9.
    y, who = [1, 0, 0, 1, 1, 0], ["a", "a", "a", "b", "b", "b"]
    score = np.array([0.9, 0.2, 0.3, 0.8, 0.25, 0.1])
    area = auc(y, score, groups=who)
    assert area.value == pytest.approx(8 / 9)
    assert np.isnan(area.variance)
    assert np.isnan(area.confidence_interval().low)
    assert "no variance can be estimated from only 2 clusters" in area.note


def test_standard_errors_need_five_patients() -> None:
    rng = np.random.default_rng(3)
    log_odds, who = rng.normal(size=24), np.repeat(np.arange(4), 6)
    y = rng.random(24) < expit(log_odds)
    found = calibration(y, expit(log_odds), groups=who)
    assert found.slope == pytest.approx(calibration(y, expit(log_odds)).slope)
    assert np.isnan(found.slope_estimate.standard_error)
    assert "only 4 clusters" in found.slope_estimate.note
    assert "only 4 clusters" in auc(y, log_odds, groups=who).note
    more = np.repeat(np.arange(6), 4)
    assert calibration(y, expit(log_odds), groups=more).slope_estimate.standard_error > 0
    assert auc(y, log_odds, groups=more).note == ""


def test_odds_ratios_need_five_patients_for_an_interval(lesions: pd.DataFrame) -> None:
    few = lesions.assign(who=np.arange(len(lesions)) % 2)
    table = multivariable_logistic(few, "outcome", ["score", "age"], groups="who").to_frame()
    assert table["odds_ratio"].notna().all()
    assert table[["low", "high", "p_value", "p_likelihood_ratio"]].isna().all(axis=None)
    assert table["note"].str.contains("only 2 clusters").all()
    model = fit_logistic(few[["score"]], few["outcome"], groups=few["who"])
    assert model.covariance.isna().all(axis=None)
