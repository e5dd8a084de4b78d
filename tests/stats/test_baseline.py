"""Baseline table: choice of tests, layout, missing values, several cohorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.stats import baseline_table
from dlr.stats.group_tests import chi_squared_test, fisher_exact_test, mann_whitney_test, t_test


def cases(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    event = np.arange(n) % 4 == 0
    return pd.DataFrame(
        {
            "outcome": event.astype(float),
            "age": rng.normal(60, 9, n) + 5 * event,
            "marker": np.exp(rng.normal(0, 1, n)),
            "sex": rng.choice(["F", "M"], n).astype(object),
            "grade": rng.choice(["I", "II", "III"], n).astype(object),
            "rare": np.where(np.arange(n) < 3, "yes", "no").astype(object),
        }
    )


def one_test(table, variable):
    return table.tests.set_index("variable").loc[variable]


def test_normality_and_expected_counts_choose_the_test():
    frame = cases()
    table = baseline_table(frame, "outcome", ["age", "marker", "sex", "grade", "rare"], False)
    names = table.tests.set_index("variable")["test"]
    assert names["age"] == "Student's t test"
    assert names["marker"] == "Mann-Whitney U test"
    assert names["sex"] == "Chi-squared test with continuity correction"
    assert names["grade"] == "Chi-squared test"
    assert names["rare"] == "Fisher's exact test"


def test_p_values_are_those_of_the_tests():
    frame = cases()
    event = frame["outcome"] == 1
    table = baseline_table(frame, "outcome", ["age", "marker", "sex", "rare"], False)
    want = [
        t_test(frame.age[event], frame.age[~event], True).p_value,
        mann_whitney_test(frame.marker[event], frame.marker[~event]).p_value,
        chi_squared_test(pd.crosstab(frame.sex, event)).p_value,
        fisher_exact_test(pd.crosstab(frame.rare, event)).p_value,
    ]
    assert table.tests["p_value"].tolist() == pytest.approx(want, rel=1e-12)


def test_choice_can_be_overridden():
    tests = {"age": "welch", "marker": "t", "sex": "pearson", "rare": "chi-squared"}
    table = baseline_table(cases(), "outcome", list(tests), False, tests=tests)
    assert table.tests["test"].tolist() == [
        "Welch's t test",
        "Student's t test",
        "Chi-squared test",
        "Chi-squared test with continuity correction",
    ]
    assert table.to_frame()["level"][1] == "mean ± SD"
    welch = baseline_table(cases(), "outcome", ["age"], False, equal_variances=False)
    assert one_test(welch, "age")["test"] == "Welch's t test"


def test_layout_is_that_of_a_paper():
    frame = pd.DataFrame(
        {
            "outcome": [0, 0, 0, 0, 1, 1, 1, 1],
            "age": [40.0, 50, 60, 70, 50, 60, 70, 80],
            "sex": ["M", "M", "F", "M", "F", "F", "M", None],
        }
    )
    table = baseline_table(frame, "outcome", ["age", "sex"], by_cohort=False)
    shown = table.to_frame()
    assert shown.columns.tolist() == [
        "variable", "level", "all", "negative", "positive", "p_value", "test", "smd", "n_missing",
    ]  # fmt: skip
    assert shown.loc[0, ["level", "all", "negative"]].tolist() == [
        "mean ± SD",
        "60.00 ± 13.09",
        "55.00 ± 12.91",
    ]
    assert shown["level"].tolist() == ["mean ± SD", "F", "M"]
    assert shown.loc[1, ["all", "negative", "positive"]].tolist() == [
        "3 (42.9%)",
        "1 (25.0%)",
        "2 (66.7%)",
    ]
    assert shown["n_missing"].tolist() == [0, 1, 1]
    assert np.isnan(shown["p_value"][2])
    assert (table.n, table.n_negative, table.n_positive) == (8, 4, 4)


def test_standardised_differences():
    frame = cases()
    event = frame["outcome"] == 1
    table = baseline_table(frame, "outcome", ["age", "sex", "grade"], False)
    a, b = frame.age[event], frame.age[~event]
    want = (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)
    assert one_test(table, "age")["smd"] == pytest.approx(want)
    p, q = (frame.sex[event] == "M").mean(), (frame.sex[~event] == "M").mean()
    want = (p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert one_test(table, "sex")["smd"] == pytest.approx(want)
    # Yang & Dalton's distance does not depend on which level is left out.
    swapped = frame.assign(grade=frame["grade"].map({"I": "z", "II": "y", "III": "x"}))
    again = baseline_table(swapped, "outcome", ["grade"], False)
    assert one_test(table, "grade")["smd"] == pytest.approx(one_test(again, "grade")["smd"])


def test_small_spreads_keep_their_digits():
    frame = pd.DataFrame({"outcome": [0, 0, 0, 1, 1, 1], "x": [1e-3, 2e-3, 3e-3, 2e-3, 3e-3, 4e-3]})
    shown = baseline_table(frame, "outcome", ["x"], False).to_frame()
    assert shown["negative"][0] == "0.0020 ± 0.0010"


def test_cohorts_stand_side_by_side():
    frame = cases().assign(cohort=["training"] * 50 + ["external"] * 30)
    frame.loc[frame.cohort == "external", "grade"] = "I"
    shown = baseline_table(frame, "outcome", ["age", "grade"]).to_frame()
    assert shown["level"].tolist() == ["mean ± SD", "I", "II", "III"]
    assert shown["external: all"].tolist()[1:] == ["30 (100.0%)", "", ""]
    alone = baseline_table(frame[frame.cohort == "training"], "outcome", ["age", "grade"], False)
    for column in ("all", "negative", "positive", "test"):
        assert shown[f"training: {column}"].tolist() == alone.to_frame()[column].tolist()
    other = baseline_table(frame.rename(columns={"cohort": "site"}), "outcome", ["age"], "site")
    assert [cohort.name for cohort in other.cohorts] == ["training", "external"]


def test_unknown_outcomes_are_left_out_and_counted():
    frame = cases()
    frame.loc[[0, 1, 2], "outcome"] = np.nan
    table = baseline_table(frame, "outcome", ["age"], False)
    assert (table.n, table.cohorts[0].n_unknown) == (77, 3)


def test_numbers_can_be_levels():
    frame = cases().assign(stage=np.arange(80) % 12.0)
    shown = baseline_table(frame, "outcome", ["stage"], False, categorical=["stage"]).to_frame()
    assert shown["level"].tolist() == [str(i) for i in range(12)]


def test_category_order_is_kept():
    frame = cases()
    frame["grade"] = pd.Categorical(frame["grade"], ["III", "II", "I", "IV"])
    shown = baseline_table(frame, "outcome", ["grade"], False).to_frame()
    assert shown["level"].tolist() == ["III", "II", "I"]


def test_degenerate_columns_say_why():
    frame = cases().assign(
        same=1.0, one="a", empty=np.nan, none=pd.Series([None] * 80, dtype=object)
    )
    shown = baseline_table(frame, "outcome", ["same", "one", "empty", "none"], False).to_frame()
    assert shown["test"].tolist() == [
        "Mann-Whitney U test",
        "not done: only one row or column has any cases",
        "not done: a group is empty",
        "not done: no value is known in one of the groups",
    ]
    assert shown["n_missing"].tolist() == [0, 0, 80, 80]


def test_one_class_is_described_without_tests():
    table = baseline_table(cases().query("outcome == 1"), "outcome", ["age", "sex"], False)
    assert table.tests["p_value"].isna().all()
    assert (table.tests["note"] != "").all()
    assert table.to_frame()["negative"].tolist() == ["", "0", "0"]


def test_two_cases():
    frame = pd.DataFrame({"outcome": [0, 1], "age": [30.0, 50], "sex": ["F", "M"]})
    table = baseline_table(frame, "outcome", ["age", "sex"], False)
    assert table.tests["p_value"].tolist() == [1, 1]
    assert np.isnan(table.tests["smd"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variables": ["height"]}, "no column 'height'"),
        ({"variables": []}, "at least one column"),
        ({"variables": "age"}, "must be a list"),
        ({"variables": ["age", "age"]}, "'age' occurs twice"),
        ({"variables": ["outcome"]}, "must not be among the variables"),
        ({"by_cohort": True}, "no column 'cohort'"),
        ({"tests": {"sex": "t"}}, r"tests\['sex'\] must be one of"),
        ({"tests": {"age": "fisher"}}, r"tests\['age'\] must be one of"),
        ({"tests": {"height": "t"}}, "not among the variables"),
        ({"outcome": "age"}, "must be coded 0"),
        ({"normality_p": 2}, "strictly between 0 and 1"),
    ],
)
def test_wrong_arguments(change, message):
    arguments = {"outcome": "outcome", "variables": ["age", "sex"], "by_cohort": False} | change
    if change.get("outcome") == "age":
        arguments["variables"] = ["sex"]
    with pytest.raises(DlrError, match=message):
        baseline_table(cases(), **arguments)


def test_infinite_values_are_refused():
    frame = cases()
    frame.loc[0, "age"] = np.inf
    with pytest.raises(DlrError, match="'age' holds infinite values"):
        baseline_table(frame, "outcome", ["age"], False)
