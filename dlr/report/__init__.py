"""The report people look at: one self-contained HTML page, with every figure and table beside it.

``write_report(result, folder)`` is all there is to call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.report._write import write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    """Load the writer, and matplotlib with it, when it is first asked for."""
    if name == "write_report":
        from dlr.report._write import write_report

        return write_report
    raise AttributeError(f"module 'dlr.report' has no attribute '{name}'")
