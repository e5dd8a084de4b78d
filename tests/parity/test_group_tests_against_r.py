"""The classical tests against R's, on real data with ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dlr.stats import group_tests
from dlr.stats.multiplicity import adjust_p_values

TWO_GROUPS = {
    "birthwt_lwt_by_low": ("birthwt", "lwt", "low"),
    "birthwt_age_by_low": ("birthwt", "age", "low"),
    "birthwt_ftv_by_low": ("birthwt", "ftv", "low"),
    "aSAH_s100b_by_outcome": ("aSAH", "s100b", "outcome_poor"),
}
TABLES = (
    "birthwt_smoke_x_low",
    "birthwt_ht_x_low",
    "birthwt_ui_x_low",
    "birthwt_race_x_low",
    "birthwt_race_x_smoke",
    "aSAH_gender_x_outcome",
    "aSAH_wfns_x_outcome",
    "df_binary_risk_group_x_cancer",
)


@pytest.fixture(params=TWO_GROUPS)
def two_groups(request, reference, reference_table):
    stem, column, outcome = TWO_GROUPS[request.param]
    table = reference_table(stem)
    event = table[outcome] == 1
    want = reference("tests")["two_group"][request.param]
    return table.loc[event, column], table.loc[~event, column], want


@pytest.mark.parametrize(("name", "equal"), [("welch", False), ("pooled", True)])
def test_t_tests(two_groups, name, equal):
    a, b, want = two_groups
    got = group_tests.t_test(a, b, equal_variances=equal)
    assert got.statistic == pytest.approx(want[name]["statistic"], rel=1e-10)
    assert got.degrees_of_freedom == pytest.approx(want[name]["parameter"][0], rel=1e-10)
    assert got.p_value == pytest.approx(want[name]["p"], rel=1e-9)
    assert list(got.confidence_interval()) == pytest.approx(want[name]["conf_int"], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "correct"), [("wilcox_correct", True), ("wilcox_nocorrect", False)]
)
def test_mann_whitney(two_groups, name, correct):
    a, b, want = two_groups
    got = group_tests.mann_whitney_test(a, b, "asymptotic", continuity=correct)
    assert got.statistic == want[name]["statistic"]
    assert got.p_value == pytest.approx(want[name]["p"], rel=1e-9)


def test_kruskal_wallis_and_shapiro_wilk(two_groups):
    a, b, want = two_groups
    kruskal = group_tests.kruskal_wallis_test(a, b)
    assert kruskal.statistic == pytest.approx(want["kruskal"]["statistic"], rel=1e-10)
    assert kruskal.p_value == pytest.approx(want["kruskal"]["p"], rel=1e-9)
    samples = {"shapiro1": a, "shapiro0": b, "shapiro_all": pd.concat([a, b])}
    for name, sample in samples.items():
        got = group_tests.shapiro_wilk_test(sample)
        assert got.statistic == pytest.approx(want[name]["statistic"], rel=1e-6)
        # Royston's polynomial makes p from log(1 - W): its digits are those of W's complement.
        assert got.p_value == pytest.approx(want[name]["p"], rel=1e-4)


def test_more_than_two_groups(reference, reference_table):
    want = reference("tests")["k_groups"]["birthwt_lwt_by_race"]
    groups = [values for _, values in reference_table("birthwt").groupby("race")["lwt"]]
    kruskal = group_tests.kruskal_wallis_test(*groups)
    assert kruskal.p_value == pytest.approx(want["kruskal"]["p"], rel=1e-9)
    anova = group_tests.analysis_of_variance(*groups)
    assert anova.statistic == pytest.approx(want["anova"]["F"], rel=1e-10)
    assert anova.p_value == pytest.approx(want["anova"]["p"], rel=1e-9)


@pytest.mark.parametrize("method", ["exact", "asymptotic"])
def test_small_samples_without_ties(method, reference):
    want = reference("tests")["wilcox_small_exact_no_ties"]
    got = group_tests.mann_whitney_test(want["x"], want["y"], method)
    key = "exact" if method == "exact" else "asymptotic_correct"
    assert got.p_value == pytest.approx(want[key]["p"], rel=1e-10)


@pytest.mark.parametrize("name", TABLES)
def test_contingency_tables(name, reference):
    want = reference("tests")["contingency"][name]
    for key, continuity in (("chisq_correct", True), ("chisq_nocorrect", False)):
        got = group_tests.chi_squared_test(want["table"], continuity)
        assert got.statistic == pytest.approx(want[key]["statistic"], rel=1e-10)
        assert got.degrees_of_freedom == want[key]["parameter"][0]
        assert got.p_value == pytest.approx(want[key]["p"], rel=1e-9)
    fisher = group_tests.fisher_exact_test(want["table"])
    assert fisher.p_value == pytest.approx(want["fisher"]["p"], rel=1e-9)
    if "estimate" in want["fisher"]:  # R finds both by a root search to 1e-4
        assert fisher.estimate == pytest.approx(want["fisher"]["estimate"][0], rel=2e-5)
        assert list(fisher.confidence_interval()) == pytest.approx(
            want["fisher"]["conf_int"], rel=5e-4
        )


@pytest.mark.parametrize("pair", ["s100b_vs_wfns", "s100b_vs_ndka"])
def test_mcnemar(pair, reference):
    want = reference("tests")["mcnemar"][pair]
    keys = {"exact": "exact_binom", "continuity": "correct", "uncorrected": "nocorrect"}
    for method, key in keys.items():
        got = group_tests.mcnemar_test(want["table"], method)
        assert got.p_value == pytest.approx(want[key]["p"], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "stem", "x", "y"),
    [
        ("aSAH_s100b_ndka", "aSAH", "s100b", "ndka"),
        ("aSAH_s100b_wfns", "aSAH", "s100b", "wfns"),
        ("birthwt_age_lwt", "birthwt", "age", "lwt"),
    ],
)
def test_spearman(name, stem, x, y, reference, reference_table):
    want = reference("tests")["correlation"][name]["spearman_asymptotic"]
    table = reference_table(stem)
    got = group_tests.spearman_test(table[x], table[y])
    assert got.estimate == pytest.approx(want["estimate"][0], rel=1e-10)
    assert got.p_value == pytest.approx(want["p"], rel=1e-9)


def test_exact_spearman_lists_all_orders(reference):
    want = reference("tests")["correlation"]["small_no_ties_exact"]
    got = group_tests.spearman_test(want["x"], want["y"], method="exact")
    assert got.p_value == pytest.approx(want["spearman_default"]["p"], rel=1e-10)


@pytest.mark.parametrize(("ours", "theirs"), [("holm", "holm"), ("bh", "BH"), ("bonferroni",) * 2])
def test_adjusted_p_values(ours, theirs, reference):
    want = reference("tests")["p_adjust"]
    raw = np.array(want["textbook_p_with_NA"], dtype=float)
    expected = np.array(want["textbook_adj"][theirs], dtype=float)
    np.testing.assert_allclose(adjust_p_values(raw, ours), expected, rtol=1e-12)
