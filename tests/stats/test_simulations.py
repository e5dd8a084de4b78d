"""The statistics keep their promises on data simulated with a known truth (seeded, small)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, ndtr
from scipy.stats import kstest

from dlr.stats import Proportion, auc, calibration, delong_matrix, delong_test


def correlated_scores(rng, y, k, shift=1.0, shared=0.6):
    """Draw k equally good scores that share part of their noise."""
    common = rng.normal(size=len(y))
    noise = rng.normal(size=(k, len(y)))
    return shift * y + np.sqrt(shared) * common + np.sqrt(1 - shared) * noise


def test_paired_p_values_are_uniform_under_the_null():
    rng = np.random.default_rng(100)
    y = np.arange(160) % 2 == 0
    p_values = []
    for _ in range(1500):
        a, b = correlated_scores(rng, y, 2)
        p_values.append(delong_test(y, a, b).p_value)
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.017)


def test_joint_p_values_are_uniform_and_holm_holds_the_family():
    rng = np.random.default_rng(101)
    y = np.arange(240) % 3 == 0
    joint, any_rejected = [], 0
    for _ in range(500):
        matrix = delong_matrix(y, dict(zip("abcd", correlated_scores(rng, y, 4))))
        joint.append(matrix.joint_p_value)
        any_rejected += matrix.to_frame()["p_adjusted"].min() < 0.05
    assert kstest(joint, "uniform").pvalue > 0.01
    assert any_rejected / 500 < 0.07


@pytest.mark.parametrize("method", ["delong", "logit"])
def test_intervals_of_the_area_cover_the_truth(method):
    rng = np.random.default_rng(102)
    y = np.arange(200) < 90
    truth = float(ndtr(1.0 / np.sqrt(2)))
    covered = [
        auc(y, y + rng.normal(size=200)).confidence_interval(method=method).contains(truth)
        for _ in range(2000)
    ]
    assert 0.93 <= np.mean(covered) <= 0.97


def lesions(rng, patients=80, per_patient=4, share=0.8):
    """Draw patients whose lesions share the class and most of the noise of the score."""
    y = np.repeat(rng.random(patients) < 0.5, per_patient)
    common = np.repeat(rng.normal(size=patients), per_patient)
    score = y + np.sqrt(share) * common + np.sqrt(1 - share) * rng.normal(size=len(y))
    return y, score, np.repeat(np.arange(patients), per_patient)


def test_clustered_intervals_cover_where_naive_ones_do_not():
    rng = np.random.default_rng(103)
    truth = float(ndtr(1.0 / np.sqrt(2)))
    naive, clustered = [], []
    for _ in range(800):
        y, score, groups = lesions(rng)
        naive.append(auc(y, score).confidence_interval().contains(truth))
        clustered.append(auc(y, score, groups).confidence_interval().contains(truth))
    assert np.mean(naive) < 0.80
    assert 0.93 <= np.mean(clustered) <= 0.97


def test_clustered_test_holds_its_level_where_the_naive_one_does_not():
    rng = np.random.default_rng(104)
    naive, clustered = [], []
    for _ in range(600):
        y, a, groups = lesions(rng)
        b = a + np.repeat(rng.normal(size=80), 4)
        a = a + np.repeat(rng.normal(size=80), 4)
        naive.append(delong_test(y, a, b).p_value)
        clustered.append(delong_test(y, a, b, groups).p_value)
    assert np.mean(np.array(naive) < 0.05) > 0.2
    assert np.mean(np.array(clustered) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_clustered_variance_is_right_when_patients_hold_both_classes():
    # Within such patients the shared noise cancels, and the naive variance is too large.
    rng = np.random.default_rng(105)
    values, clustered, naive = [], [], []
    for _ in range(600):
        y = np.tile([True, False], 60)
        groups = np.repeat(np.arange(60), 2)
        score = y + np.sqrt(0.8) * np.repeat(rng.normal(size=60), 2)
        score = score + np.sqrt(0.2) * rng.normal(size=120)
        area = auc(y, score, groups)
        values.append(area.value)
        clustered.append(area.variance)
        naive.append(auc(y, score).variance)
    truth = np.var(values)
    assert np.mean(clustered) == pytest.approx(truth, rel=0.12)
    assert np.mean(naive) > 1.5 * truth


@pytest.mark.parametrize("measure", ["slope", "intercept", "calibration_in_the_large"])
def test_calibration_intervals_cover_a_true_model(measure):
    rng = np.random.default_rng(106)
    truth = 1.0 if measure == "slope" else 0.0
    covered = []
    for _ in range(300):
        p = expit(rng.normal(-0.5, 1, 200))
        result = calibration(rng.random(200) < p, p, bins=1)
        covered.append(result.confidence_interval(measure).contains(truth))
    assert 0.92 <= np.mean(covered) <= 0.98


def test_wilson_covers_on_average_and_clopper_pearson_at_least():
    n, share = 40, np.linspace(0.05, 0.95, 19)
    rng = np.random.default_rng(107)
    for method, low, high in (("wilson", 0.94, 0.965), ("clopper-pearson", 0.95, 0.99)):
        intervals = [Proportion.of(k, n).confidence_interval(method=method) for k in range(n + 1)]
        drawn = rng.binomial(n, share, size=(4000, len(share)))
        lows = np.array([interval.low for interval in intervals])[drawn]
        highs = np.array([interval.high for interval in intervals])[drawn]
        assert low <= np.mean((lows <= share) & (share <= highs)) <= high
