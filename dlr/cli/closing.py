"""How a command ends: exit codes, the paths to open, and all of it as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlr.errors import DlrError, InputError

if TYPE_CHECKING:
    from dlr.results import CohortEvaluation

OK, INVALID, SOME_FAILED, INTERRUPTED = 0, 3, 4, 130


_facts: ContextVar[dict[str, Any] | None] = ContextVar("facts of the command", default=None)


@contextmanager
def recording() -> Iterator[dict[str, Any]]:
    """Collect what a command records."""
    facts: dict[str, Any] = {}
    token = _facts.set(facts)
    try:
        yield facts
    finally:
        _facts.reset(token)


def record(**facts: object) -> None:
    """Keep facts for ``--json``."""
    kept = _facts.get()
    if kept is not None:
        kept.update(facts)


def close(**paths: Path) -> None:
    """Print what to open, one line each, and keep it for ``--json``."""
    from dlr.cli.show import console

    for name, path in paths.items():
        console.print(f"{name.capitalize()}: {path}", markup=False)
    record(**paths)


def warn(warnings: Sequence[str]) -> None:
    """Print what speaks against using a model, and keep it for ``--json``."""
    from dlr.cli.show import console, plain

    for warning in warnings:
        console.print(f"[bold yellow]Warning[/]: [yellow]{plain(warning)}[/]")
    record(warnings=list(warnings))


def record_evaluations(evaluations: Sequence[CohortEvaluation], level: float) -> None:
    """Keep the headline numbers of every cohort for ``--json``."""
    rows = [
        {"cohort": item.cohort, "estimate": item.estimate, **row}
        for item in evaluations
        for row in item.to_frame(level).to_dict("records")
    ]
    record(evaluations=rows)


def exit_code(failed: int, strict: bool = False) -> int:
    """Return the exit code after `failed` cases could not be processed."""
    record(n_failed=failed)
    if failed and strict:
        return INVALID
    return SOME_FAILED if failed else OK


def faults_of(error: DlrError) -> list[dict[str, Any]]:
    """Return what is wrong as plain values."""
    if not isinstance(error, InputError):
        return [{"message": str(error)}]
    found = []
    for fault in error.faults:
        values = {name: getattr(fault, name) for name in ("message", "file", "row", "column")}
        found.append({name: value for name, value in values.items() if value is not None})
    return found


def as_json(facts: dict[str, Any]) -> str:
    """Return facts as JSON; numbers that are none become null."""
    return json.dumps(_plain(facts), indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, float) and not isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
