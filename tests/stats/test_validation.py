"""What the shared argument checks refuse, and what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr import stats
from dlr.errors import DlrError
from dlr.stats import auc, calibration, decision_curve, delong_matrix
from dlr.stats._validation import check_count, check_level, numeric_vector


def test_missing_values_are_refused_with_their_place():
    with pytest.raises(DlrError, match=r"score must not hold missing .* 1 of 3 .*position 1"):
        auc([0, 1, 1], [0.1, np.nan, 0.3])


def test_infinite_values_are_refused():
    with pytest.raises(DlrError, match="missing or infinite"):
        auc([0, 1, 1], [0.1, np.inf, 0.3])


@pytest.mark.parametrize(("y", "only"), [([1, 1, 1], 1), ([0, 0, 0], 0)])
def test_one_class_is_refused(y, only):
    with pytest.raises(DlrError, match=f"y must hold both classes, but all 3 values are {only}"):
        auc(y, [0.1, 0.2, 0.3])


def test_other_codings_are_refused():
    with pytest.raises(DlrError, match=r"coded 0 \(no event\) and 1 \(event\), but holds 2"):
        auc([1, 2, 1], [0.1, 0.2, 0.3])


def test_text_is_refused():
    with pytest.raises(DlrError, match="y must hold numbers only"):
        auc(["yes", "no"], [0.1, 0.2])


def test_missing_outcome_is_refused():
    with pytest.raises(DlrError, match="y must not hold missing"):
        auc(pd.Series([1, 0, None]), [0.1, 0.2, 0.3])


def test_nothing_at_all_is_refused():
    with pytest.raises(DlrError, match="y is empty"):
        auc([], [])


def test_unequal_lengths_are_refused():
    with pytest.raises(DlrError, match="score must have 3 values like the outcome, but has 2"):
        auc([0, 1, 1], [0.1, 0.2])


def test_tables_are_refused_as_vectors():
    with pytest.raises(DlrError, match=r"one-dimensional, but has shape \(2, 2\)"):
        numeric_vector(np.zeros((2, 2)), "score")


def test_log_odds_are_refused_as_probabilities():
    with pytest.raises(DlrError, match="p must hold probabilities between 0 and 1, but holds -2"):
        calibration([0, 1], [-2.0, 0.3])


def test_series_in_another_order_are_refused_because_values_pair_by_position():
    y = pd.Series([0, 1, 1], index=["a", "b", "c"])
    score = pd.Series([0.1, 0.2, 0.3], index=["c", "b", "a"])
    with pytest.raises(DlrError, match=r"same cases in a different order.*score\.loc\[y\.index\]"):
        auc(y, score)
    with pytest.raises(DlrError, match="different order"):
        delong_matrix(y, {"first": score, "second": score})
    assert auc(y, score.loc[y.index]).value == 0.0


def test_series_with_unrelated_labels_pair_by_position():
    y = pd.Series([0, 1, 1], index=["a", "b", "c"])
    assert auc(y, pd.Series([0.1, 0.2, 0.3])).value == 1.0


def test_booleans_and_series_are_outcomes():
    assert auc(pd.Series([False, True]), [0.1, 0.2]).value == 1.0


@pytest.mark.parametrize("level", [0, 1, 95, -0.1])
def test_levels_outside_the_unit_interval_are_refused(level):
    with pytest.raises(DlrError, match=r"level must lie strictly between 0 and 1 \(0.95 for 95"):
        check_level(level)


@pytest.mark.parametrize("count", [1, 2.5, True])
def test_counts_must_be_whole_and_large_enough(count):
    with pytest.raises(DlrError, match="B must be a whole number of at least 2"):
        check_count(count, "B", 2)


def test_groups_must_fit_and_differ():
    y, score = [0, 1, 1, 0], [1, 2, 3, 4]
    with pytest.raises(DlrError, match="groups must hold 4 values"):
        auc(y, score, groups=[1, 2])
    with pytest.raises(DlrError, match="at least two different clusters"):
        auc(y, score, groups=["a"] * 4)
    with pytest.raises(DlrError, match="groups must not hold missing values"):
        auc(y, score, groups=["a", None, "b", "c"])


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 1.5])
def test_thresholds_of_zero_and_one_are_refused(threshold):
    with pytest.raises(DlrError, match="thresholds must lie strictly between 0 and 1"):
        decision_curve([0, 1], {"model": [0.1, 0.2]}, [threshold])


def test_thresholds_must_rise():
    with pytest.raises(DlrError, match="must increase without repeats"):
        decision_curve([0, 1], {"model": [0.1, 0.2]}, [0.2, 0.1])


def test_models_must_be_named():
    with pytest.raises(DlrError, match="models must map names to values"):
        decision_curve([0, 1], [0.1, 0.2])


def test_models_must_have_distinct_names():
    table = pd.DataFrame([[0.1, 0.2], [0.3, 0.4]], columns=["model", "model"])
    with pytest.raises(DlrError, match="'model' occurs twice"):
        delong_matrix([0, 1], table)


def test_nullable_columns_are_read_and_their_gaps_found():
    y = pd.Series([0, 1, 1], dtype="Int64")
    assert auc(y, pd.Series([0.1, 0.2, 0.3], dtype="Float64")).value == 1.0
    with pytest.raises(DlrError, match="score must not hold missing"):
        auc(y, pd.Series([0.1, None, 0.3], dtype="Float64"))


CASES = pd.Index([f"L{number}" for number in range(60)])
OUTCOME = pd.Series(np.arange(60) % 2, CASES)
SCORE = pd.Series(np.random.default_rng(0).random(60) + 0.3 * OUTCOME.to_numpy(), CASES) / 2
OTHER = pd.Series(np.random.default_rng(1).random(60), CASES)
PATIENT = pd.Series(np.repeat(np.arange(20), 3), CASES)


@pytest.mark.parametrize(
    "statistic",
    [
        lambda mixed: stats.auc(OUTCOME, SCORE, groups=mixed(PATIENT)),
        lambda mixed: stats.auc(OUTCOME.to_numpy(), SCORE, groups=mixed(PATIENT)),
        lambda mixed: stats.delong_test(OUTCOME.to_numpy(), SCORE, mixed(OTHER)),
        lambda mixed: stats.delong_test(OUTCOME, SCORE, OTHER, groups=mixed(PATIENT)),
        lambda mixed: stats.delong_matrix(OUTCOME, {"a": SCORE, "b": OTHER}, mixed(PATIENT)),
        lambda mixed: stats.delong_matrix(OUTCOME.to_numpy(), {"a": SCORE, "b": mixed(OTHER)}),
        lambda mixed: stats.calibration(OUTCOME, SCORE, groups=mixed(PATIENT)),
        lambda mixed: stats.classification_metrics(OUTCOME, SCORE, 0.5, groups=mixed(PATIENT)),
        lambda mixed: stats.decision_curve(OUTCOME, {"a": SCORE}, groups=mixed(PATIENT)),
        lambda mixed: stats.fit_logistic(SCORE.to_frame("x"), mixed(OUTCOME)),
        lambda mixed: stats.fit_logistic(SCORE.to_frame("x"), OUTCOME, groups=mixed(PATIENT)),
        lambda mixed: stats.reclassification(OUTCOME.to_numpy(), SCORE, mixed(OTHER)),
        lambda mixed: stats.compare_sensitivity_specificity(
            OUTCOME.to_numpy(), OUTCOME, mixed(OUTCOME)
        ),
        lambda mixed: stats.spearman_test(SCORE, mixed(OTHER)),
    ],
)
def test_the_same_cases_in_another_order_are_refused_wherever_they_enter(statistic) -> None:
    with pytest.raises(DlrError, match="hold the same cases in a different order"):
        statistic(lambda values: values.sample(frac=1, random_state=0))
    statistic(lambda values: values)  # and accepted in theirs
