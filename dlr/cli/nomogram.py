"""``dlr nomogram``: the nomogram of a study as a web page that works offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def nomogram(
    run: Annotated[
        Path, typer.Argument(metavar="RUN_OR_BUNDLE", help="Folder of a run or bundle.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path(
        "nomogram.html"
    ),
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", help="Unit of a variable: age=years (repeatable)."),
    ] = None,
) -> int:
    """Write the nomogram as one HTML file: sliders, points, probability, two patients compared.

    It works offline, on a phone too, and sends nothing. Research use only.
    """
    from rich.markup import escape

    from dlr.cli.closing import warn
    from dlr.cli.show import console
    from dlr.report.nomogram_page import WebNomogram, write_nomogram_page

    page = WebNomogram.from_folder(run, units=_units(unit or []))
    path = write_nomogram_page(page, out)
    if page.simulated:
        console.print("[bold yellow]SIMULATED DATA[/]: these numbers say nothing about patients.")
    warn(page.warnings)
    if not page.nomogram.covariance:
        console.print(f"[yellow]Note[/]: no confidence intervals, as {page.interval_note}.")
    if page.risks is None:
        console.print(
            "[yellow]Note[/]: the training cases' risks are not shown, as the bundle lacks them; "
            "give the folder of the run, whose scores.csv has them."
        )
    console.print(f"Nomogram of {len(page.nomogram.terms)} variables → {escape(str(path))}")
    return 0


def _units(given: list[str]) -> dict[str, str]:
    """Split ``age=years``."""
    units = {}
    for text in given:
        name, sign, unit = text.rpartition("=")
        if not sign or not name or not unit:
            raise typer.BadParameter(f"--unit wants VARIABLE=UNIT, such as age=years, got '{text}'")
        units[name] = unit
    return units
