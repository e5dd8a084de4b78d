"""The ROC curve, its area and the three intervals."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.errors import DlrError
from dlr.stats import auc, roc_curve


def test_area_is_the_share_of_rightly_ordered_pairs():
    rng = np.random.default_rng(1)
    y = rng.random(60) < 0.4
    score = rng.integers(0, 8, 60)
    pairs = score[y][:, None] - score[~y]
    assert auc(y, score).value == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


def test_direction_is_never_turned_round():
    y, score = [0, 0, 1, 1], [4, 3, 2, 1]
    area = auc(y, score)
    assert area.value == 0.0
    assert roc_curve(y, score).auc.value == 0.0


def test_reversed_score_has_the_mirrored_area_and_the_same_variance():
    rng = np.random.default_rng(2)
    y, score = rng.random(50) < 0.5, rng.normal(size=50)
    one, other = auc(y, score), auc(y, -score)
    assert one.value + other.value == pytest.approx(1, rel=1e-15)
    assert one.variance == pytest.approx(other.variance, rel=1e-12)


def test_monotone_transformations_change_nothing():
    rng = np.random.default_rng(3)
    y, score = rng.random(50) < 0.5, rng.normal(size=50)
    assert auc(y, score) == auc(y, np.exp(score))


def test_constant_score_is_half_with_a_degenerate_curve():
    y = [0, 0, 1, 1]
    area = auc(y, [2, 2, 2, 2])
    assert (area.value, area.variance) == (0.5, 0.0)
    curve = roc_curve(y, [2, 2, 2, 2])
    assert curve.thresholds.tolist() == [np.inf, -np.inf]
    assert curve.true_positive_rate.tolist() == [0, 1]


def test_two_cases_have_an_area_but_no_variance_and_say_so():
    area = auc([0, 1], [0.2, 0.7])
    assert area.value == 1.0
    assert np.isnan(area.variance)
    assert "at least two cases with and two without" in area.note
    interval = area.confidence_interval()
    assert np.isnan(interval.low)
    assert interval.note == area.note


def test_perfect_separation_has_no_width_and_says_so():
    area = auc([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6])
    assert tuple(area.confidence_interval()) == (1.0, 1.0)
    assert "no width" in area.confidence_interval().note
    logit = area.confidence_interval(method="logit")
    assert np.isnan(logit.low)
    assert "infinite" in logit.note
    assert tuple(area.confidence_interval(method="bootstrap", n_resamples=50)) == (1.0, 1.0)


def test_delong_limits_are_cut_off_at_one():
    y = [0] * 5 + [1] * 5
    score = [1, 2, 3, 4, 9, 8, 10, 11, 12, 13]
    assert auc(y, score).confidence_interval(0.999).high == 1.0
    assert auc(y, score).confidence_interval(0.999, "logit").high < 1.0


def test_bootstrap_agrees_with_delong_and_repeats():
    rng = np.random.default_rng(4)
    y = rng.random(300) < 0.4
    area = auc(y, y + rng.normal(size=300))
    first = area.confidence_interval(method="bootstrap")
    assert tuple(first) == pytest.approx(tuple(area.confidence_interval()), abs=0.006)
    assert first == area.confidence_interval(method="bootstrap")
    assert first != area.confidence_interval(method="bootstrap", random_state=1)


def test_clusters_of_one_are_the_ordinary_variance():
    rng = np.random.default_rng(5)
    y, score = rng.random(40) < 0.5, rng.normal(size=40)
    plain, clustered = auc(y, score), auc(y, score, groups=np.arange(40))
    assert clustered.variance == pytest.approx(plain.variance, rel=1e-12)
    assert clustered.n_clusters == 40


def test_duplicating_every_case_within_its_patient_changes_the_variance_little():
    # Copies carry no information: the naive variance about halves, the clustered one stays.
    rng = np.random.default_rng(6)
    y, score = rng.random(80) < 0.5, rng.normal(size=80)
    plain = auc(y, score)
    twice = auc(np.repeat(y, 2), np.repeat(score, 2), groups=np.repeat(np.arange(80), 2))
    naive = auc(np.repeat(y, 2), np.repeat(score, 2))
    assert twice.variance == pytest.approx(plain.variance, rel=1e-12)
    assert naive.variance == pytest.approx(plain.variance / 2, rel=0.03)


def test_clustered_variance_follows_obuchowski_term_by_term():
    rng = np.random.default_rng(7)
    groups = rng.integers(0, 12, 50)
    y, score = rng.random(50) < 0.5, rng.integers(0, 9, 50).astype(float)
    psi = (score[y][:, None] > score[~y]) + 0.5 * (score[y][:, None] == score[~y])
    theta, (m, n) = psi.mean(), psi.shape
    a, b = np.zeros(12), np.zeros(12)
    for g in range(12):
        own, other = groups[y] == g, groups[~y] == g
        a[g] = psi.mean(1)[own].sum() - own.sum() * theta
        b[g] = psi.mean(0)[other].sum() - other.sum() * theta
    with_a, with_b = len(set(groups[y])), len(set(groups[~y]))
    clusters = len(set(groups))
    s10 = with_a / ((with_a - 1) * m) * (a**2).sum()
    s01 = with_b / ((with_b - 1) * n) * (b**2).sum()
    s11 = clusters / (clusters - 1) * (a * b).sum()
    expected = s10 / m + s01 / n + 2 * s11 / (m * n)
    assert auc(y, score, groups).variance == pytest.approx(expected, rel=1e-12)


def test_group_labels_may_be_text():
    y, score = [0, 1, 0, 1, 1, 0], [1, 2, 3, 4, 5, 6]
    named = auc(y, score, groups=list("aabbcc"))
    assert named.variance == pytest.approx(auc(y, score, groups=[0, 0, 1, 1, 2, 2]).variance)


def test_clustered_bootstrap_resamples_patients():
    rng = np.random.default_rng(8)
    y = np.repeat(rng.random(60) < 0.5, 3)
    score = np.repeat(rng.normal(size=60), 3) + y
    area = auc(y, score, groups=np.repeat(np.arange(60), 3))
    boot = area.confidence_interval(method="bootstrap", n_resamples=1000)
    assert tuple(boot) == pytest.approx(tuple(area.confidence_interval()), abs=0.02)


def test_thresholds_separate_even_neighbouring_floats():
    low = 1.0
    high = np.nextafter(low, 2)
    curve = roc_curve([0, 1], [low, high])
    assert curve.thresholds[1] == high
    assert curve.true_positive_rate[1] == 1
    assert curve.false_positive_rate[1] == 0


def test_huge_scores_do_not_overflow():
    curve = roc_curve([0, 1], [1.6e308, 1.7e308])
    assert np.isfinite(curve.thresholds[1])


def test_unknown_method_is_refused():
    with pytest.raises(DlrError, match="method must be one of delong, logit, bootstrap"):
        auc([0, 1], [1, 2]).confidence_interval(method="exact")


def test_frames():
    curve = roc_curve([0, 0, 1, 1], [1, 2, 3, 4])
    assert curve.to_frame()["sensitivity"].iloc[-1] == 1
    row = curve.auc.to_frame(0.9).iloc[0]
    assert (row["auc"], row["level"], row["n_positive"]) == (1.0, 0.9, 2)
    assert float(curve.auc) == 1.0


def test_logit_limits_near_one_do_not_overflow():
    y = np.arange(4000) < 2000
    score = y.astype(float)
    score[0] = 0.0
    low, high = auc(y, score).confidence_interval(method="logit")
    assert 0.9 < low < high < 1
    tiny = auc(np.arange(9) < 4, [5, 6, 7, 3.5, 1, 2, 3, 4, 0]).confidence_interval(method="logit")
    assert 0 <= tiny.low < tiny.high <= 1
