"""Decision curves, their bootstrap and differences."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.errors import DlrError
from dlr.stats import decision_curve


@pytest.fixture
def data():
    rng = np.random.default_rng(50)
    y = rng.random(200) < 0.3
    good = np.clip(0.3 + 0.25 * (y - 0.3) + rng.normal(0, 0.1, 200), 0.01, 0.99)
    return y, {"good": good, "noise": rng.random(200)}


def test_net_benefit_by_counting(data):
    y, models = data
    curve = decision_curve(y, models, [0.1, 0.25, 0.6])
    for t in (0.1, 0.25, 0.6):
        treated = models["good"] >= t
        expected = (treated & y).mean() - (treated & ~y).mean() * t / (1 - t)
        assert curve.net_benefit.loc[t, "good"] == pytest.approx(expected, abs=1e-15)
        assert curve.net_benefit.loc[t, "treat none"] == 0.0
        all_ = y.mean() - (1 - y.mean()) * t / (1 - t)
        assert curve.net_benefit.loc[t, "treat all"] == pytest.approx(all_, abs=1e-15)


def test_grid_is_one_to_ninety_nine_percent(data):
    curve = decision_curve(*data)
    assert curve.thresholds.tolist() == [k / 100 for k in range(1, 100)]
    assert list(curve.net_benefit.columns) == ["good", "noise", "treat all", "treat none"]
    assert curve.low is None


def test_a_perfect_model_reaches_one_when_standardised():
    y = np.array([0, 1, 1, 0, 0])
    curve = decision_curve(y, {"oracle": y})
    np.testing.assert_allclose(curve.standardised["oracle"], 1.0)


def test_certain_predictions_are_allowed():
    curve = decision_curve([0, 1, 0, 1], {"m": [0.0, 1.0, 1.0, 0.0]}, [0.5])
    assert curve.net_benefit["m"].iloc[0] == 0.0


def test_bootstrap_matches_a_plain_loop(data):
    y, models = data
    curve = decision_curve(y, models, [0.2, 0.4], n_bootstrap=4000)
    rng = np.random.default_rng(51)
    draws = []
    for _ in range(4000):
        rows = rng.integers(200, size=200)
        treated, event = models["good"][rows] >= 0.2, y[rows]
        draws.append((treated & event).mean() - (treated & ~event).mean() * 0.25)
    expected = np.quantile(draws, [0.025, 0.975])
    limits = (curve.low.loc[0.2, "good"], curve.high.loc[0.2, "good"])
    assert limits == pytest.approx(expected, abs=0.006)


def test_bootstrap_repeats_with_its_seed(data):
    one, same, other = (
        decision_curve(*data, [0.3], n_bootstrap=100, random_state=seed) for seed in (0, 0, 1)
    )
    assert one.low.equals(same.low)
    assert not one.low.equals(other.low)


def test_difference_uses_the_same_resamples(data):
    y, models = data
    curve = decision_curve(y, {**models, "copy": models["good"]}, [0.2, 0.3], n_bootstrap=200)
    none = curve.difference("good", "copy")
    assert not none.difference.any()
    assert not none.low.any()
    assert not none.high.any()
    real = curve.difference("good", "noise", level=0.9).to_frame()
    assert ((real.low < real.difference) & (real.difference < real.high)).all()
    against_all = curve.difference("good", "treat all").to_frame()
    assert (against_all.high >= against_all.low).all()


def test_difference_without_bootstrap_has_no_limits(data):
    difference = decision_curve(*data, [0.2]).difference("good", "noise")
    assert difference.low is None
    assert list(difference.to_frame().columns) == ["difference"]


def test_patients_are_resampled_whole(data):
    y, models = data
    table = {name: np.repeat(values, 3) for name, values in models.items()}
    groups = np.repeat(np.arange(200), 3)
    naive = decision_curve(np.repeat(y, 3), table, [0.2], n_bootstrap=800)
    whole = decision_curve(np.repeat(y, 3), table, [0.2], n_bootstrap=800, groups=groups)
    width = (whole.high - whole.low) / (naive.high - naive.low)
    assert width["good"].iloc[0] == pytest.approx(np.sqrt(3), rel=0.15)


def test_given_prevalence_replaces_the_observed_one(data):
    y, models = data
    curve = decision_curve(y, models, [0.2], prevalence=0.1, n_bootstrap=50)
    assert curve.prevalence == 0.1
    assert curve.net_benefit["treat all"].iloc[0] == pytest.approx(0.1 - 0.9 * 0.25)
    # With the classes fixed, treating all has no sampling variation.
    assert curve.low["treat all"].iloc[0] == pytest.approx(curve.high["treat all"].iloc[0])


@pytest.mark.parametrize("prevalence", [0, 1, 2])
def test_impossible_prevalence_is_refused(data, prevalence):
    with pytest.raises(DlrError, match="prevalence must lie strictly between 0 and 1"):
        decision_curve(*data, prevalence=prevalence)


def test_reserved_names_are_refused(data):
    y, models = data
    with pytest.raises(DlrError, match="must not be called 'treat all'"):
        decision_curve(y, {"treat all": models["good"]})


def test_unknown_strategies_are_refused(data):
    with pytest.raises(DlrError, match="No strategy is called 'best'; there are good, noise"):
        decision_curve(*data, [0.2]).difference("good", "best")


def test_rare_events_are_resampled_until_they_occur():
    y = np.zeros(30)
    y[0] = 1
    curve = decision_curve(y, {"m": np.linspace(0.9, 0.1, 30)}, [0.5], n_bootstrap=200)
    assert np.isfinite(curve.low.to_numpy()).all()


def test_frame_is_long(data):
    frame = decision_curve(*data, [0.2, 0.3], n_bootstrap=20).to_frame()
    assert len(frame) == 8
    assert {"model", "threshold", "net_benefit", "low", "high"} <= set(frame.columns)
