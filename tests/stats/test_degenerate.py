"""Tiny, tied and extreme data: a result with a stated reason, or one clear error, never a warning.

Warnings are errors in this test suite, so a bare division by zero fails here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from dlr import stats
from dlr.errors import DlrError

FUNCTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "auc": lambda y, p, q: stats.auc(y, p),
    "auc_clustered": lambda y, p, q: stats.auc(y, p, groups=np.arange(len(y)) // 2),
    "roc_curve": lambda y, p, q: stats.roc_curve(y, p).auc,
    "delong_test": lambda y, p, q: stats.delong_test(y, p, q),
    "delong_test_unpaired": lambda y, p, q: stats.delong_test_unpaired(y, p, y, q),
    "delong_matrix": lambda y, p, q: stats.delong_matrix(y, {"p": p, "q": q, "r": 1 - p}),
    "youden_threshold": lambda y, p, q: stats.youden_threshold(y, p),
    "calibration": lambda y, p, q: stats.calibration(y, p),
    "hosmer_lemeshow": lambda y, p, q: stats.hosmer_lemeshow(y, p),
    "hosmer_lemeshow_external": lambda y, p, q: stats.hosmer_lemeshow(y, p, 4, external=True),
    "spiegelhalter": lambda y, p, q: stats.spiegelhalter(y, p),
    "concordance": lambda y, p, q: stats.concordance(y, p),
    "decision_curve": lambda y, p, q: stats.decision_curve(y, {"p": p}, [0.2, 0.5]),
}


def small_data(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make 2 to 8 cases with both classes, and predictions with ties, zeros and ones."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    y = rng.permutation(np.append([0, 1], rng.integers(0, 2, n - 2)))
    levels = rng.choice([0, 1e-12, 0.1, 0.5, 0.5, 0.9, 1], size=int(rng.integers(1, 5)))
    return y, rng.choice(levels, n), rng.choice(levels, n)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_every_missing_number_has_a_reason(name):
    for seed in range(300):
        y, p, q = small_data(seed)
        try:
            result = FUNCTIONS[name](y, p, q)
        except DlrError:
            continue
        numbers = [getattr(result, field.name) for field in fields(result)]
        missing = [x for x in numbers if isinstance(x, float) and np.isnan(x)]
        if missing:
            assert result.note, (name, seed, y, p, q)
        result.to_frame()


@pytest.mark.parametrize("name", ["auc", "calibration", "delong_matrix", "decision_curve"])
def test_one_class_is_one_clear_error(name):
    with pytest.raises(DlrError, match="y must hold both classes"):
        FUNCTIONS[name]([1, 1, 1], np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.1, 0.2]))


def test_metrics_and_reclassification_of_small_data():
    for seed in range(200):
        y, p, q = small_data(seed)
        frame = stats.classification_metrics(y, p, 0.5).to_frame()
        assert frame.loc[frame["value"].isna(), "note"].ne("").all()
        moved = stats.reclassification(y, p, q, [0.3, 0.6]).to_frame()
        assert moved.loc[moved["p_value"].isna(), "note"].ne("").all()


def test_perfect_separation_everywhere():
    y, p = np.arange(40) >= 20, np.linspace(0.01, 0.99, 40)
    assert stats.auc(y, p).value == 1.0
    assert stats.youden_threshold(y, p).index == 1.0
    assert "separate" in stats.calibration(y, p).note
    assert np.isfinite(stats.hosmer_lemeshow(y, p).statistic)
    matrix = stats.delong_matrix(y, {"perfect": p, "also": p**2})
    assert matrix.p_value.loc["perfect", "also"] == 1.0


def test_many_ties_and_many_cases():
    rng = np.random.default_rng(0)
    y = rng.random(5000) < 0.01
    p = np.round(rng.random(5000), 1)
    assert np.isfinite(stats.calibration(y, np.clip(p, 0.05, 0.95)).slope)
    assert 0 < stats.auc(y, p).standard_error < 0.1
