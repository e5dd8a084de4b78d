"""The record of injected faults names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_every_fault_of_the_record_has_its_test() -> None:
    record = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
    cited = set(re.findall(r"`(test_\w+)`", record))
    sources = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.M)}
    assert len(cited) > 25
    assert cited <= there
