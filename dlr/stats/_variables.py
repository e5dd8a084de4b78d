"""Clinical variables of a table: which are categorical, their levels, which rows are complete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.stats._validation import BoolArray, FloatArray, binary_outcome


def check_columns(frame: pd.DataFrame, outcome: str, variables: Sequence[str]) -> list[str]:
    """Return the variables as a list; refuse absent, repeated ones, and the outcome among them."""
    if isinstance(variables, str):
        raise DlrError(f"variables must be a list of column names, got the text {variables!r}.")
    names = list(variables)
    if not names:
        raise DlrError("variables must name at least one column.")
    absent = [name for name in [outcome, *names] if name not in frame.columns]
    if absent:
        raise DlrError(f"the table has no column '{absent[0]}'; it has {_listed(frame)}.")
    if outcome in names:
        raise DlrError(f"the outcome '{outcome}' must not be among the variables.")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise DlrError(f"variables must be distinct, but '{repeated[0]}' occurs twice.")
    return names


def _listed(frame: pd.DataFrame) -> str:
    shown = ", ".join(str(name) for name in frame.columns[:10])
    return shown + (", ..." if len(frame.columns) > 10 else "")


def known_outcome(
    frame: pd.DataFrame, outcome: str, both_classes: bool
) -> tuple[pd.DataFrame, BoolArray]:
    """Return the rows whose outcome is known, and that outcome, True for the event."""
    known = frame[frame[outcome].notna()]
    event = binary_outcome(known[outcome], f"the outcome '{outcome}'", both_classes)
    return known, event


def is_categorical(column: pd.Series, forced: bool = False) -> bool:
    """Say whether a column holds levels: text, categories, booleans, or by the caller's word."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return forced or not numeric


def numbers(column: pd.Series) -> FloatArray:
    """Return a continuous column as floats, NaN where missing; infinite values are refused."""
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise DlrError(f"the column '{column.name}' holds infinite values; mark them as missing.")
    return values


def level_names(column: pd.Series) -> list[str]:
    """Return the levels that occur: in category order, or sorted (numbers by value)."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(column.dropna().unique())
        return [level_text(value) for value in column.cat.categories if value in present]
    values = list(column.dropna().unique())
    if all(isinstance(value, int | float | np.number) for value in values):
        return [level_text(value) for value in sorted(values)]
    return sorted(level_text(value) for value in values)


def level_text(value: Any) -> str:
    """Return a level as text; whole numbers without a decimal point."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def level_column(column: pd.Series) -> pd.Series:
    """Return a categorical column as text, None where missing."""
    texts = [None if missing else level_text(v) for v, missing in zip(column, column.isna())]
    return pd.Series(texts, index=column.index, dtype=object, name=column.name)
