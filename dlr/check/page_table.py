"""Tables of a check's page."""

from __future__ import annotations

import pandas as pd

from dlr.report._blocks import Table
from dlr.report._tables import LONG

MOST_ROWS = 500
"""Rows of a table on the page; the CSV holds all."""


def make_table(
    name: str, caption: str, shown: pd.DataFrame, data: pd.DataFrame, note: str = ""
) -> Table:
    """Make a table of the page: a bounded number of rows, long ones folded, all of them as CSV."""
    folded = len(shown) > LONG and name != "findings"
    if len(shown) > MOST_ROWS:
        note = f"{note} The first {MOST_ROWS} of {len(shown):,} rows; all are in {name}.csv."
    return Table(name, caption, shown.head(MOST_ROWS), data, note.strip(), folded)
