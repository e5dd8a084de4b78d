"""Progress: bars in a terminal, lines elsewhere, nothing when asked to be quiet."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from dlr.cli import bars
from dlr.cli.bars import plain_lines, progress_bars


def test_lines_tell_beginning_and_end_and_every_ten_seconds() -> None:
    target = Console(file=io.StringIO(), width=80)
    times = iter([0.0, 3.0, 11.0, 12.0, 13.0])
    report = plain_lines(target, clock=lambda: next(times))
    for done in (0, 1, 2, 4, 4):
        report("images", done, 4)
    assert target.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "images: 0 of 4",
        "images: 2 of 4",
        "images: 4 of 4",
    ]


def test_nothing_is_said_when_asked_to_be_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bars.console, "quiet", True)
    with progress_bars() as report:
        report("images", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Console(file=io.StringIO(), width=80, force_terminal=True)
    monkeypatch.setattr(bars, "errors", target)
    with progress_bars() as report:
        report("images", 0, 2)
        report("images", 2, 2)
    assert "2/2" in target.file.getvalue()  # type: ignore[attr-defined]
