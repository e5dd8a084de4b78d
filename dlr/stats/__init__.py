"""Statistics of diagnostic models; each function returns a frozen result object.

Names are loaded on first use, so that importing this package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULE_OF = {
    "ConfidenceInterval": "_results",
    "Estimate": "_results",
    "Proportion": "_results",
}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import the module that defines `name` when the name is first asked for (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
