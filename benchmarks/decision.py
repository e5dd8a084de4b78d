"""Time bootstrapped decision curves against a loop over resamples, models and thresholds.

    python benchmarks/decision.py [--cases 1000] [--models 5] [--resamples 1000]

The loop counts true and false positives as R's rmda and dcurves do. Both see different random
resamples, so the script checks that their 95 % limits agree to within Monte-Carlo error.
Expected on two cores: about 0.04 s against four seconds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from dlr.stats import decision_curve


def loop(
    y: np.ndarray, models: dict[str, np.ndarray], thresholds: np.ndarray, resamples: int
) -> dict[str, np.ndarray]:
    """Return 2.5 % and 97.5 % limits of the net benefit of each model."""
    rng = np.random.default_rng(1)
    draws = {name: np.empty((resamples, len(thresholds))) for name in models}
    for b in range(resamples):
        rows = rng.integers(len(y), size=len(y))
        event = y[rows]
        for name, p in models.items():
            risk = p[rows]
            for k, t in enumerate(thresholds):
                treated = risk >= t
                true, false = (treated & event).mean(), (treated & ~event).mean()
                draws[name][b, k] = true - false * t / (1 - t)
    return {name: np.quantile(rows, [0.025, 0.975], axis=0) for name, rows in draws.items()}


def main() -> None:
    """Run both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--models", type=int, default=5)
    parser.add_argument("--resamples", type=int, default=1000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    y = rng.random(arguments.cases) < 0.3
    models = {
        f"model {k}": np.clip(rng.beta(2, 4, len(y)) + 0.1 * y, 0, 1)
        for k in range(arguments.models)
    }
    decision_curve(y, models, n_bootstrap=10)  # warms caches
    start = time.perf_counter()
    curve = decision_curve(y, models, n_bootstrap=arguments.resamples)
    fast = time.perf_counter() - start
    start = time.perf_counter()
    limits = loop(y, models, curve.thresholds, arguments.resamples)
    slow = time.perf_counter() - start
    typical = curve.thresholds <= 0.5  # beyond, single cases decide and limits are coarse
    for name, (low, high) in limits.items():
        np.testing.assert_allclose(curve.low[name][typical], low[typical], atol=0.01)
        np.testing.assert_allclose(curve.high[name][typical], high[typical], atol=0.01)
    print(
        f"Decision curves, {arguments.models} models x {arguments.cases} cases, "
        f"{arguments.resamples} resamples, {len(curve.thresholds)} thresholds"
    )
    print(f"  dlr   {fast:9.3f} s")
    print(f"  loop  {slow:9.3f} s")
    print(f"  ratio {slow / fast:9.0f}")


if __name__ == "__main__":
    main()
