"""Design of a regression table: treatment contrasts of the complete cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.stats._logistic_fit import independent_columns
from dlr.stats._validation import FloatArray, IntArray, group_codes
from dlr.stats._variables import (
    is_categorical,
    known_outcome,
    level_column,
    level_names,
    level_text,
    numbers,
)


@dataclass(frozen=True)
class Term:
    """One column of a design: a continuous variable, or one level against the reference."""

    variable: str
    level: str = ""
    reference: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Design:
    """The columns of a regression on its complete cases.

    Attributes
    ----------
    terms : tuple of Term
        One per row of the table.
    columns : tuple of (int or None)
        Column of `values` that belongs to each term; None where it cannot be estimated (the
        term's note says why).
    values : ndarray of shape (n, k)
    outcome : ndarray of shape (n,)
        1 for the event, 0 for none.
    n_missing : int
        Cases left out because a variable is missing.
    codes : ndarray of shape (n,), or None
        Patient of each case, where patients may have several.
    """

    terms: tuple[Term, ...]
    columns: tuple[int | None, ...]
    values: FloatArray
    outcome: FloatArray
    n_missing: int
    codes: IntArray | None = None


def make_design(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    references: Mapping[str, str],
    groups: str | None = None,
) -> Design:
    """Code the variables; columns that say nothing new are left out with a reason, as R does."""
    rows, event = known_outcome(frame, outcome, both_classes=True)
    complete = rows[list(variables)].notna().all(axis=1).to_numpy()
    terms: list[Term] = []
    parts: list[FloatArray] = []
    for name in variables:
        # Levels come from all cases, so that a reference that no complete case has is told.
        for term, column in _code(rows[name], references.get(name)):
            terms.append(term)
            parts.append(column[complete])
    values = np.column_stack(parts)
    kept_outcome = event[complete].astype(float)
    one_class = len(kept_outcome) == 0 or np.ptp(kept_outcome) == 0
    kept = [] if one_class else independent_columns(values)
    why = "no complete case, or all with the same outcome" if one_class else ""
    columns = tuple(kept.index(i) if i in kept else None for i in range(len(terms)))
    return Design(
        tuple(
            term if column is not None else _explained(term, values[:, i], why)
            for i, (term, column) in enumerate(zip(terms, columns))
        ),
        columns,
        values[:, kept],
        kept_outcome,
        int((~complete).sum()),
        _codes(rows.loc[complete, groups]) if groups is not None else None,
    )


def _codes(labels: pd.Series) -> IntArray | None:
    """Return who each case belongs to; None where every case is somebody else, or one person."""
    if not labels.duplicated().any() or labels.nunique() < 2:
        return None
    return group_codes(labels, len(labels))


def _code(column: pd.Series, reference: str | None) -> list[tuple[Term, FloatArray]]:
    name = str(column.name)
    # A reference makes levels of a numeric column too: it has none otherwise.
    if not is_categorical(column, forced=reference is not None):
        return [(Term(name), numbers(column))]
    texts = level_column(column)
    levels = level_names(column)
    if not levels:
        return [(Term(name), np.zeros(len(column)))]
    chosen = levels[0] if reference is None else level_text(reference)
    if chosen not in levels:
        raise DlrError(
            f"the reference level '{chosen}' of '{name}' does not occur; the levels are: "
            f"{', '.join(levels)}."
        )
    if len(levels) == 1:
        return [(Term(name, "", chosen), np.zeros(len(column)))]
    return [
        (Term(name, level, chosen), np.asarray(texts == level, dtype=np.float64))
        for level in levels
        if level != chosen
    ]


def _explained(term: Term, column: FloatArray, why: str) -> Term:
    if not why:
        flat = np.ptp(column) == 0
        why = "does not vary" if flat else "follows from the variables before it"
    return Term(term.variable, term.level, term.reference, f"not estimated: {why}")
