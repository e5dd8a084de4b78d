"""``dlr check``: the quality gate before extraction."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlr.cli.closing import INVALID, OK, close, record

if TYPE_CHECKING:
    from dlr.check import Check


def check(
    study: Annotated[Path, typer.Argument(help="The study.yaml.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the page, with every ROI, and check.json."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder the image paths of the table start from.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-j", min=1, help="Processes to use.")] = 1,
    open_report: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
) -> int:
    """Look for every fault of tables, images and masks, and for what would mislead the study.

    Faults stop the study or lose a case (exit code 3). Warnings want a look and stop nothing:
    equal images of two subjects, spreadsheet damage, identifiers among the variables, ROIs at the
    border or with too few grey levels, too few events. --out writes a page with one row per ROI,
    a contact sheet and a table of scanners.
    """
    from dlr.check import run_check
    from dlr.cli.bars import progress_bars
    from dlr.cli.show import console, show_faults
    from dlr.study import Study

    config = Study.from_yaml(study, root=root).config
    with progress_bars() as progress:
        # At least two: then images are read in processes of their own, and one that crashes its
        # reader costs that image, not the check.
        found = run_check(config, max(2, workers), progress, pictures=out is not None)
    show_faults(found.faults)
    _show_summary(found, _show_open_lines(study))
    record(findings=[item.to_record() for item in found.findings])
    if out is not None:
        from dlr.check import write_check

        page = write_check(found, out)
        close(page=page, **{"for programs": out / "check.json"})
        if open_report:
            webbrowser.open(page.resolve().as_uri())
    elif len(found.findings) > len(found.faults):
        console.print("All of it, with every ROI: add --out FOLDER")
    if found.faults:
        console.print(f"[red]{len(found.faults)} fault(s).[/] Mend them and check again.")
        if found.rois.empty:
            console.print("Images were not read yet: mend these first.")
        return INVALID
    console.print("[green]✓[/] No faults found. Next: dlr extract, then dlr train.")
    return OK


def _show_open_lines(study: Path) -> int:
    """Remind of what 'dlr init' asked in the study file, and count it."""
    from dlr.cli.show import console, plain
    from dlr.fault_groups import row_ranges
    from dlr.scaffold import open_lines

    lines = open_lines(study)
    if lines:
        console.print(
            f"[yellow]![/] {plain(str(study))}: marked TO DO are still line(s) "
            f"{row_ranges(lines)}; delete each mark that is answered"
        )
    return len(lines)


def _show_summary(found: Check, n_open: int) -> None:
    """Print each warning, those of one kind once, and count them, the notes and open lines."""
    from dlr.cli.show import console, plain

    for group in found.groups("warning"):
        console.print(f"[yellow]![/] {plain(str(group))}")
    counts = f"{len(found.of('warning'))} warning(s), {len(found.of('note'))} note(s)"
    console.print(counts + (f", {n_open} line(s) marked TO DO" if n_open else ""))
