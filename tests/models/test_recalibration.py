"""Updates of a frozen score: fits, tests, what is suggested, and the file that carries them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from scipy.stats import chi2

from dlr.errors import DlrError, InputError
from dlr.models.recalibration import Recalibration, ScoreUpdate, recalibrate
from dlr.models.recalibration_file import RecalibrationFile, recalibration_json


def make_cohort(
    intercept: float, slope: float, n: int = 400, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = random.normal(0, 1.5, n)
    return (random.random(n) < expit(intercept + slope * score)).astype(int), score


def test_fits_and_tests_agree_with_statsmodels() -> None:
    y, score = make_cohort(-0.7, 0.6)
    found = recalibrate(y, score, "DLR")
    family = sm.families.Binomial()
    both = sm.GLM(y, sm.add_constant(score), family=family).fit(tol=1e-12)
    alone = sm.GLM(y, np.ones(len(y)), family=family, offset=score).fit(tol=1e-12)
    none = -np.logaddexp(0, np.where(y == 1, -score, score)).sum()
    assert found.intercept.value == pytest.approx(both.params[0], abs=1e-8)
    assert found.slope.value == pytest.approx(both.params[1], abs=1e-8)
    assert found.slope.standard_error == pytest.approx(both.bse[1], rel=1e-6)
    assert found.offset.value == pytest.approx(alone.params[0], abs=1e-8)
    assert found.log_likelihood["intercept and slope"] == pytest.approx(both.llf, rel=1e-10)
    assert found.p_any == pytest.approx(chi2.sf(2 * (both.llf - none), 2), rel=1e-6)
    assert found.p_slope == pytest.approx(chi2.sf(2 * (both.llf - alone.llf), 1), rel=1e-6)


@pytest.mark.parametrize(
    ("intercept", "slope", "expected"),
    [(0.0, 1.0, "none"), (-1.5, 1.0, "intercept"), (-1.0, 0.3, "intercept and slope")],
)
def test_the_closed_test_suggests_what_is_needed(
    intercept: float, slope: float, expected: str
) -> None:
    y, score = make_cohort(intercept, slope, n=1500, seed=4)
    assert recalibrate(y, score).suggested == expected


def test_a_sound_score_is_left_alone_at_the_stated_rate() -> None:
    kept = [recalibrate(*make_cohort(0, 1, 200, seed)).suggested == "none" for seed in range(300)]
    assert 0.90 < np.mean(kept) < 0.98


def test_separated_outcomes_offer_an_intercept_only() -> None:
    y, score = np.array([0, 0, 0, 1, 1]), np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    found = recalibrate(y, score, "DLR")
    assert "separate the classes" in found.note
    assert found.suggested == "none"
    assert np.isfinite(found.update("intercept").intercept)
    with pytest.raises(DlrError, match="DLR has no positive slope"):
        found.update("intercept and slope")


def test_a_score_that_points_the_wrong_way_is_never_turned_round() -> None:
    y, score = make_cohort(0, -1)
    found = recalibrate(y, score, "DLR")
    assert "wrong way round" in found.warning
    assert found.suggested in ("none", "intercept")
    with pytest.raises(DlrError, match="no positive slope"):
        found.update("intercept and slope")


def test_several_cases_of_a_subject_widen_limits_and_calm_the_tests() -> None:
    y, score = make_cohort(0.6, 1, 300)
    plain = recalibrate(y, score)
    # Every case four times over is no more knowledge than every case once.
    copied = recalibrate(np.tile(y, 4), np.tile(score, 4), groups=np.tile(np.arange(300), 4))
    assert copied.slope.value == pytest.approx(plain.slope.value)
    assert copied.slope.standard_error == pytest.approx(plain.slope.standard_error, rel=0.1)
    assert copied.offset.standard_error == pytest.approx(plain.offset.standard_error, rel=0.1)
    naive = recalibrate(np.tile(y, 4), np.tile(score, 4))
    assert naive.p_slope < copied.p_slope
    assert copied.p_any == pytest.approx(plain.p_any, rel=0.5)


def test_thresholds_move_with_the_scores() -> None:
    update = ScoreUpdate(-0.8, 1.7)
    probability = np.linspace(0.02, 0.98, 49)
    scores = np.log(probability / (1 - probability))
    moved = expit(update.log_odds(scores))
    for threshold in (0.3, 0.5, 0.81):
        before, after = probability >= threshold, moved >= update.probability(threshold)
        assert (before == after).all()
    assert (update.probability(0.0), update.probability(1.0)) == (0.0, 1.0)


@pytest.fixture
def items() -> dict[str, Recalibration]:
    return {
        "DLR": recalibrate(*make_cohort(-1.2, 0.4, 800), "DLR"),
        "Clinic": recalibrate(*make_cohort(0, 1, 200, 5), "Clinic"),
    }


def write(items: dict[str, Recalibration], path: Path, **changes: object) -> Path:
    content = {**recalibration_json(items, "abc", "north"), **changes}
    path.write_text(json.dumps(content, allow_nan=False))
    return path


def test_the_file_applies_what_was_suggested_and_nothing_else(
    items: dict[str, Recalibration], tmp_path: Path
) -> None:
    assert [item.suggested for item in items.values()] == ["intercept and slope", "none"]
    found = RecalibrationFile.read(write(items, tmp_path / "r.json"))
    scores = pd.DataFrame({"DLR": [0.0, 1.0], "Clinic": [0.5, 0.6]})
    applied = found.apply(scores)
    expected = items["DLR"].intercept.value + items["DLR"].slope.value * scores["DLR"]
    np.testing.assert_allclose(applied["DLR"], expected, rtol=1e-12)
    pd.testing.assert_series_equal(applied["Clinic"], scores["Clinic"])
    assert list(found.updates) == ["DLR"]
    assert "recalibrated to the north cohort: DLR: intercept and slope" in found.describe()
    assert found.thresholds({"DLR": 0.5, "Clinic": 0.5})["Clinic"] == 0.5


def test_use_may_be_edited_by_hand(items: dict[str, Recalibration], tmp_path: Path) -> None:
    content = recalibration_json(items, "abc", "north")
    content["feature_sets"]["DLR"]["use"] = "intercept"
    found = RecalibrationFile.read(write(items, tmp_path / "r.json", **content))
    assert found.updates["DLR"] == items["DLR"].update("intercept")
    content["feature_sets"]["DLR"]["use"] = "slope"
    with pytest.raises(InputError, match="'use' must be one of none, intercept"):
        RecalibrationFile.read(write(items, tmp_path / "r.json", **content))


def test_an_update_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    turned = recalibrate(*make_cohort(0, -1), "DLR")
    content = recalibration_json({"DLR": turned}, "abc", "north")
    content["feature_sets"]["DLR"]["use"] = "intercept and slope"
    with pytest.raises(InputError, match="keeps the score's direction"):
        RecalibrationFile.read(write({"DLR": turned}, tmp_path / "r.json", **content))


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"feature_sets": 3}'])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"this is no recalibration\.json|not readable JSON"):
        RecalibrationFile.read(path)
    with pytest.raises(InputError, match="the file does not exist"):
        RecalibrationFile.read(tmp_path / "absent.json")


def test_nothing_to_change_is_said(items: dict[str, Recalibration], tmp_path: Path) -> None:
    path = write({"Clinic": replace(items["Clinic"])}, tmp_path / "r.json")
    assert RecalibrationFile.read(path).describe().endswith("no score needed a change")
