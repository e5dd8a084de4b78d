"""What a clinical table says by itself: whose rows, which outcome, variables and cohorts."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from dlr.cohort.tables import CLINICAL_ALIASES, standard_names
from dlr.cohort.values import DATE, is_missing

OUTCOME_NAMES = (
    "outcome", "label", "surgery", "response", "event", "status", "class", "group", "target",
    "diagnosis", "recurrence", "death", "relapse", "y",
)  # fmt: skip
COHORT_NAMES = ("cohort", "split", "set", "dataset")
CENTER_NAMES = ("center", "centre", "site", "hospital", "institution")
POSITIVE = (
    "1", "yes", "true", "positive", "pos", "event", "surgery", "malignant", "y", "ja", "oui", "si",
    "sì", "sí",
)  # fmt: skip
TRAINING = ("training", "train", "development", "derivation", "internal")
OTHERS = (
    "validation", "valid", "val", "test", "testing", "external", "holdout", "hold-out",
)  # fmt: skip
MAYBE_LEVELS = ("none", "null")
"""Words that count as missing unless the study file names them as levels."""
MEASURED = (
    "age", "alter", "years", "duration", "bmi", "weight", "height", "length", "width", "size",
    "diameter", "area", "volume", "pressure", "score", "index", "vas", "nrs", "odi", "joa", "dose",
    "psa", "crp", "hba1c",
)  # fmt: skip
"""Words in the name of a column of measurements, however few of its values differ."""
CODED = ("group", "class", "category", "cat", "grade", "stage", "type", "code", "level")
"""Words in the name of a column of categories, such as ``age_group``."""
FEW = 6
"""A number with at most so many values may be the code of a category."""
_WIDE = 10
"""Codes of categories seldom lie further apart than this."""
_MANY_DATES = 0.3
_MOSTLY = 0.8
"""From this share of numbers on, a variable is continuous: the others are slips of the pen."""


@dataclass(frozen=True)
class ClinicalGuess:
    """What was found in a clinical table.

    Parameters
    ----------
    subject_column : str
        Column whose cells name the most subjects of the images.
    n_matched : int
        Subjects of the images that it names.
    named : bool
        Whether dlr knows the name of `subject_column`, and takes no other one for it.
    outcome : str
        Chosen outcome column; empty where several or none could be it.
    candidates : tuple of str
        Columns that could be it: by their name, or because they hold two values.
    positive, negative : str
        Its values for the event and for none; `negative` is empty where there is a third value.
    sure : bool
        Whether `positive` is a word that means an event; a guess otherwise.
    cohort, training : str
        Column that names the cohorts, and its value for training; empty where there is none.
    center : str
    variables : dict of str to str
        Column and ``"continuous"`` or ``"categorical"``.
    levels : dict of str to tuple of str
        Levels of the categorical ones; with ``none``, which may be a level or mean missing.
    left_out : dict of str to str
        Other columns, and why each is no variable.
    spellings : tuple of str
        Values of the outcome that differ from another in capitals only.
    commas : tuple of str
        Continuous variables with decimal commas, which `dlr check` refuses.
    unsure : tuple of str
        Variables of a few numbers, which may be measurements or codes of categories.
    """

    subject_column: str
    n_matched: int
    named: bool
    outcome: str
    candidates: tuple[str, ...]
    positive: str
    negative: str
    sure: bool
    cohort: str
    training: str
    center: str
    variables: dict[str, str]
    levels: dict[str, tuple[str, ...]]
    left_out: dict[str, str]
    spellings: tuple[str, ...]
    commas: tuple[str, ...]
    unsure: tuple[str, ...]


def guess(table: pd.DataFrame, subjects: set[str], outcome: str | None = None) -> ClinicalGuess:
    """Look at the columns of a clinical table.

    Parameters
    ----------
    table : pandas.DataFrame
        Text columns.
    subjects : set of str
        Subjects of the image table.
    outcome : str, optional
        The outcome column, where it is known.
    """
    columns = [str(name) for name in table.columns if not str(name).startswith("_")]
    overlap = {name: len(subjects & set(table[name])) for name in columns}
    subject_column = max(columns, key=lambda name: overlap[name])
    rest = [name for name in columns if name != subject_column]
    cohort = _named(rest, COHORT_NAMES) or _by_values(table, rest)
    center = _named(rest, CENTER_NAMES)
    candidates = tuple(n for n in rest if n != cohort and len(_outcomes(table[n])) == 2)
    # Only a telling name makes an outcome; a third value in its column is the authors' to explain.
    named = [n for n in rest if n != cohort and n.lower() in OUTCOME_NAMES]
    clear = len(named) == 1 and named[0] in candidates
    chosen = outcome or (named[0] if clear else "")
    values = _outcomes(table[chosen]) if chosen else []
    positive = _event(table[chosen], values) if chosen else ""
    others = [value for value in values if value.lower() != positive.lower()]
    negative = others[0] if len(others) == 1 else ""
    training = ""
    if cohort:
        found = sorted(_values(table[cohort]))
        training = next((v for v in found if v.lower() in TRAINING), "")
    known = {subject_column, chosen, cohort, center, _named(rest, ("roi",)), *named}
    kinds = {n: _kind(n, table[n]) for n in rest if n not in known}
    variables = {n: kind for n, (kind, _) in kinds.items() if kind}
    left_out = {n: "it may be an outcome" for n in named if n != chosen}
    left_out |= {n: why for n, (kind, why) in kinds.items() if not kind}
    levels = {n: _levels(table[n]) for n, kind in variables.items() if kind == "categorical"}
    return ClinicalGuess(
        subject_column, overlap[subject_column], _is_taken(table, subject_column), chosen,
        tuple(dict.fromkeys([*named, *candidates])), positive, negative,
        positive.lower() in POSITIVE, cohort if training else "", training, center, variables,
        levels, left_out, _spellings(values),
        tuple(n for n, kind in variables.items() if kind == "continuous" and _commas(table[n])),
        tuple(n for n, kind in variables.items() if _is_unsure(n, kind, table[n])),
    )  # fmt: skip


def _is_taken(table: pd.DataFrame, column: str) -> bool:
    """Tell whether a check would take a column for that of the subjects, by its name."""
    aliases = {"subject_id": CLINICAL_ALIASES["subject_id"]}
    names = standard_names(table, aliases).columns
    return str(names[list(table.columns).index(column)]) == "subject_id"


def _named(columns: list[str], names: tuple[str, ...]) -> str:
    return next((column for column in columns if column.lower() in names), "")


def _by_values(table: pd.DataFrame, columns: list[str]) -> str:
    """Return the only column that holds words for cohorts, training among them."""
    found = []
    for name in columns:
        words = {value.lower() for value in _values(table[name])}
        if words & set(TRAINING) and words & set(OTHERS) and words <= {*TRAINING, *OTHERS}:
            found.append(name)
    return found[0] if len(found) == 1 else ""


def _values(column: pd.Series) -> set[str]:
    return {str(cell) for cell in column if not is_missing(str(cell))}


def _outcomes(column: pd.Series) -> list[str]:
    """Return the values of an outcome, ``none`` first: beside a single other it means no event."""
    values = sorted(_values(column))
    words = sorted({str(cell) for cell in column if str(cell).lower() in MAYBE_LEVELS})
    return [*words, *values] if len(values) == len(words) == 1 else values


def _levels(column: pd.Series) -> tuple[str, ...]:
    """Return the levels, in order; ``none`` may be one of them."""
    words = {str(cell) for cell in column if str(cell).lower() in MAYBE_LEVELS}
    return tuple(sorted(words) + sorted(_values(column)))


def _event(column: pd.Series, values: list[str]) -> str:
    """Return the value that means the event: the most frequent word for one, else the last."""
    words = [value for value in values if value.lower() in POSITIVE]
    frequency = column.value_counts()
    return max(words or values[-1:], key=lambda value: int(frequency[value]), default="")


def _spellings(values: list[str]) -> tuple[str, ...]:
    lower = [value.lower() for value in values]
    return tuple(value for value in values if lower.count(value.lower()) > 1)


def _kind(name: str, column: pd.Series) -> tuple[str, str]:
    """Return the type of a variable, or nothing and why it is none."""
    cells = [str(cell) for cell in column if not is_missing(str(cell))]
    values = set(cells)
    dates = sum(DATE.fullmatch(value) is not None for value in values)
    if len(values) < 2:
        return "", "the same in all rows" if values else "empty"
    if dates > _MANY_DATES * len(values):
        return "", "dates"
    numbers = _numbers(values)
    mostly = sum(map(_is_number, cells)) >= _MOSTLY * len(cells)
    if mostly and (len(numbers) > FEW or _is_measured(name, numbers) or _is_wide(numbers)):
        return "continuous", ""
    if len(values) <= max(FEW, len(column) // 10):
        return "categorical", ""
    return "", "a text of its own in too many rows"


def _is_unsure(name: str, kind: str, column: pd.Series) -> bool:
    """Tell whether a few numbers could as well be codes, or codes measurements."""
    values = _values(column)
    numbers = _numbers(values)
    if len(numbers) > FEW or len(numbers) < _MOSTLY * len(values):
        return False
    # Two numbers side by side are the codes of yes and no; the study file asks for words.
    clear = _is_measured(name, numbers) if kind == "continuous" else len(numbers) < 3
    return not clear


def _numbers(values: set[str]) -> set[float]:
    return {float(value.replace(",", ".")) for value in values if _is_number(value)}


def _is_measured(name: str, numbers: set[float]) -> bool:
    """Tell by the name, or by decimals, that numbers are no codes."""
    words = set(re.findall(r"[a-z]+\d*[a-z]?", name.lower()))
    if words & set(CODED):
        return False
    if any(not number.is_integer() for number in numbers):
        return True
    yes_or_no = len(numbers) == 2 and max(numbers) - min(numbers) == 1  # as of 'age > 60'
    return bool(words & set(MEASURED)) and not yes_or_no


def _is_wide(numbers: set[float]) -> bool:
    return bool(numbers) and max(numbers) - min(numbers) > _WIDE


def _commas(column: pd.Series) -> bool:
    """Tell whether numbers of a column are written with decimal commas."""
    return any("," in str(cell) and _is_number(str(cell)) for cell in column)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
