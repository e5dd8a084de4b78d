"""The report people look at: one self-contained HTML page, with every figure and table beside it.

``write_report(result, folder)`` makes it; ``rebuild_report(folder)`` makes its page anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.report._write import rebuild_report, write_report

__all__ = ["rebuild_report", "write_report"]


def __getattr__(name: str) -> Any:
    """Load the writer, and matplotlib with it, when it is first asked for."""
    if name in __all__:
        from dlr.report import _write

        return getattr(_write, name)
    raise AttributeError(f"module 'dlr.report' has no attribute '{name}'")
