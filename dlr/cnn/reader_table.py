"""The table of human readers' ratings: who rated which case how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cohort.tables import ROW, read_text_table, require_columns
from dlr.errors import Fault, InputError

MODEL = "model"
"""Name of the model among the readers; no reader may have it."""
_COLUMNS = ("reader", "case_id", "rating")


def read_readers(
    path: Path, target: str | None = None, targets: Sequence[str] = ()
) -> pd.DataFrame:
    """Read the ratings of one label.

    Parameters
    ----------
    path : Path
        See :func:`read_ratings`.
    target : str, optional
        Take only the rows of this label.
    targets : sequence of str
        All labels of the study, see :func:`read_ratings`.

    Returns
    -------
    pandas.DataFrame
        Cases in rows, readers in columns.

    Raises
    ------
    InputError
        As :func:`read_ratings`; or if the table holds several labels and none is chosen.
    """
    ratings = read_ratings(path, targets)
    if target is None and "label" in ratings and ratings["label"].nunique() > 1:
        message = "the table holds several labels; choose one of them"
        raise InputError([Fault(message, path, column="label", code="several-labels")])
    return ratings_of(ratings, target)


def read_ratings(path: Path, targets: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table of ratings.

    Parameters
    ----------
    path : Path
        CSV or Excel: ``reader``, ``case_id``, ``rating`` (a number, higher for more suspicious)
        and, where several labels were read, ``label``.
    targets : sequence of str
        All labels of the study. Where there are several, the table must say which of them every
        rating is of.

    Returns
    -------
    pandas.DataFrame
        One row per rating, with these columns.

    Raises
    ------
    InputError
        With every fault: a column is missing or a cell empty, a rating is no number, a reader
        rates a case twice or is called as the model, a label is none of the study.
    """
    table = read_text_table(path, "readers.table")
    require_columns(table, path, _COLUMNS)
    numbers = pd.to_numeric(table["rating"], errors="coerce").astype(float)
    faults = [
        Fault(f"'{text}' is not a number; correct the rating", path, int(row), "rating")
        for text, row in table.loc[~np.isfinite(numbers), ["rating", ROW]].itertuples(index=False)
    ]
    columns = [*_COLUMNS, "label"] if "label" in table else list(_COLUMNS)
    again = table.duplicated([name for name in columns if name != "rating"])
    faults += [
        Fault("the reader rates this case twice; delete one row", path, int(row), "case_id")
        for row in table.loc[again, ROW]
    ]
    faults += _name_faults(table, path) + _label_faults(table, path, targets)
    if faults:
        raise InputError(faults)
    return table.assign(rating=numbers)[columns]


def _name_faults(table: pd.DataFrame, path: Path) -> list[Fault]:
    rows = table.loc[table["reader"] == MODEL, ROW]
    message = f"'{MODEL}' is what the network is called among the readers; rename this reader"
    return [Fault(message, path, int(row), "reader", "reader-name") for row in rows.head(1)]


def _label_faults(table: pd.DataFrame, path: Path, targets: Sequence[str]) -> list[Fault]:
    """Refuse ratings of which nobody can tell the label: they would count for every one."""
    listed = ", ".join(targets)
    if "label" not in table:
        message = (
            f"the column is missing; with several labels ({listed}) the table must say which of "
            "them each rating is of: add it"
        )
        missing = [Fault(message, path, 1, "label", "column-missing")]
        return missing if len(targets) > 1 else []
    strange = table[~table["label"].isin(targets)] if targets else table.head(0)
    first = strange.drop_duplicates("label")
    return [
        Fault(
            f"'{label}' is no label of the study, which has: {listed}; correct it or delete its "
            "rows",
            path, int(row), "label", "unknown-label",
        )
        for label, row in zip(first["label"], first[ROW], strict=True)
    ]  # fmt: skip


def ratings_of(ratings: pd.DataFrame, target: str | None = None) -> pd.DataFrame:
    """Return the ratings of one label.

    Parameters
    ----------
    ratings : pandas.DataFrame
        See :func:`read_ratings`; without a column ``label``, all rows are of the label.
    target : str, optional
        The label.

    Returns
    -------
    pandas.DataFrame
        Cases in rows, readers in columns, NaN where a reader did not rate a case.
    """
    if target is not None and "label" in ratings:
        ratings = ratings[ratings["label"] == target]
    return ratings.pivot(index="case_id", columns="reader", values="rating")
