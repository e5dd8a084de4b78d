"""Real statistics on small synthetic data, for the figures to draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dlr.results import LassoPath, SelectionTrace


@pytest.fixture(scope="session")
def outcome() -> np.ndarray:
    """Return the outcome of 90 cases, a third positive."""
    return (np.arange(90) % 3 == 0).astype(int)


@pytest.fixture(scope="session")
def scores(outcome: np.ndarray) -> dict[str, np.ndarray]:
    """Return log-odds by feature set."""
    random = np.random.default_rng(1)
    signals = {"Clinic": 1.0, "Rad_sag": 0.8, "DLR": 1.6, "Nomogram": 2.0}
    return {
        name: signal * (outcome - 0.5) * 1.5 - 0.7 + random.normal(0, 1, len(outcome))
        for name, signal in signals.items()
    }


@pytest.fixture(scope="session")
def score_table(outcome: np.ndarray, scores: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return a long score table of two cohorts; outcomes of the second are partly unknown."""
    parts = []
    for cohort, estimate in (("training", "out-of-fold"), ("external", "frozen")):
        known = pd.Series(outcome, dtype="float")
        if cohort == "external":
            known.iloc[:10] = np.nan
        for name, values in scores.items():
            columns = {"cohort": cohort, "estimate": estimate, "feature_set": name}
            part = pd.DataFrame({"outcome": known, "score": values, "probability": expit(values)})
            parts.append(part.assign(**columns))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def lasso() -> LassoPath:
    """Return a LASSO path of four features."""
    lambdas = np.exp(np.linspace(-1, -5, 20))
    steps = np.arange(20)[:, None]
    coefficients = np.clip(steps - np.array([2, 6, 10, 19]), 0, None) * [0.1, -0.05, 0.02, 0.3]
    error = 1 + (np.log(lambdas) + 3) ** 2 / 10
    best, spread = int(error.argmin()), np.full(20, 0.05)
    return LassoPath(
        ("a", "b", "c", "d"), lambdas, coefficients, error, spread,
        float(lambdas[best]), float(lambdas[best - 4]), float(lambdas[best]),
    )  # fmt: skip


@pytest.fixture(scope="session")
def trace(lasso: LassoPath) -> SelectionTrace:
    """Return a selection of 25 features, more than fit on a figure."""
    names = [f"sag.rad.original_glcm_Feature{number:02d}" for number in range(25)]
    coefficients = pd.Series(np.linspace(-1, 1.1, 25), index=names)
    frequency = pd.Series(np.linspace(0, 1, 24), index=names[:24])
    return SelectionTrace("Rad_sag", (("extracted", 107),), coefficients, frequency, lasso)
