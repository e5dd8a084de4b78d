"""Which features survive small differences of the ROI: a stand-in for a second reader."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.imaging.perturbation_settings import PerturbationSettings
    from dlr.stability.measure import stability_table
    from dlr.stability.table import StabilityTable, feature_class, read_stability

_MODULES = {
    "PerturbationSettings": "dlr.imaging.perturbation_settings",
    "StabilityTable": "dlr.stability.table",
    "feature_class": "dlr.stability.table",
    "read_stability": "dlr.stability.table",
    "stability_table": "dlr.stability.measure",
}

__all__ = [
    "PerturbationSettings",
    "StabilityTable",
    "feature_class",
    "read_stability",
    "stability_table",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
