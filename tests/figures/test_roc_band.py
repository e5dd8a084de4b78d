"""Bands of ROC curves: their limits, their coverage, and how they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstwo, norm

from dlr import figures
from dlr.errors import DlrError
from dlr.figures import roc_band
from dlr.stats import classification_metrics, roc_curve


def simulated(seed: int, n: int = 60):
    """Return a curve of normal scores one standard deviation apart."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return roc_curve(y, random.normal(size=n) + y)


@pytest.mark.parametrize("method", ["wilson", "bootstrap", "simultaneous"])
def test_limits_enclose_the_curve_and_stay_between_0_and_1(method, outcome, scores) -> None:
    curve = roc_curve(outcome, scores["DLR"])
    band = roc_band(curve, method)
    assert ((band.low >= 0) & (band.low <= band.high) & (band.high <= 1)).all()
    frame = band.to_frame()
    assert list(frame.columns) == ["false_positive_rate", "low", "high"]
    assert frame["false_positive_rate"].is_monotonic_increasing
    inside = np.interp(0.5, band.false_positive_rate, curve_at(curve, band.false_positive_rate))
    assert band.low[len(frame) // 2] <= inside + 0.05


def curve_at(curve, rates: np.ndarray) -> np.ndarray:
    """Return the sensitivity of the step curve."""
    place = np.searchsorted(curve.false_positive_rate, rates + 1e-12, side="right") - 1
    return curve.true_positive_rate[place]


def test_wilson_limits_are_those_of_the_sensitivity(outcome, scores) -> None:
    curve = roc_curve(outcome, scores["DLR"])
    band = roc_band(curve, "wilson", level=0.9)
    metrics = classification_metrics(outcome, scores["DLR"], curve.thresholds[7])
    limits = metrics.sensitivity.confidence_interval(0.9)
    assert (band.low[7], band.high[7]) == pytest.approx((limits.low, limits.high))


def test_simultaneous_band_is_the_curve_moved_by_kolmogorov_distances() -> None:
    curve = simulated(0)
    band = roc_band(curve, "simultaneous", level=0.9)
    distance = kstwo.ppf(np.sqrt(0.9), 30)
    middle = len(band.low) // 2
    rate = band.false_positive_rate[middle]
    expected = curve_at(curve, np.array([rate + distance]))[0] + distance
    assert band.high[middle] == pytest.approx(min(expected, 1.0))


def test_simultaneous_band_holds_the_whole_true_curve_as_often_as_promised() -> None:
    held = 0
    for seed in range(200):
        band = roc_band(simulated(seed), "simultaneous", level=0.8)
        inner = slice(1, -1)
        truth = norm.cdf(1 + norm.ppf(band.false_positive_rate[inner]))
        held += bool(((band.low[inner] <= truth) & (truth <= band.high[inner])).all())
    assert held / 200 >= 0.8


def test_bootstrap_band_covers_the_truth_pointwise() -> None:
    truth, held = norm.cdf(1 + norm.ppf(0.3)), 0
    for seed in range(60):
        band = roc_band(simulated(seed, 100), "bootstrap", n_resamples=200)
        place = int(np.argmin(np.abs(band.false_positive_rate - 0.3)))
        held += bool(band.low[place] <= truth <= band.high[place])
    assert held / 60 >= 0.85


def test_bootstrap_depends_on_its_seed_alone_and_knows_groups(outcome, scores) -> None:
    curve = roc_curve(outcome, scores["DLR"])
    first, again = (roc_band(curve, n_resamples=50) for _ in range(2))
    np.testing.assert_array_equal(first.low, again.low)
    assert (roc_band(curve, n_resamples=50, random_state=1).low != first.low).any()
    grouped = roc_curve(outcome, scores["DLR"], groups=np.arange(90) // 3)
    band = roc_band(grouped, n_resamples=50)
    assert ((band.low >= 0) & (band.high <= 1)).all()
    with pytest.raises(DlrError, match="grouped"):
        roc_band(grouped, "simultaneous")


@pytest.mark.parametrize("method", ["wilson", "bootstrap", "simultaneous"])
def test_perfect_and_constant_scores_have_bands(method) -> None:
    y = np.array([0, 0, 1, 1])
    for score in ([0.0, 0.1, 0.8, 0.9], [0.5] * 4):
        band = roc_band(roc_curve(y, score), method, n_resamples=20)
        assert np.isfinite(band.low).all()
        assert np.isfinite(band.high).all()


def test_what_cannot_be_is_refused() -> None:
    curve = simulated(0)
    with pytest.raises(DlrError, match="must be one of"):
        roc_band(curve, "other")
    with pytest.raises(DlrError, match="level"):
        roc_band(curve, level=1.0)
    with pytest.raises(DlrError, match="resamples"):
        roc_band(curve, n_resamples=1)


def test_several_curves_have_a_band_each_when_asked(outcome, scores, crowded) -> None:
    curves = {name: roc_curve(outcome, values) for name, values in scores.items()}
    assert len(figures.plot_roc(curves).collections) == 0
    ax = figures.plot_roc(curves, band="bootstrap")
    assert len(ax.collections) == len(curves)
    assert crowded(ax.figure) == []


def test_one_curve_without_band(outcome, scores) -> None:
    assert not figures.plot_roc(roc_curve(outcome, scores["DLR"]), band="none").collections


@pytest.mark.parametrize("count", [1, 5, 6, 9])
def test_algorithms_are_ranked_and_the_winner_is_thick(count, outcome, scores, crowded) -> None:
    random = np.random.default_rng(0)
    names = [f"Gradient boosting of kind {k}" for k in range(count)]
    curves = {name: roc_curve(outcome, scores["DLR"] + random.normal(0, 1, 90)) for name in names}
    ax = figures.plot_algorithm_roc(curves, winner=names[0])
    lines = ax.lines[1:]
    areas = [curves[str(item.get_label()).split("  ")[0]].auc.value for item in lines]
    assert areas == sorted(areas, reverse=True)
    thick = [item for item in lines if item.get_linewidth() > 2]
    assert [str(item.get_label()).split("  ")[0] for item in thick] == [names[0]]
    assert crowded(ax.figure) == []
