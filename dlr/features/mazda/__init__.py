"""The 279 texture features of MaZda 4.6, as far as its publications define them.

``make_mazda_engine(MazdaSettings()).execute(image, mask)`` gives the features of the slice that
shows most of the region of interest. Names load on first use, so that the settings can be
imported without NumPy, numba or SimpleITK.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.features.mazda.engine import MazdaEngine, make_mazda_engine
    from dlr.features.mazda.names import column_name, feature_names
    from dlr.features.mazda.settings import MazdaSettings

_MODULES = {
    "MazdaEngine": "engine",
    "MazdaSettings": "settings",
    "column_name": "names",
    "feature_names": "names",
    "make_mazda_engine": "engine",
}

__all__ = ["MazdaEngine", "MazdaSettings", "column_name", "feature_names", "make_mazda_engine"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
