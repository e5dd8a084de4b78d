"""The Youden threshold and what is counted at a threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.stats import classification_metrics, youden_threshold


def test_ties_go_to_sensitivity_then_to_the_lowest_threshold():
    best = youden_threshold([0, 0, 1, 0, 1, 1, 0, 1], range(1, 9))
    assert best.threshold == 2.5
    assert (best.sensitivity, best.specificity, best.index) == (1.0, 0.5, 0.5)
    assert best.tied
    assert best.tied_thresholds == (2.5, 4.5)


def test_ties_that_differ_in_floating_point_are_ties():
    # 5/6 + 5/6 and 1 + 4/6 differ in their last bit; pROC sees one optimum only.
    y = [0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1]
    x = [1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11]
    assert 5 / 6 + 5 / 6 != 1 + 4 / 6
    assert youden_threshold(y, x).tied_thresholds == (4.5, 6.5)


def test_the_threshold_reproduces_its_own_sensitivity_and_specificity():
    rng = np.random.default_rng(20)
    for _ in range(20):
        y = np.append(rng.random(30) < 0.4, [True, False])
        score = rng.integers(0, 10, 32) / 7
        best = youden_threshold(y, score)
        metrics = classification_metrics(y, score, best.threshold)
        assert metrics.sensitivity.value == best.sensitivity
        assert metrics.specificity.value == best.specificity


@pytest.mark.parametrize("score", [[3, 3, 3, 3], [4, 3, 2, 1]])
def test_a_useless_score_calls_everyone_positive_and_says_so(score):
    best = youden_threshold([0, 0, 1, 1], score)
    assert best.threshold == -np.inf
    assert (best.sensitivity, best.specificity, best.index) == (1.0, 0.0, 0.0)
    assert "no threshold does better" in best.note


def test_a_score_equal_to_the_threshold_is_positive():
    metrics = classification_metrics([0, 1], [0.2, 0.5], 0.5)
    assert (metrics.true_positive, metrics.false_positive) == (1, 0)


def test_confusion_matrix_and_shares():
    y = [1, 1, 1, 0, 0, 0, 0, 1]
    score = [0.9, 0.8, 0.3, 0.7, 0.2, 0.1, 0.4, 0.6]
    metrics = classification_metrics(y, score, 0.5)
    assert metrics.confusion_matrix().to_numpy().tolist() == [[3, 1], [1, 3]]
    assert metrics.accuracy.value == 0.75
    assert metrics.ppv.value == metrics.npv.value == 0.75
    assert metrics.f1 == 0.75
    assert metrics.n == 8


def test_shares_without_a_denominator_say_so():
    nobody = classification_metrics([0, 1], [0.1, 0.2], np.inf)
    assert np.isnan(nobody.ppv.value)
    assert nobody.ppv.note == "not defined: there are no positive calls"
    assert np.isnan(nobody.ppv.confidence_interval().low)
    assert nobody.f1 == 0.0
    everyone = classification_metrics([0, 1], [0.1, 0.2], -np.inf)
    assert everyone.npv.note == "not defined: there are no negative calls"
    assert everyone.to_frame().loc["npv", "note"]


def test_f1_interval_is_that_of_the_jaccard_share():
    metrics = classification_metrics([1] * 10 + [0] * 10, [*range(10, 20), *range(3, 13)], 12)
    share = metrics.true_positive / (
        metrics.true_positive + metrics.false_positive + metrics.false_negative
    )
    assert metrics.f1 == pytest.approx(2 * share / (1 + share))
    low, high = metrics.f1_confidence_interval()
    assert low < metrics.f1 < high
    exact = metrics.f1_confidence_interval(method="clopper-pearson")
    assert exact.low < low
    row = metrics.to_frame().loc["f1"]
    assert (row["value"], row["wilson_low"]) == pytest.approx((metrics.f1, low))


def test_frame_has_a_row_per_measure():
    frame = classification_metrics([0, 1, 1], [0.1, 0.4, 0.9], 0.3).to_frame(0.9)
    assert list(frame.index) == ["accuracy", "sensitivity", "specificity", "ppv", "npv", "f1"]
    assert isinstance(frame, pd.DataFrame)
    assert frame.loc["sensitivity", "wilson_high"] == 1.0


def test_a_missing_threshold_is_refused():
    with pytest.raises(DlrError, match="threshold must be a number"):
        classification_metrics([0, 1], [0.1, 0.2], float("nan"))


def test_youden_frame():
    assert youden_threshold([0, 1], [1, 2]).to_frame()["threshold"][0] == 1.5
