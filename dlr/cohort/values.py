"""Turning the text of a cell into an outcome or a clinical value, or into one clear fault."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW
from dlr.errors import Fault
from dlr.settings import ClinicalVariable, OutcomeSettings

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "missing", "."})
DATE = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))([ T]\d{1,2}:\d{2}(:\d{2})?)?"
)
"""A date, as tables have them."""
_SHOWN = 5
_DECIMAL_COMMA = re.compile(r"^-?\d+,\d+$")


def is_missing(text: str) -> bool:
    """Tell whether a cell counts as missing, where no level of the study file says otherwise."""
    return text.strip().lower() in MISSING


def is_missing_in(text: str, settings: ClinicalVariable) -> bool:
    """Tell whether a cell of a declared variable counts as missing.

    What the study file names as a level (or as the reference) is one, even ``none`` or ``NA``.
    """
    named = (*(settings.levels or ()), *([settings.reference] if settings.reference else []))
    return is_missing(text) and text.strip().lower() not in {level.lower() for level in named}


def with_gaps(values: pd.Series, settings: ClinicalVariable | None = None) -> pd.Series:
    """Return text with NaN where cells count as missing.

    In a column that the study file does not declare, ``none`` is taken as a level: there is no
    place to declare it, and as a rule it says that something is absent, not that it is unknown.
    """
    if settings is None:
        return values.mask(
            values.map(lambda text: is_missing(text) and text.strip().lower() != "none")
        )
    return values.mask(values.map(lambda text: is_missing_in(text, settings)))


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
    values = _OutcomeValues.of(text, settings)
    coded, faults = [], []
    for value, row in zip(text, table[ROW], strict=True):
        number, message, code = math.nan, "", "outcome-coding"
        if same_value(value, settings.positive):
            number = 1.0
        elif values.is_negative(value):
            number = 0.0
        elif is_missing(value):
            message = "the outcome is missing; fill it in or delete the row" if required else ""
            code = "outcome-missing"
        else:
            message = values.refusal(value)
        if message:
            faults.append(Fault(message, path, int(row), settings.column, code))
        coded.append(number)
    return pd.Series(coded, index=table.index, name="outcome", dtype=float), faults


@dataclass(frozen=True)
class _OutcomeValues:
    """What an outcome column holds beside the positive value, and which of it means no event.

    Where nothing is declared, the only other value is the negative one. Of several, the most
    frequent is `probable`: its rows are not reported, so that the odd ones stand out, but the
    study stops until the authors have said which it is.
    """

    positive: object
    declared: object | None
    negative: object | None
    probable: str
    others: tuple[str, ...]

    @classmethod
    def of(cls, text: pd.Series, settings: OutcomeSettings) -> _OutcomeValues:
        """Look at the cells of an outcome column."""
        filled = [v for v in text if not is_missing(v) and not same_value(v, settings.positive)]
        counts = Counter(filled).most_common()
        others = tuple(value for value, _ in counts)
        clear = len(counts) > 1 and counts[0][1] > counts[1][1]
        only = others[0] if len(others) == 1 else None
        declared = settings.negative
        return cls(
            settings.positive,
            declared,
            only if declared is None else declared,
            others[0] if clear and declared is None else "",
            others,
        )

    def is_negative(self, value: str) -> bool:
        """Tell whether a cell means no event, or probably does."""
        if self.probable and value == self.probable:
            return True
        return self.negative is not None and same_value(value, self.negative)

    def refusal(self, value: str) -> str:
        """Say what to do about a cell that is neither."""
        if self.declared is not None:
            return (
                f"the outcome is '{value}', but the study file declares '{self.positive}' (event) "
                f"and '{self.declared}' (no event); correct the cell, or delete the case's rows"
            )
        named = self.probable or "..."
        shown = ", ".join(f"'{other}'" for other in self.others[:_SHOWN])
        shown += ", ..." if len(self.others) > _SHOWN else ""
        return (
            f"the outcome is '{value}', but the column holds {len(self.others)} values beside the "
            f"event '{self.positive}': {shown}; say which one means no event, as "
            f"`negative: \"{named}\"` under 'outcome' in the study file, and then correct the "
            "other cells or delete their rows"
        )


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
        level = None
        if not is_missing_in(text, settings):
            level = next((level for level in known_levels if same_value(text, level)), None)
            if level is None:
                known = ", ".join(known_levels)
                message = f"'{text}' is not a declared level; the levels are: {known}"
                faults.append(Fault(message, path, int(row), name, "unknown-level"))
        values.append(level)
    if settings.reference is not None and settings.reference not in values:
        known = ", ".join(sorted({value for value in values if value is not None}))
        message = f"no case has the reference level '{settings.reference}'; the levels are: {known}"
        faults.append(Fault(message, path, column=name, code="unknown-reference"))
    return pd.Series(values, index=table.index, name=name, dtype=object), faults
