"""Time the univariate and the redundancy filter against the plain forms.

    python benchmarks/selection.py [--columns 2000] [--features 4000]

Mann-Whitney tests of 1,000 cases, all columns at once against scipy column by column; Spearman
correlations and greedy deletion with counts that are updated, against counting anew before every
deletion. Both forms must agree before a ratio is printed. Expected: one to three minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu

from dlr.selection import LassoSelector, SpearmanFilter, absolute_spearman
from dlr.stats._mann_whitney import mann_whitney_columns


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return processor seconds, which other programs do not disturb, and the result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def report(task: str, fast: float, slow: float) -> None:
    """Print one line of the table."""
    print(f"{task}: dlr {fast:.3f} s, plain {slow:.2f} s, ratio {slow / fast:.0f}")


def mann_whitney(columns: int) -> None:
    """Compare all columns at once with scipy per column."""
    rng = np.random.default_rng(0)
    values, positive = rng.normal(size=(1000, columns)), rng.random(1000) < 0.4
    mann_whitney_columns(values[:, :2], positive)  # compiles
    fast, (_, p_value) = timed(lambda: mann_whitney_columns(values, positive))
    slow, expected = timed(
        lambda: [mannwhitneyu(column[positive], column[~positive]).pvalue for column in values.T]
    )
    np.testing.assert_allclose(p_value, expected, rtol=1e-9)
    report(f"Mann-Whitney, 1,000 cases x {columns:,} features", fast, slow)


def spearman(features: int) -> None:
    """Compare counts that are updated with counts made anew before every deletion."""
    rng = np.random.default_rng(0)
    factors = np.repeat(rng.normal(size=(300, features // 8)), 8, axis=1)
    values = factors + 0.35 * rng.normal(size=factors.shape)
    fast, chosen = timed(lambda: SpearmanFilter(0.8, "published").fit(values))

    def plain() -> np.ndarray:
        later = np.triu(absolute_spearman(values) > 0.8, k=1)
        left = np.arange(values.shape[1])
        while (counts := later[np.ix_(left, left)].sum(axis=1)).max() > 0:
            left = np.delete(left, np.argmax(counts))
        return left

    slow, left = timed(plain)
    np.testing.assert_array_equal(np.flatnonzero(chosen.get_support()), left)
    report(f"Spearman with greedy deletion, {features:,} features", fast, slow)


def lasso() -> None:
    """Time the cross-validated path alone: glmnet is no Python package."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 100))
    y = X[:, :5].sum(axis=1) + 2 * rng.normal(size=150) > 0
    LassoSelector(random_state=0).fit(X[:, :5], y)  # compiles
    seconds, _ = timed(lambda: LassoSelector(random_state=0).fit(X, y))
    print(f"LASSO, binomial, 150 x 100, 10 folds, 100 penalties: {seconds:.3f} s")


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, default=2000)
    parser.add_argument("--features", type=int, default=4000)
    arguments = parser.parse_args()
    mann_whitney(arguments.columns)
    spearman(arguments.features)
    lasso()


if __name__ == "__main__":
    main()
