"""Time the DeLong matrix of many models against the quadratic form of the 1988 paper.

    python benchmarks/delong.py [--cases 100000] [--models 10]

Both compute the same AUCs and covariance; the script checks that before it prints the ratio.
The quadratic form compares every case that has the event with every case that has not, in
blocks, so that it fits into memory. Expected on two cores: about 0.1 s against a minute.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from dlr.stats import delong_matrix

BLOCK = 20_000_000


def quadratic(y: np.ndarray, scores: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUCs and their covariance from all pairs of cases."""
    of_positives, of_negatives = [], []
    for score in scores.values():
        positive, negative = score[y], score[~y]
        rows = max(1, BLOCK // len(negative))
        tens, ones = [], np.zeros(len(negative))
        for start in range(0, len(positive), rows):
            part = positive[start : start + rows, None]
            psi = (part > negative) + 0.5 * (part == negative)
            tens.append(psi.mean(1))
            ones += psi.sum(0)
        of_positives.append(np.concatenate(tens))
        of_negatives.append(ones / len(positive))
    m, n = len(of_positives[0]), len(of_negatives[0])
    auc = np.array([placements.mean() for placements in of_positives])
    return auc, np.cov(of_positives) / m + np.cov(of_negatives) / n


def main() -> None:
    """Run both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--models", type=int, default=10)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    y = rng.random(arguments.cases) < 0.3
    scores = {f"model {k}": rng.normal(size=len(y)) + 0.5 * y for k in range(arguments.models)}
    delong_matrix(y, scores)  # warms caches
    start = time.perf_counter()
    matrix = delong_matrix(y, scores)
    fast = time.perf_counter() - start
    start = time.perf_counter()
    auc, covariance = quadratic(y, scores)
    slow = time.perf_counter() - start
    np.testing.assert_allclose(matrix.auc, auc, rtol=1e-9)
    np.testing.assert_allclose(matrix.covariance, covariance, rtol=1e-6)
    print(f"DeLong matrix, {arguments.models} models x {arguments.cases} cases")
    print(f"  dlr            {fast:9.3f} s  (with all pairwise and joint tests)")
    print(f"  quadratic form {slow:9.3f} s  (AUCs and covariance only)")
    print(f"  ratio          {slow / fast:9.0f}")


if __name__ == "__main__":
    main()
