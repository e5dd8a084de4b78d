"""Progress: bars in a terminal, now and then a line elsewhere, nothing when asked to be quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dlr.cli.show import console, errors
from dlr.progress import Progress as Report
from dlr.progress import silent

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Give a function that tells how far each stage has come, and how long it will take."""
    if console.quiet or errors.quiet:
        yield silent
    elif errors.is_terminal:
        with _bars() as report:
            yield report
    else:
        yield plain_lines(errors)


@contextmanager
def _bars() -> Iterator[Report]:
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors) as bars:
        tasks: dict[str, int] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(bars.task_ids[list(tasks).index(stage)], completed=done, total=total)

        yield report


def plain_lines(target: Console, clock: Callable[[], float] = time.monotonic) -> Report:
    """Return a function that prints a line when a stage begins and ends, and every ten seconds.

    Log files and pipes get these, where bars would be a heap of control characters.
    """
    printed: dict[str, float] = {}
    ended: set[str] = set()

    def report(stage: str, done: int, total: int) -> None:
        now = clock()
        is_last = done >= total
        due = stage not in printed or now - printed[stage] >= _SECONDS_BETWEEN_LINES
        if (due or is_last) and stage not in ended:
            printed[stage] = now
            target.print(f"{stage}: {done} of {total}", markup=False)
        if is_last:
            ended.add(stage)

    return report
