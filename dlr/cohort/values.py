"""Turning the text of a cell into an outcome or a clinical value, or into one clear fault."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW
from dlr.errors import Fault
from dlr.settings import ClinicalVariable, OutcomeSettings

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "missing", "."})
_DECIMAL_COMMA = re.compile(r"^-?\d+,\d+$")


def is_missing(text: str) -> bool:
    """Tell whether a cell counts as missing."""
    return text.strip().lower() in MISSING


def same_value(text: str, declared: object) -> bool:
    """Compare a cell with a value of the study file: as text, as number, or as yes/no."""
    if isinstance(declared, bool):
        return text.lower() in ({"true", "yes", "1"} if declared else {"false", "no", "0"})
    if text == str(declared):
        return True
    try:
        return float(text) == float(str(declared))
    except ValueError:
        return False


def code_outcome(
    table: pd.DataFrame, settings: OutcomeSettings, path: Path, required: bool = True
) -> tuple[pd.Series, list[Fault]]:
    """Code the outcome column as 1 (positive) and 0, missing as NaN.

    Parameters
    ----------
    table : pandas.DataFrame
        The clinical table.
    settings : OutcomeSettings
        Column, positive and (optionally) negative value.
    path : Path
        File named in the faults.
    required : bool
        Whether a missing outcome is a fault.

    Returns
    -------
    outcome : pandas.Series of float
    faults : list of Fault
        One for each row whose value is missing or is not one of the declared codes.
    """
    text = table[settings.column]
    negatives = _negative_values(text, settings)
    coded, faults = [], []
    for value, row in zip(text, table[ROW], strict=True):
        number = math.nan
        if same_value(value, settings.positive):
            number = 1.0
        elif is_missing(value):
            if required:
                message = "the outcome is missing; fill it in or delete the row"
                faults.append(Fault(message, path, int(row), settings.column, "outcome-missing"))
        elif any(same_value(value, negative) for negative in negatives):
            number = 0.0
        else:
            expected = " or ".join(repr(str(v)) for v in (settings.positive, *negatives))
            message = (
                f"the outcome is '{value}', but the study file declares {expected}; "
                "correct the cell or 'outcome' in the study file"
            )
            faults.append(Fault(message, path, int(row), settings.column, "outcome-coding"))
        coded.append(number)
    return pd.Series(coded, index=table.index, name="outcome", dtype=float), faults


def _negative_values(text: pd.Series, settings: OutcomeSettings) -> list[object]:
    """Return the declared negative value, or the only other one the column holds."""
    if settings.negative is not None:
        return [settings.negative]
    others = sorted({v for v in text if not is_missing(v) and not same_value(v, settings.positive)})
    return list(others) if len(others) == 1 else []


def one_class_fault(outcome: pd.Series, cohort: str, path: Path, column: str) -> list[Fault]:
    """Refuse a cohort in which everybody has the same outcome."""
    known = outcome.dropna()
    if known.empty or known.nunique() > 1:
        return []
    which = "positive" if known.iloc[0] == 1 else "negative"
    message = (
        f"all {len(known)} cases of cohort '{cohort}' are {which}; a model needs both classes: "
        "check 'outcome.positive' and the cohort column"
    )
    return [Fault(message, path, column=column, code="one-class")]


def code_variable(
    table: pd.DataFrame, name: str, settings: ClinicalVariable, path: Path
) -> tuple[pd.Series, list[Fault]]:
    """Code one clinical variable: floats if continuous, text levels if categorical.

    Missing cells become NaN (continuous) or None (categorical).

    Returns
    -------
    values : pandas.Series
    faults : list of Fault
        One for each cell that is not a number, or not one of the declared levels.
    """
    if settings.type == "continuous":
        return _continuous(table, name, path)
    return _categorical(table, name, settings, path)


def _continuous(table: pd.DataFrame, name: str, path: Path) -> tuple[pd.Series, list[Fault]]:
    values, faults = [], []
    for text, row in zip(table[name], table[ROW], strict=True):
        number = math.nan
        if not is_missing(text):
            try:
                number = float(text)
            except ValueError:
                cause = (
                    "it has a decimal comma; save the table with decimal points"
                    if _DECIMAL_COMMA.match(text)
                    else "correct the cell, or declare the variable categorical"
                )
                message = f"'{text}' is not a number: {cause}"
                faults.append(Fault(message, path, int(row), name, "not-a-number"))
        values.append(number)
    return pd.Series(values, index=table.index, name=name, dtype=float), faults


def _categorical(
    table: pd.DataFrame, name: str, settings: ClinicalVariable, path: Path
) -> tuple[pd.Series, list[Fault]]:
    faults = []
    values: list[str | None] = []
    for text, row in zip(table[name], table[ROW], strict=True):
        known_levels = settings.levels or (text,)
        level = next((level for level in known_levels if same_value(text, level)), None)
        if is_missing(text) and text not in (settings.levels or ()):
            level = None  # "none" may be a declared level; otherwise it means missing
        elif level is None:
            known = ", ".join(known_levels)
            message = f"'{text}' is not a declared level; the levels are: {known}"
            faults.append(Fault(message, path, int(row), name, "unknown-level"))
        values.append(level)
    if settings.reference is not None and settings.reference not in values:
        known = ", ".join(sorted({value for value in values if value is not None}))
        message = f"no case has the reference level '{settings.reference}'; the levels are: {known}"
        faults.append(Fault(message, path, column=name, code="unknown-reference"))
    return pd.Series(values, index=table.index, name=name, dtype=object), faults
