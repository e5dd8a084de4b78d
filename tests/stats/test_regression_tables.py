"""Odds-ratio tables: references, complete cases, separation, layout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.stats import fit_logistic, multivariable_logistic, univariate_logistic


def cases(n: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    age = rng.normal(60, 9, n)
    sex = rng.choice(["F", "M"], n).astype(object)
    event = rng.random(n) < 1 / (1 + np.exp(-0.08 * (age - 62) - 0.7 * (sex == "M")))
    grade = rng.choice(["I", "II", "III"], n).astype(object)
    return pd.DataFrame({"outcome": event * 1.0, "age": age, "sex": sex, "grade": grade})


def test_reference_levels_are_stated_and_can_be_chosen():
    table = univariate_logistic(cases(), "outcome", ["sex", "grade"], {"grade": "II"}).to_frame()
    assert table[["variable", "level", "reference"]].to_numpy().tolist() == [
        ["sex", "M", "F"],
        ["grade", "I", "II"],
        ["grade", "III", "II"],
    ]
    turned = univariate_logistic(cases(), "outcome", ["sex"], {"sex": "M"}).to_frame().iloc[0]
    first = table.iloc[0]
    assert turned["odds_ratio"] == pytest.approx(1 / first["odds_ratio"], rel=1e-9)
    assert turned["profile_low"] == pytest.approx(1 / first["profile_high"], rel=1e-9)


def test_a_reference_makes_levels_of_a_numeric_column():
    frame = cases().assign(stage=np.arange(150) % 3 + 1.0)
    table = univariate_logistic(frame, "outcome", ["stage"], {"stage": "2"}).to_frame()
    assert table["level"].tolist() == ["1", "3"]
    assert univariate_logistic(frame, "outcome", ["stage"]).to_frame()["level"].tolist() == [""]


def test_category_order_gives_the_reference():
    frame = cases()
    frame["grade"] = pd.Categorical(frame["grade"], ["III", "II", "I"])
    assert univariate_logistic(frame, "outcome", ["grade"]).to_frame()["reference"][0] == "III"


def test_univariate_rows_equal_their_own_models():
    frame = cases()
    table = univariate_logistic(frame, "outcome", ["age", "sex"]).to_frame()
    model = fit_logistic(frame[["age"]], frame["outcome"])
    assert table["odds_ratio"][0] == pytest.approx(np.exp(model.coefficients["age"]), rel=1e-10)
    assert "vif" not in table


def test_each_model_uses_its_own_complete_cases():
    frame = cases()
    frame.loc[:9, "age"] = np.nan
    frame.loc[5:19, "sex"] = None
    frame.loc[30:31, "outcome"] = np.nan
    single = univariate_logistic(frame, "outcome", ["age", "sex"]).to_frame()
    assert single[["n", "n_missing"]].to_numpy().tolist() == [[138, 10], [133, 15]]
    joint = multivariable_logistic(frame, "outcome", ["age", "sex"]).to_frame()
    assert joint[["n", "n_missing"]].to_numpy().tolist() == [[128, 20], [128, 20]]
    assert joint["n_events"].nunique() == 1


def test_level_is_an_argument():
    table = univariate_logistic(cases(), "outcome", ["age"], level=0.9)
    own, wider = table.to_frame(), table.to_frame(0.99)
    assert (
        wider["low"][0] < own["low"][0] < own["odds_ratio"][0] < own["high"][0] < wider["high"][0]
    )
    assert wider["profile_low"][0] < own["profile_low"][0]
    assert table.level == 0.9


def test_a_level_without_events_is_fitted_by_firth():
    frame = cases()
    frame["rare"] = "no"
    frame.loc[frame.index[frame["outcome"] == 0][:5], "rare"] = "yes"
    single = univariate_logistic(frame, "outcome", ["rare", "age"]).to_frame()
    assert single["separated"].tolist() == [True, False]
    assert single["method"].tolist() == ["firth", "maximum likelihood"]
    joint = multivariable_logistic(frame, "outcome", ["rare", "age"]).to_frame()
    for table in (single, joint):
        row = table.iloc[0]
        numbers = row[["odds_ratio", "low", "high", "profile_low", "profile_high"]].astype(float)
        assert np.isfinite(numbers).all()
        assert 0 < row["profile_low"] < row["odds_ratio"] < row["profile_high"]
        # The penalised likelihood-ratio test and interval say the same.
        assert (row["p_likelihood_ratio"] < 0.05) == (row["profile_high"] < 1)
    assert joint["separated"].all()


def test_perfect_separation_of_every_variable():
    frame = cases().assign(perfect=lambda f: f["outcome"] * 4 + 1)
    table = multivariable_logistic(frame, "outcome", ["age", "perfect", "sex"]).to_frame()
    assert table["separated"].all()
    assert table.loc[1, "odds_ratio"] > 5
    assert table[["odds_ratio", "p_value", "p_likelihood_ratio"]].notna().all(axis=None)


def test_what_cannot_be_estimated_says_why():
    frame = cases()
    frame = frame.assign(
        same=2.0, one="a", empty=np.nan, twice=2 * frame["age"] + 1,
        half=np.where(frame["outcome"] == 1, frame["age"], np.nan),
    )  # fmt: skip
    single = univariate_logistic(frame, "outcome", ["same", "one", "empty", "half"]).to_frame()
    assert single["odds_ratio"].isna().all()
    assert single["note"].tolist() == [
        "not estimated: does not vary",
        "not estimated: does not vary",
        "not estimated: no complete case, or all with the same outcome",
        "not estimated: no complete case, or all with the same outcome",
    ]
    joint = multivariable_logistic(frame, "outcome", ["same", "age", "twice", "sex"]).to_frame()
    assert joint["note"].tolist() == [
        "not estimated: does not vary",
        "",
        "not estimated: follows from the variables before it",
        "",
    ]
    plain = multivariable_logistic(frame, "outcome", ["age", "sex"]).to_frame()
    np.testing.assert_allclose(joint["odds_ratio"].dropna(), plain["odds_ratio"], rtol=1e-9)


def test_two_cases():
    frame = pd.DataFrame({"outcome": [0, 1], "age": [40.0, 50]})
    row = univariate_logistic(frame, "outcome", ["age"]).to_frame().iloc[0]
    assert row["separated"]
    assert np.isfinite(row["odds_ratio"])


def test_inflation_grows_with_correlation():
    frame = cases()
    frame["near"] = frame["age"] + np.random.default_rng(0).normal(0, 2, len(frame))
    table = multivariable_logistic(frame, "outcome", ["age", "near", "sex"]).to_frame()
    assert table["vif"][0] > 5
    assert 1 <= table["vif"][2] < 1.2
    assert multivariable_logistic(frame, "outcome", ["age"]).to_frame()["vif"].tolist() == [1]


def test_formatted_as_papers_print_it():
    frame = cases().assign(same=1.0)
    table = univariate_logistic(frame, "outcome", ["age", "sex", "same"])
    shown = table.formatted()
    assert shown.columns.tolist() == ["Variable", "Level", "OR (95% CI)", "P"]
    row = table.to_frame().iloc[1]
    want = f"{row.odds_ratio:.3f} ({row.profile_low:.3f}–{row.profile_high:.3f})"
    assert shown["OR (95% CI)"].tolist()[1:] == [want, "–"]
    assert shown["Level"].tolist() == ["", "M vs F", ""]
    assert f"({row.low:.3f}–" in table.formatted(profile=False)["OR (95% CI)"][1]


def test_plot_names_the_variables():
    ax = univariate_logistic(cases(), "outcome", ["age", "sex"]).plot()
    assert "Odds ratio" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: univariate_logistic(f, "outcome", ["height"]), "no column 'height'"),
        (lambda f: univariate_logistic(f, "died", ["age"]), "no column 'died'"),
        (lambda f: univariate_logistic(f, "outcome", []), "at least one column"),
        (lambda f: univariate_logistic(f, "outcome", ["sex"], {"sex": "X"}), "levels are: F, M"),
        (lambda f: univariate_logistic(f, "age", ["sex"]), "coded 0"),
        (lambda f: univariate_logistic(f[f.outcome == 1], "outcome", ["age"]), "both classes"),
        (lambda f: multivariable_logistic(f, "outcome", ["age"], level=1), "strictly between"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(DlrError, match=message):
        call(cases())


@pytest.mark.parametrize("seed", range(25))
def test_small_data_never_warn_nor_fail(seed):
    """Warnings are errors here: 2 to 12 cases, ties, levels without events, separation."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 13))
    frame = pd.DataFrame(
        {
            "outcome": rng.permutation(np.append([0, 1], rng.integers(0, 2, n - 2))),
            "x": rng.choice([0.0, 1, 5, np.nan], n),
            "y": rng.normal(size=n),
            "z": rng.choice(["a", "b", "c", None], n),
        }
    )
    for table in (
        univariate_logistic(frame, "outcome", ["x", "y", "z"]),
        multivariable_logistic(frame, "outcome", ["x", "y", "z"]),
    ):
        shown = table.to_frame()
        assert (shown.loc[shown["odds_ratio"].isna(), "note"] != "").all()
        assert shown.loc[shown["odds_ratio"].notna(), "p_value"].notna().all()
