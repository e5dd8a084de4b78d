"""Rubin's rules by hand and against statsmodels; imputation of numbers and levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from scipy.stats import t as student
from statsmodels.imputation.mice import MICE, MICEData

from dlr.errors import DlrError
from dlr.stats import multiple_imputation_logistic, multivariable_logistic, pool_rubin


def cohort(n: int = 250, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a complete table and the same with gaps that depend on known values."""
    random = np.random.default_rng(seed)
    age = random.normal(50, 10, n)
    grade = random.choice(["I", "II", "III"], n, p=[0.5, 0.3, 0.2])
    index = 0.5 * age + 5 * (grade == "III") + random.normal(0, 8, n)
    risk = expit(0.06 * (index - 26) + 0.8 * (grade == "III") - 0.3)
    complete = pd.DataFrame(
        {"age": age, "grade": grade, "odi": index, "event": (random.random(n) < risk).astype(int)}
    )
    gaps = complete.copy()
    gaps.loc[random.random(n) < 0.1 + 0.3 * (age > 50), "odi"] = np.nan
    gaps.loc[random.random(n) < 0.15, "grade"] = None
    return complete, gaps


def test_pooling_by_hand() -> None:
    estimates = pd.DataFrame({"a": [1.0, 1.2, 0.8], "b": [0.5, 0.5, 0.5]})
    covariances = [np.diag([0.04, 0.09]), np.diag([0.05, 0.09]), np.diag([0.06, 0.09])]
    pooled = pool_rubin(estimates, covariances, complete_degrees_of_freedom=100)
    within, between = 0.05, 0.04
    total = within + 4 / 3 * between
    share = 4 / 3 * between / total
    old, observed = 2 / share**2, 101 / 103 * 100 * (1 - share)
    freedom = old * observed / (old + observed)
    increase = 4 / 3 * between / within
    row = pooled.to_frame().loc["a"]
    assert row["estimate"] == pytest.approx(1.0)
    assert row["standard_error"] == pytest.approx(np.sqrt(total))
    assert row["degrees_of_freedom"] == pytest.approx(freedom)
    assert row["fraction_missing"] == pytest.approx((increase + 2 / (freedom + 3)) / (1 + increase))
    assert row["p_value"] == pytest.approx(2 * student.sf(1 / np.sqrt(total), freedom))
    half = student.ppf(0.95, freedom) * np.sqrt(total)
    assert pooled.confidence_interval(0.9).loc["a"].tolist() == pytest.approx([1 - half, 1 + half])
    # Nothing differs between the imputations of b: no information is missing.
    same = pooled.to_frame().loc["b"]
    assert same["fraction_missing"] == 0
    assert same["standard_error"] == pytest.approx(0.3)
    assert same["degrees_of_freedom"] == pytest.approx(101 / 103 * 100)
    large = pool_rubin(estimates, covariances).degrees_of_freedom
    assert large["a"] == pytest.approx(old)
    assert np.isinf(large["b"])
    assert pool_rubin(estimates, covariances).p_value["b"] == pytest.approx(0.0956, abs=1e-4)


def test_pooling_equals_statsmodels_on_its_own_imputations() -> None:
    _, gaps = cohort()
    numbers = gaps[["age", "odi", "event"]].astype(float)
    chains = MICE("event ~ age + odi", sm.GLM, MICEData(numbers),
                  init_kwds={"family": sm.families.Binomial()})  # fmt: skip
    theirs = chains.fit(5, 8)
    runs = chains.results_list
    ours = pool_rubin([r.params for r in runs], [r.cov_params() for r in runs])
    np.testing.assert_allclose(ours.estimate, theirs.params, rtol=1e-10)
    np.testing.assert_allclose(ours.total, theirs.normalized_cov_params, rtol=1e-8)
    np.testing.assert_allclose(ours.standard_error, theirs.bse, rtol=1e-8)


def test_estimates_are_near_the_complete_ones_and_repeat() -> None:
    complete, gaps = cohort(600)
    names = ["age", "grade", "odi"]
    result = multiple_imputation_logistic(gaps, "event", names, 10, seed=1)
    table = result.to_frame()
    truth = multivariable_logistic(complete, "event", names).to_frame()
    left = multivariable_logistic(gaps, "event", names).to_frame()
    assert table["variable"].tolist() == truth["variable"].tolist()
    assert table["level"].tolist() == truth["level"].tolist()
    error = result.pooled.standard_error.to_numpy()[1:]
    assert (np.abs(table["coefficient"] - np.log(truth["odds_ratio"])) < error).all()
    widths = [np.log(t["high"]) - np.log(t["low"]) for t in (truth, table, left)]
    assert (widths[0] < widths[1])[1:].all()  # gaps cost information
    assert widths[1].mean() < widths[2].mean()  # but less than leaving the cases out
    assert table["n_missing"].tolist() == [0, *([gaps["grade"].isna().sum()] * 2),
                                           gaps["odi"].isna().sum()]  # fmt: skip
    again = multiple_imputation_logistic(gaps, "event", names, 10, seed=1).to_frame()
    pd.testing.assert_frame_equal(again, table)
    other = multiple_imputation_logistic(gaps, "event", names, 10, seed=2).to_frame()
    assert not np.allclose(other["coefficient"], table["coefficient"], atol=1e-6)


def test_without_gaps_nothing_is_added() -> None:
    complete, _ = cohort()
    names = ["age", "grade", "odi"]
    table = multiple_imputation_logistic(complete, "event", names, 3).to_frame()
    truth = multivariable_logistic(complete, "event", names).to_frame()
    np.testing.assert_allclose(table["odds_ratio"], truth["odds_ratio"], rtol=1e-8)
    np.testing.assert_allclose(table["low"], truth["low"], rtol=0.005)  # t instead of normal
    assert (table["fraction_missing"] == 0).all()


def test_intervals_cover_the_truth_where_gaps_depend_on_the_outcome() -> None:
    covered, estimates = [], []
    for seed in range(120):
        random = np.random.default_rng(seed)
        x = random.normal(size=200)
        z = x + random.normal(size=200)
        y = (random.random(200) < expit(x - 0.3)).astype(int)
        table = pd.DataFrame({"x": x, "z": z, "y": y})
        table.loc[random.random(200) < 0.15 + 0.35 * y, "x"] = np.nan
        row = multiple_imputation_logistic(table, "y", ["x", "z"], 5, seed).to_frame().iloc[0]
        covered.append(row["low"] <= np.e <= row["high"])
        estimates.append(row["coefficient"])
    assert 0.88 < np.mean(covered) < 0.99  # 0.93 over 400 runs, 0.94 with 20 imputations
    assert np.mean(estimates) == pytest.approx(1, abs=0.15)


def test_levels_keep_their_order_and_their_kind() -> None:
    _, gaps = cohort()
    gaps["grade"] = pd.Categorical(gaps["grade"], ["III", "II", "I"], ordered=True)
    gaps["msu"] = np.where(np.arange(len(gaps)) % 10 == 0, np.nan, np.arange(len(gaps)) % 3 + 1)
    result = multiple_imputation_logistic(
        gaps, "event", ["grade", "msu", "odi"], 3, references={"msu": "2"}
    ).to_frame()
    assert result["level"].tolist() == ["II", "I", "1", "3", ""]
    assert result["reference"].tolist() == ["III", "III", "2", "2", ""]


def test_hopeless_variables_are_noted_and_separation_is_met() -> None:
    _, gaps = cohort(80)
    gaps["empty"] = np.nan
    gaps["constant"] = 3.0
    gaps["perfect"] = gaps["event"] * 10.0
    result = multiple_imputation_logistic(gaps, "event", ["empty", "constant", "perfect", "odi"], 3)
    table = result.to_frame().set_index("variable")
    assert table.loc["empty", "note"] == "not estimated: no known value"
    assert table.loc["constant", "note"] == "not estimated: does not vary"
    assert table.loc[["empty", "constant"], "odds_ratio"].isna().all()
    assert result.separated == 3
    assert table.loc["perfect", "method"] == "firth"
    assert np.isfinite(table.loc["perfect", "high"])
    with pytest.raises(DlrError, match="none of the variables has a known value"):
        multiple_imputation_logistic(gaps, "event", ["empty"], 3)


def test_bad_arguments_are_one_sentence() -> None:
    _, gaps = cohort(50)
    with pytest.raises(DlrError, match="imputations must be at least 2, got 1"):
        multiple_imputation_logistic(gaps, "event", ["odi"], 1)
    with pytest.raises(DlrError, match="must not be among the variables"):
        multiple_imputation_logistic(gaps, "event", ["event"], 2)
    with pytest.raises(DlrError, match="at least two imputations, got 1"):
        pool_rubin([[1.0]], [[[1.0]]])
    with pytest.raises(DlrError, match="need covariances of shape"):
        pool_rubin([[1.0], [2.0]], [[[1.0]]])
