"""Constant features, agreement between readers, and the Mann-Whitney test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, mannwhitneyu

from dlr.errors import DlrError
from dlr.selection import AgreementFilter, ConstantFilter, MannWhitneyFilter
from dlr.stats._mann_whitney import mann_whitney_columns


def test_constant_and_empty_features_go() -> None:
    X = pd.DataFrame(
        {
            "varies": [1.0, 2.0, 3.0],
            "same": [5.0, 5.0, 5.0],
            "rounding": [0.1 + 0.2, 0.3, 0.3],
            "large": [1e9, 1e9 + 1, 1e9],
            "missing": [np.nan, np.nan, np.nan],
            "partly": [np.nan, 1.0, 2.0],
            "once": [np.nan, np.nan, 2.0],
            "tiny": [0.0, 1e-300, 0.0],
        }
    )
    kept = ConstantFilter().fit_transform(X)
    assert list(kept.columns) == ["varies", "large", "partly", "tiny"]


def test_nothing_varies() -> None:
    with pytest.raises(DlrError, match=r"none of the 2 features varies .* .n_samples = 3"):
        ConstantFilter().fit(np.ones((3, 2)))


def test_agreement_above_the_threshold() -> None:
    X = pd.DataFrame(np.arange(8.0).reshape(2, 4), columns=list("abcd"))
    icc = pd.Series({"d": 0.9, "b": 0.75, "a": 0.76, "c": np.nan})
    gate = AgreementFilter(icc).fit(X)
    assert list(gate.get_feature_names_out()) == ["a", "d"]
    assert not gate.fallback_


def test_agreement_of_features_nobody_read_twice() -> None:
    X = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=["a", "b", "new"])
    icc = pd.Series({"a": 0.9, "b": 0.1})
    with pytest.raises(DlrError, match=r"1 features have no ICC .first: 'new'"):
        AgreementFilter(icc).fit(X)
    keep = AgreementFilter(icc, unknown="keep").fit(X)
    drop = AgreementFilter(icc, unknown="drop").fit(X)
    assert list(keep.get_feature_names_out()) == ["a", "new"]
    assert list(drop.get_feature_names_out()) == ["a"]
    with pytest.raises(DlrError, match="must be 'error', 'keep' or 'drop', got 'maybe'"):
        AgreementFilter(icc, unknown="maybe").fit(X)
    with pytest.raises(DlrError, match="icc has 2 values but X has 3 columns"):
        AgreementFilter(icc).fit(X.to_numpy())


@pytest.mark.parametrize(("icc", "best"), [([0.1, 0.5, 0.2], "b"), ([np.nan] * 3, "a")])
def test_no_agreement_keeps_the_best_and_says_so(icc, best) -> None:
    X = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=list("abc"))
    gate = AgreementFilter(pd.Series(icc, list("abc"))).fit(X)
    assert list(gate.get_feature_names_out()) == [best]
    assert gate.fallback_


def columns_of_all_kinds(n: int, seed: int) -> np.ndarray:
    """Return columns without ties, with some, with many, with two values and constant."""
    random = np.random.default_rng(seed)
    smooth = random.normal(size=(n, 4))
    return np.column_stack(
        [smooth, smooth.round(1), smooth.round(0), smooth > 0.5, np.full(n, 3.0)]
    ).astype(float)


@pytest.mark.parametrize(("n", "m"), [(40, 17), (12, 5), (30, 8), (9, 1), (20, 9)])
@pytest.mark.parametrize("method", ["auto", "asymptotic", "exact"])
@pytest.mark.parametrize("continuity", [True, False])
def test_mann_whitney_equals_scipy_column_by_column(n, m, method, continuity) -> None:
    values = columns_of_all_kinds(n, seed=n)
    positive = np.arange(n) < m
    statistic, p_value = mann_whitney_columns(values, positive, method, continuity)
    # scipy gives NaN for a constant column unless exact; dlr gives p = 1.
    for j in range(values.shape[1] - 1):
        if method == "exact" and len(np.unique(values[:, j])) < n:
            continue
        upper, lower = values[positive, j], values[~positive, j]
        if len(np.unique(values[:, j])) == 1:
            continue
        expected = mannwhitneyu(upper, lower, method=method, use_continuity=continuity)
        assert statistic[j] == expected.statistic
        np.testing.assert_allclose(p_value[j], expected.pvalue, rtol=1e-9)
    if method != "exact":
        assert p_value[-1] == 1
    assert statistic[-1] == m * (n - m) / 2


def test_large_groups_do_not_overflow() -> None:
    random = np.random.default_rng(0)
    values = random.integers(0, 3, (60_000, 1)).astype(float)
    positive = random.random(60_000) < 0.4
    expected = mannwhitneyu(values[positive, 0], values[~positive, 0])
    statistic, p_value = mann_whitney_columns(values, positive)
    assert statistic[0] == expected.statistic
    np.testing.assert_allclose(p_value[0], expected.pvalue, rtol=1e-9)


def test_features_below_the_limit_are_kept() -> None:
    random = np.random.default_rng(5)
    y = np.arange(100) % 2
    X = random.normal(size=(100, 30)) + np.outer(y, np.linspace(0, 1, 30))
    chosen = MannWhitneyFilter(0.01).fit(X, y)
    p = np.array([mannwhitneyu(X[y == 1, j], X[y == 0, j]).pvalue for j in range(30)])
    np.testing.assert_array_equal(chosen.get_support(), p < 0.01)
    np.testing.assert_allclose(chosen.p_values_, p, rtol=1e-9)
    adjusted = MannWhitneyFilter(0.01, "bh").fit(X, y)
    np.testing.assert_array_equal(adjusted.get_support(), false_discovery_control(p) < 0.01)
    with pytest.raises(DlrError, match="adjustment must be None or 'bh', got 'holm'"):
        MannWhitneyFilter(adjustment="holm").fit(X, y)


def test_noise_keeps_the_smallest_p_and_says_so() -> None:
    random = np.random.default_rng(8)
    X, y = random.normal(size=(60, 3)), np.arange(60) % 2
    chosen = MannWhitneyFilter(1e-6).fit(X, y)
    assert chosen.fallback_
    assert chosen.get_support().sum() == 1
    assert chosen.get_support()[np.argmin(chosen.p_values_)]


def test_constant_features_among_thousands() -> None:
    random = np.random.default_rng(2)
    X = np.where(np.arange(3000) % 3 == 0, 1.0, random.normal(size=(50, 3000)))
    chosen = MannWhitneyFilter().fit(X, np.arange(50) % 2)
    assert (chosen.p_values_[::3] == 1).all()
    # Under the null about one in twenty of the others passes.
    assert 0.03 < chosen.get_support()[np.arange(3000) % 3 != 0].mean() < 0.07
