"""Propensity-score matching: its rules, its weights and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.stats import propensity_match


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 120
    age = rng.normal(40, 10, n)
    sex = pd.Categorical(np.where(rng.random(n) < 0.5, "male", "female"))
    treated = (rng.random(n) < 1 / (1 + np.exp(-(age - 48) / 8))).astype(int)
    frame = pd.DataFrame({"centre": treated, "age": age, "sex": sex})
    return frame.set_index("P" + frame.index.astype(str))


def test_no_control_serves_twice_and_pairs_join_the_groups(table):
    match = propensity_match(table, "centre", ["age", "sex"])
    assert not match.pairs["control"].duplicated().any()
    assert (table.loc[match.pairs["treated"], "centre"] == 1).all()
    assert (table.loc[match.pairs["control"], "centre"] == 0).all()
    assert match.n_matched + len(match.unmatched) == table["centre"].sum()


def test_matching_brings_the_groups_closer(table):
    match = propensity_match(table, "centre", ["age", "sex"], caliper=0.2, link="linear.logit")
    balance = match.balance.loc["age"]
    assert abs(balance["smd_after"]) < 0.2 < abs(balance["smd_before"])
    assert len(match.matched(table)) == 2 * match.n_matched
    assert (match.pairs["distance"] <= match.caliper_width).all()


def test_balance_after_matching_describes_the_matched_rows(table):
    match = propensity_match(table, "centre", ["age", "sex"], caliper=0.5)
    matched = match.matched(table)
    means = matched.groupby("centre")["age"].mean()
    assert match.balance.loc["age", "treated_after"] == pytest.approx(means[1])
    assert match.balance.loc["age", "control_after"] == pytest.approx(means[0])


def test_second_controls_come_after_everyone_has_a_first(table):
    few = pd.concat([table[table.centre == 1].head(10), table[table.centre == 0].head(15)])
    match = propensity_match(few, "centre", ["age"], ratio=2)
    counts = match.pairs["treated"].value_counts()
    assert counts.sum() == 15
    assert sorted(counts.unique()) == [1, 2]
    assert match.n_matched == 10


def test_weights_of_both_groups_sum_to_the_same(table):
    few = pd.concat([table[table.centre == 1].head(10), table[table.centre == 0].head(15)])
    match = propensity_match(few, "centre", ["age"], ratio=2)
    assert match.weights[few.centre == 1].sum() == pytest.approx(10)
    assert match.weights[few.centre == 0].sum() == pytest.approx(10)


def test_reference_level_changes_no_pair(table):
    pairs = [
        propensity_match(table, "centre", ["age", "sex"], references={"sex": level}).pairs
        for level in ("male", "female")
    ]
    pd.testing.assert_frame_equal(pairs[0], pairs[1])


def test_fewer_controls_than_treated_leaves_treated_unmatched(table):
    few = pd.concat([table[table.centre == 1].head(8), table[table.centre == 0].head(3)])
    match = propensity_match(few, "centre", ["age"])
    assert match.n_matched == 3
    assert len(match.unmatched) == 5


def test_separated_groups_still_give_a_score():
    frame = pd.DataFrame({"centre": [0, 0, 0, 1, 1, 1], "age": [1.0, 2, 3, 11, 12, 13]})
    match = propensity_match(frame, "centre", ["age"])
    assert np.isfinite(match.propensity).all()
    assert match.n_matched == 3


def test_a_narrow_caliper_may_leave_nobody():
    frame = pd.DataFrame({"centre": [0, 0, 0, 1, 1, 1], "age": [1.0, 2, 3, 11, 12, 13]})
    match = propensity_match(frame, "centre", ["age"], caliper=1e-6)
    assert match.pairs.empty
    assert match.balance["smd_after"].isna().all()


def test_to_frame_names_the_covariate(table):
    frame = propensity_match(table, "centre", ["age", "sex"]).to_frame()
    assert frame["covariate"].tolist() == ["distance", "age", "sex=female", "sex=male"]


def test_love_plot_shows_both_states(table):
    ax = propensity_match(table, "centre", ["age", "sex"], caliper=0.2).plot()
    assert ax.get_yticklabels()[0].get_text() == "distance"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {
        "before matching",
        "after matching",
    }


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"age": np.nan}, {}, "'age' lacks 120 values"),
        ({"centre": 1}, {}, "both classes"),
        ({"age": 1.0}, {}, "no covariate varies"),
        ({}, {"caliper": 0}, "caliper must be a positive"),
        ({}, {"ratio": 0}, "ratio must be a whole number"),
        ({}, {"link": "probit"}, "link must be one of"),
    ],
)
def test_refusals_say_what_to_do(table, change, options, message):
    with pytest.raises(DlrError, match=message):
        propensity_match(table.assign(**change), "centre", ["age"], **options)


def test_unknown_reference_lists_the_levels(table):
    with pytest.raises(DlrError, match="the levels are: female, male"):
        propensity_match(table, "centre", ["sex"], references={"sex": "x"})


def test_repeated_index_is_refused(table):
    with pytest.raises(DlrError, match="index must be unique"):
        propensity_match(pd.concat([table, table]), "centre", ["age"])
