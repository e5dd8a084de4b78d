"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlr.features.execution import Execution

CASE_TIMEOUT_S = 1800.0

StudyFile = Annotated[Path, typer.Argument(help="The study.yaml.", show_default=False)]
BundleFolder = Annotated[Path, typer.Argument(help="The bundle folder of a trained run.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for report, tables and scores.")]
Root = Annotated[
    Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
]
Work = Annotated[
    Path | None,
    typer.Option("--work", help="Folder of the cache; by default dlr-work beside the study."),
]
Workers = Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes to use.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop if any case fails.")]
Images = Annotated[Path, typer.Option("--images", help="images.csv of the new cohort.")]
Clinical = Annotated[Path, typer.Option("--clinical", help="Its clinical table, CSV or Excel.")]
Only = Annotated[
    str | None, typer.Option("--cohort", help="Take only the rows of this cohort of the table.")
]
Subgroups = Annotated[
    list[str] | None,
    typer.Option("--subgroup", help="Judge by a column, too: sex, age:40,60 (repeatable)."),
]
Pdf = Annotated[bool, typer.Option("--pdf", help="Save every figure as PDF, too.")]
CaseTimeout = Annotated[
    float,
    typer.Option("--case-timeout", min=1, help="Seconds after which an ROI is given up."),
]
CaseMemory = Annotated[
    float | None,
    typer.Option(
        "--case-memory",
        min=0.1,
        help="Gigabytes a case may take; by default until the machine runs short.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Address of a Dask cluster that reads the images."),
]


def execution(
    workers: int, case_timeout: float, case_memory: float | None, scheduler: str | None
) -> Execution:
    """Return what the options say about where cases are worked through, and how far one may go."""
    return Execution(workers, case_timeout, case_memory, scheduler)
