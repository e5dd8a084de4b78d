"""The page of comparisons with R shows agreement, and is what its script makes today."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("make_validation")


def test_every_row_agrees(script, reference_root):
    rows = [row for part in script.PARTS for row in part(reference_root)]
    assert len(rows) > 70
    off = [row for row in rows if row.difference > 1e-5]
    assert not off, [(row.quantity, row.data, row.difference) for row in off]


def test_page_lists_every_quantity_compared(script, reference_root):
    """Differences of 1e-16 vary between machines, so only the first columns are compared."""
    written = (DOCS / "validation.md").read_text(encoding="utf-8")
    for part in script.PARTS:
        for row in part(reference_root):
            assert f"| {row.quantity} | {row.data} | {row.package} |" in written
