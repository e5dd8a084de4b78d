"""Simulated cohorts: the demo's two-centre study and a tiny one for tests."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.cohort.simulation.clinical import cell_sizes, draw_clinical
    from dlr.cohort.simulation.cohort import simulate_cohort
    from dlr.cohort.simulation.published import PublishedVariable, published_variables
    from dlr.cohort.simulation.tiny import write_tiny_cohort

__all__ = [
    "PublishedVariable",
    "cell_sizes",
    "draw_clinical",
    "published_variables",
    "simulate_cohort",
    "write_tiny_cohort",
]

_HOMES = {
    "PublishedVariable": "published",
    "cell_sizes": "clinical",
    "draw_clinical": "clinical",
    "published_variables": "published",
    "simulate_cohort": "cohort",
    "write_tiny_cohort": "tiny",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (SimpleITK stays out until then)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
