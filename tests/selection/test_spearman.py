"""Greedy deletion of redundant features, in both variants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from dlr.errors import DlrError
from dlr.selection import SpearmanFilter, absolute_spearman


def correlated(n: int, blocks: int, size: int, seed: int, noise: float = 0.3) -> pd.DataFrame:
    """Return blocks of features that share a factor, some rounded so that ranks tie."""
    random = np.random.default_rng(seed)
    factors = np.repeat(random.normal(size=(n, blocks)), size, axis=1)
    values = factors + noise * random.normal(size=factors.shape)
    values[:, ::3] = values[:, ::3].round(1)
    names = [f"f{number:03d}" for number in random.permutation(values.shape[1])]
    return pd.DataFrame(values, columns=names)


def published_literally(correlation: np.ndarray, threshold: float) -> list[int]:
    """Slow reading of the published rule: the matrix is walked anew before every deletion."""
    left = list(range(len(correlation)))
    while True:
        counts = [
            sum(abs(correlation[i, j]) > threshold for j in left[place + 1 :])
            for place, i in enumerate(left)
        ]
        ranking = sorted(range(len(left)), key=lambda place: -counts[place])  # stable
        if not left or counts[ranking[0]] < 1:
            return left
        left.remove(left[ranking[0]])


def degree_literally(X: pd.DataFrame, threshold: float) -> set[str]:
    """Slow reading of the degree rule, from scipy's correlations."""
    rho = X.corr("spearman").abs()
    left = sorted(X.columns)
    while True:
        sub = rho.loc[left, left]
        degree = (sub > threshold).sum() - 1
        if degree.max() == 0:
            return set(left)
        tied = degree.index[degree == degree.max()]
        strength = sub.sum()[tied]
        left.remove(strength.index[strength >= strength.max() - 1e-9][-1])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.6, 0.9])
def test_published_variant_equals_the_literal_rule(seed, threshold) -> None:
    X = correlated(60, 6, 5, seed)
    chosen = SpearmanFilter(threshold, "published").fit(X)
    expected = published_literally(spearmanr(X).statistic, threshold)
    np.testing.assert_array_equal(np.flatnonzero(chosen.get_support()), expected)


@pytest.mark.parametrize("seed", range(6))
def test_degree_variant_equals_the_literal_rule(seed) -> None:
    X = correlated(60, 6, 5, seed)
    chosen = SpearmanFilter(0.8).fit(X)
    assert set(chosen.get_feature_names_out()) == degree_literally(X, 0.8)


@pytest.mark.parametrize("variant", ["degree", "published"])
@pytest.mark.parametrize("seed", range(3))
def test_no_redundant_pair_is_left(variant, seed) -> None:
    X = correlated(80, 8, 4, seed)
    kept = SpearmanFilter(0.85, variant).fit_transform(X)
    rho = np.abs(spearmanr(kept).statistic)
    assert (rho - np.eye(len(rho))).max() <= 0.85


@pytest.mark.parametrize("seed", range(5))
def test_degree_variant_does_not_depend_on_column_order(seed) -> None:
    X = correlated(50, 6, 6, seed, noise=0.1)
    # Exact copies and monotone images are perfect ties that only the rule can decide.
    X["copy"], X["image"], X["mirror"] = X["f003"], np.exp(X["f003"]), -X["f003"]
    expected = set(SpearmanFilter(0.8).fit(X).get_feature_names_out())
    random = np.random.default_rng(seed)
    for _ in range(4):
        shuffled = X[random.permutation(X.columns)]
        assert set(SpearmanFilter(0.8).fit(shuffled).get_feature_names_out()) == expected


def test_degree_variant_without_names_does_not_depend_on_column_order() -> None:
    X = correlated(50, 5, 5, 0).to_numpy()
    order = np.random.default_rng(0).permutation(X.shape[1])
    straight = SpearmanFilter(0.8).fit(X).get_support()
    shuffled = SpearmanFilter(0.8).fit(X[:, order]).get_support()
    np.testing.assert_array_equal(shuffled, straight[order])


def test_published_variant_keeps_the_last_of_a_clique() -> None:
    base = np.random.default_rng(0).normal(size=40)
    X = pd.DataFrame({name: base * factor for name, factor in zip("abc", (1, 2, -3), strict=True)})
    assert list(SpearmanFilter(variant="published").fit(X).get_feature_names_out()) == ["c"]
    assert list(SpearmanFilter().fit(X).get_feature_names_out()) == ["a"]


def test_exactly_at_the_threshold_is_kept() -> None:
    X = pd.DataFrame({"a": [1.0, 2, 3, 4, 5], "b": [1.0, 2, 3, 5, 4]})
    assert spearmanr(X).statistic == pytest.approx(0.9)
    assert SpearmanFilter(0.9001).fit(X).get_support().all()
    assert SpearmanFilter(0.8999).fit(X).get_support().sum() == 1


def test_constant_columns() -> None:
    X = correlated(30, 2, 2, 0, noise=3.0)
    X.insert(1, "constant", 4.0)
    assert SpearmanFilter().fit(X).get_support().all()
    published = SpearmanFilter(variant="published").fit(X)
    assert list(published.get_feature_names_out()) == list(X.columns.drop("constant"))
    only = SpearmanFilter(variant="published").fit(X[["constant"]])
    assert only.fallback_
    assert only.get_support().tolist() == [True]


def test_correlations_equal_scipy() -> None:
    X = correlated(45, 4, 3, 9)
    np.testing.assert_allclose(absolute_spearman(X.to_numpy()), np.abs(spearmanr(X).statistic))


def test_unknown_variant() -> None:
    with pytest.raises(DlrError, match="variant must be 'degree' or 'published', got 'fast'"):
        SpearmanFilter(variant="fast").fit(np.eye(3))
