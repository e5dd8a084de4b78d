"""Calibration measures on made data and on degenerate predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from dlr.errors import DlrError
from dlr.stats import calibration
from dlr.stats._loess import LoessData, loess_fit
from dlr.stats.calibration import _EXACT


@pytest.fixture
def data():
    rng = np.random.default_rng(30)
    p = rng.beta(1.5, 3, 400)
    return rng.random(400) < p, p


def test_recalibration_undoes_a_known_distortion(data):
    y, p = data
    plain = calibration(y, p)
    steep = calibration(y, expit(2 * logit(p) + 0.7))
    assert steep.slope == pytest.approx(plain.slope / 2, rel=1e-9)
    assert steep.intercept == pytest.approx(plain.intercept - 0.35 * plain.slope, rel=1e-8)
    ratio = steep.slope_estimate.standard_error / plain.slope_estimate.standard_error
    assert ratio == pytest.approx(0.5, rel=1e-7)


def test_in_the_large_matches_the_number_of_events(data):
    y, p = data
    shift = calibration(y, p).calibration_in_the_large
    assert expit(logit(p) + shift).sum() == pytest.approx(y.sum(), rel=1e-12)


def test_too_low_risks_have_a_positive_intercept(data):
    y, p = data
    assert calibration(y, p / 3).calibration_in_the_large > 0.5


def test_overfitted_predictions_have_a_slope_below_one(data):
    y, p = data
    assert calibration(y, expit(3 * logit(p))).slope < 0.6


def test_level_sets_the_limits(data):
    y, p = data
    narrow, wide = calibration(y, p, level=0.5), calibration(y, p, level=0.99)
    assert ((wide.curve.high - wide.curve.low) >= (narrow.curve.high - narrow.curve.low)).all()
    assert ((wide.binned.high - wide.binned.low) > (narrow.binned.high - narrow.binned.low)).all()
    slope = narrow.confidence_interval("slope", 0.9)
    assert slope.low < narrow.slope < slope.high


def test_band_covers_the_true_curve_about_as_often_as_it_says():
    rng = np.random.default_rng(31)
    covered = []
    for _ in range(150):
        p = rng.uniform(0.05, 0.95, 300)
        curve = calibration(rng.random(300) < p, p).curve
        inner = curve[(curve.predicted > 0.2) & (curve.predicted < 0.8)].iloc[::15]
        covered.append(((inner.low <= inner.predicted) & (inner.predicted <= inner.high)).mean())
    assert 0.91 < np.mean(covered) < 0.98


def test_groups_hold_every_case_once(data):
    y, p = data
    binned = calibration(y, p, bins=7).binned
    assert binned["n"].sum() == 400
    assert len(binned) == 7
    assert (binned["observed"] * binned["n"]).sum() == pytest.approx(y.sum())
    assert ((binned.low <= binned.observed) & (binned.observed <= binned.high)).all()


def test_constant_prediction_has_no_slope_and_says_so():
    result = calibration([0, 1, 0, 0] * 5, [0.4] * 20)
    assert np.isnan(result.slope)
    assert "all predictions are equal" in result.note
    assert result.ici == pytest.approx(0.15)
    assert result.calibration_in_the_large == pytest.approx(logit(0.25) - logit(0.4))
    assert len(result.curve) == len(result.binned) == 1


def test_separated_predictions_have_no_slope_and_say_so():
    p = np.linspace(0.05, 0.95, 20)
    result = calibration(p > 0.5, p)
    assert np.isnan(result.slope)
    assert "separate the classes" in result.note
    assert np.isfinite(result.calibration_in_the_large)
    assert np.isnan(result.confidence_interval("slope").low)


def test_certain_predictions_need_a_clip_and_say_so():
    y, p = [0, 1, 1, 0, 1, 0] * 3, [0, 1, 0.6, 0.2, 0.3, 0.7] * 3
    result = calibration(y, p)
    assert np.isnan(result.slope)
    assert "6 of 18 predictions are exactly 0 or 1" in result.note
    assert np.isfinite([result.brier, result.ici]).all()
    clipped = calibration(y, p, clip=1e-3)
    assert np.isfinite([clipped.slope, clipped.calibration_in_the_large]).all()
    assert clipped.brier == result.brier
    with pytest.raises(DlrError, match="clip must lie strictly between 0 and"):
        calibration(y, p, clip=0.5)


def test_two_cases_give_a_result_with_a_caution():
    result = calibration([0, 1], [0.2, 0.3])
    assert "only 2 cases" in result.note
    assert result.brier == pytest.approx((0.04 + 0.49) / 2)


def test_extreme_but_uncertain_predictions_stay_finite():
    result = calibration([0, 1, 1, 0] * 4, [1e-300, 1 - 1e-16, 0.4, 0.5] * 4)
    assert np.isfinite(result.calibration_in_the_large)
    assert np.isfinite(result.slope)


def test_single_bin_and_unknown_measure(data):
    y, p = data
    assert len(calibration(y, p, bins=1).binned) == 1
    with pytest.raises(DlrError, match="measure must be one of slope"):
        calibration(y, p).confidence_interval("brier")


def test_frame_lists_every_measure(data):
    y, p = data
    frame = calibration(y, p).to_frame()
    assert frame.loc["slope", "low"] < frame.loc["slope", "value"]
    assert {"brier", "scaled_brier", "ici", "e50", "e90", "emax"} <= set(frame.index)


def test_loess_follows_a_parabola_exactly():
    x = np.linspace(-1, 2, 40)
    y = 1 + 2 * x - 3 * x**2
    fitted, variance = loess_fit(LoessData.of(x, y), np.array([-0.9, 0.123, 1.7]))
    at = np.array([-0.9, 0.123, 1.7])
    np.testing.assert_allclose(fitted, 1 + 2 * at - 3 * at**2, rtol=1e-12)
    assert not variance.any()


def test_loess_of_merged_ties_equals_the_weighted_fit():
    rng = np.random.default_rng(32)
    x = rng.integers(0, 30, 200) / 30
    y = (rng.random(200) < x).astype(float)
    at = 0.41
    q = int(200 * 0.75)
    reach = np.sort(np.abs(x - at))[q - 1]
    w = (1 - np.minimum(np.abs(x - at) / reach, 1) ** 3) ** 3
    design = np.vander(x - at, 3, increasing=True)
    beta = np.linalg.lstsq(design * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)[0]
    assert loess_fit(LoessData.of(x, y), np.array([at]))[0][0] == pytest.approx(beta[0], rel=1e-11)


def test_loess_on_two_distinct_values_is_their_means():
    x = np.array([0.2] * 9 + [0.8] * 3)
    y = np.array([0, 0, 1] * 4, dtype=float)
    fitted, _ = loess_fit(LoessData.of(x, y), np.array([0.2, 0.8]))
    np.testing.assert_allclose(fitted, [1 / 3, 1 / 3])


def test_many_predictions_are_interpolated_within_the_stated_error():
    rng = np.random.default_rng(33)
    p = rng.random(_EXACT + 500)
    y = (rng.random(len(p)) < p).astype(float)
    exact = loess_fit(LoessData.of(p, y), p)[0]
    assert calibration(y, p).ici == pytest.approx(np.abs(p - exact).mean(), abs=1e-5)


def test_predictions_that_all_but_separate_the_classes_have_no_slope_and_end_nothing() -> None:
    # Four patients of a real small study: equal predictions but for rounding, and one outlier.
    log_odds = np.array([2.4e-7, 2.31, 1e-10, 0.0])
    found = calibration([0, 0, 1, 0], 1 / (1 + np.exp(-log_odds)))
    assert np.isnan(found.slope)
    assert "all but separate the classes" in found.slope_estimate.note
    assert np.isfinite(found.calibration_in_the_large)


def test_predictions_equal_but_for_rounding_have_no_slope() -> None:
    # A score that knows nothing: its slope would be read as 13,577,551,011.
    p = 0.4 + np.array([0.0, 1e-12, -1e-12, 3e-12])
    found = calibration([0, 1, 0, 0], p)
    assert np.isnan(found.slope)
    assert "equal but for rounding" in found.slope_estimate.note
