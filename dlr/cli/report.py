"""``dlr report``: make the page of a run anew, with the authors' answers to the checklists."""

from __future__ import annotations

import webbrowser
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from dlr.cli.closing import close


def report(
    run: Annotated[
        Path,
        typer.Argument(help="Folder of a run: of train, validate or predict.", show_default=False),
    ],
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            help="The authors' answers to checklists; by default the folder's checklist.yaml.",
        ),
    ] = None,
    ablation: Annotated[
        Path | None,
        typer.Option("--ablation", help="Folder of 'dlr ablate'; by default RUN/ablation, if any."),
    ] = None,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report.")] = False,
) -> int:
    """Make report.html anew from a run's folder; nothing is computed or drawn again.

    Words, numbers, tables and figures stay those of the run. New are the page itself, the
    checklists with the authors' answers, and an ablation. checklist-template.yaml lists what the
    authors still have to answer.
    """
    from dlr.report import rebuild_report
    from dlr.run_lock import run_lock

    with run_lock(run) if run.is_dir() else nullcontext():
        page = rebuild_report(run, answers=answers, ablation=ablation)
    close(report=page)
    template = run / "checklist-template.yaml"
    if template.is_file():
        close(**{"answers still needed": template})
    if open_report:
        webbrowser.open(page.resolve().as_uri())
    return 0
