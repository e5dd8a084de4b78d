"""``dlr diff``: two run folders side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EQUAL, DIFFERENT = 0, 1


def diff(
    run_a: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    run_b: Annotated[Path, typer.Argument(help="Folder of another.", show_default=False)],
) -> int:
    """Compare two runs: settings, versions, inputs, metrics, selected features, scores.

    Dates, platforms and paths do not count. Exit code 0 if the runs are equal, 1 if not.
    """
    from rich.markup import escape
    from rich.table import Table

    from dlr.cli.show import console
    from dlr.diff import compare_runs

    found = compare_runs(run_a, run_b)
    if found.equal:
        console.print("[green]✓[/] The runs are equal in settings, versions, inputs and numbers.")
        return EQUAL
    table = Table(title=f"a: {run_a}\nb: {run_b}", title_justify="left")
    for name in ("", "What", "a", "b", "Difference"):
        table.add_column(name, overflow="fold", justify="right" if name == "Difference" else "left")
    last = ""
    for section, item, a, b, difference in found.table.itertuples(index=False):
        if section != last and last:
            table.add_section()
        number = "" if difference != difference else f"{difference:+.3g}"
        cells = [section if section != last else "", item, _short(a), _short(b), number]
        table.add_row(*map(escape, cells))
        last = section
    console.print(table)
    counts = found.table["section"].value_counts(sort=False)
    console.print(", ".join(f"{name}: {count}" for name, count in counts.items()))
    return DIFFERENT


def _short(text: str) -> str:
    """Shorten a hash or a long value."""
    return text if len(text) <= 40 else f"{text[:37]}..."
