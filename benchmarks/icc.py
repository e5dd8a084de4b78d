"""Time reader agreement of all features at once against one feature after the other.

    python benchmarks/icc.py [--features 2000] [--plain 200]

Intraclass correlation with F, p value and confidence interval, 2 readers x 300 cases. Against
dlr's own function for one feature and, where it is installed (``pip install pingouin``), against
pingouin. The slow forms are timed on the first ``--plain`` features and scaled up. All must agree
before a ratio is printed. Expected: half a minute.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from dlr.stats import icc, icc_table


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return processor seconds, which other programs do not disturb, and the result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def readings(features: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make two readers' features, agreeing from hardly to almost perfectly."""
    rng = np.random.default_rng(0)
    first = pd.DataFrame(rng.normal(size=(300, features)))
    noise = rng.normal(size=first.shape) * np.linspace(0.05, 2, features)
    return first, first + noise


def long_form(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """Put two readers' values of one feature below each other."""
    n = len(first)
    return pd.DataFrame(
        {
            "case": np.tile(np.arange(n), 2),
            "reader": np.repeat(["a", "b"], n),
            "value": np.concatenate([first, second]),
        }
    )


def with_pingouin(table: pd.DataFrame) -> float:
    """Return ICC(2,1) of one feature."""
    import pingouin

    frame = pingouin.intraclass_corr(table, targets="case", raters="reader", ratings="value")
    # The names of the forms differ between releases: the second row is always ICC(2,1).
    return float(frame["ICC"].iloc[1])


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", type=int, default=2000)
    parser.add_argument("--plain", type=int, default=200)
    arguments = parser.parse_args()
    first, second = readings(arguments.features)
    icc_table(first.iloc[:, :2], second.iloc[:, :2]).to_frame()
    # The median of several runs: a single one of 20 ms varies by a factor of two.
    runs = [timed(lambda: icc_table(first, second).to_frame()) for _ in range(9)]
    fast, frame = float(np.median([seconds for seconds, _ in runs])), runs[0][1]
    sample = list(first.columns[: arguments.plain])
    factor = arguments.features / len(sample)
    plain: dict[str, Callable[[int], float]] = {
        "dlr.stats.icc per feature": lambda j: float(
            icc(np.column_stack([first[j], second[j]])).to_frame()["icc"].iloc[0]
        ),
    }
    if find_spec("pingouin"):
        plain["pingouin per feature"] = lambda j: with_pingouin(long_form(first[j], second[j]))
    for label, one in plain.items():
        one(sample[0])
        slow, values = timed(lambda one=one: [one(j) for j in sample])
        np.testing.assert_allclose(frame["icc"].iloc[: len(sample)], values, rtol=1e-6)
        print(
            f"ICC, 2 readers x 300 cases x {arguments.features:,} features: dlr {fast:.3f} s, "
            f"{label} {slow * factor:.2f} s, ratio {slow * factor / fast:.0f}"
        )


if __name__ == "__main__":
    main()
