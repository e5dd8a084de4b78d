"""``dlr check``: what would stop a study, lose a case or mislead it, before work begins.

``run_check`` looks at everything and returns a `Check`; ``write_check`` makes its page;
``check_study`` returns the faults alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlr.check.finding import Finding
from dlr.check.result import Check
from dlr.check.run import check_study, run_check

if TYPE_CHECKING:
    from dlr.check.write import write_check

__all__ = ["Check", "Finding", "check_study", "run_check", "write_check"]


def __getattr__(name: str) -> Any:
    """Load the writer, and matplotlib with it, when it is first asked for."""
    if name == "write_check":
        from dlr.check.write import write_check

        return write_check
    raise AttributeError(f"module 'dlr.check' has no attribute '{name}'")
