"""Options that say where cases are worked through, and how far one may go."""

from __future__ import annotations

from typing import Annotated

import typer

from dlr.features.execution import Execution

CASE_TIMEOUT_S = 1800.0

CaseTimeout = Annotated[
    float,
    typer.Option("--case-timeout", min=1, help="Seconds after which an ROI is given up."),
]
CaseMemory = Annotated[
    float | None,
    typer.Option(
        "--case-memory",
        min=0.1,
        help="Gigabytes that the process of a case may take [until the machine runs short].",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Address of a Dask cluster that reads images for --workers."),
]


def execution(
    workers: int, case_timeout: float, case_memory: float | None, scheduler: str | None
) -> Execution:
    """Return what the options say."""
    return Execution(workers, case_timeout, case_memory, scheduler)
