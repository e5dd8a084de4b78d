"""The columns of the clinical table: how full they are, and which tell who somebody is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb

import pandas as pd

from dlr.check.finding import Finding, Level, finding
from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.cohort.tables import ROW
from dlr.cohort.values import DATE, is_missing, is_missing_in
from dlr.config import StudyConfig

MUCH_MISSING, VERY_MUCH_MISSING = 0.2, 0.5
"""From these shares of missing cells on a used column gets a note, or a warning."""

_IDENTIFYING = re.compile(
    r"^(name|names?_?pat\w*|pat(ient)?(en)?[_ ]?names?|(first|last|sur|full|given|family|vor|nach)"
    r"[_ ]?names?|mrn|ssn|accession\w*|record[_ ]?(no|nr|number|id)|hospital[_ ]?(no|nr|number|id)|"
    r"case[_ ]?(no|nr|number)|e?mail|phone|tel(ephone)?|address|street|zip(_?code)?|postcode|plz)$",
    re.IGNORECASE,
)
_BIRTH = re.compile(r"(^|[_\W])(dob|birth|birthday|birthdate|born|geburt\w*)($|[_\W])", re.I)
_PERSON = re.compile(r"[A-Z][\w'-]+(\^|, ?)[A-Z][\w'. -]*")
_RECORD_NUMBER = re.compile(r"[A-Za-z]{0,3}\d{6,}")
_MAYBE_LEVELS = frozenset({"none", "null"})
_FEWEST = 10
_UNLIKELY = 100
"""Separation that chance brings more often than once in so many times is not worth a word."""
_MOST = 0.5


@dataclass(frozen=True)
class ColumnCheck:
    """The columns of a clinical table.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per column: ``column``, ``role``, ``missing``, ``missing_share`` (0 to 1),
        ``distinct``.
    findings : tuple of Finding
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]


def check_columns(
    clinical: pd.DataFrame, config: StudyConfig, cohort: Cohort | None
) -> ColumnCheck:
    """Look at every column of the clinical table.

    Parameters
    ----------
    clinical : pandas.DataFrame
        The table as read.
    config : StudyConfig
    cohort : Cohort, optional
        Who trains; None where the tables are too faulty to tell.
    """
    roles = _roles(config)
    names = [str(name) for name in clinical.columns if name not in (ROW, "case_id")]
    rows = [_summary(clinical[name], roles.get(name, "not used"), config) for name in names]
    found = []
    for name in names:
        found += _identifying(clinical[name], name, name in config.clinical_variables, config)
    used = [name for name in names if name in config.clinical_variables]
    found += [item for name in used for item in _missing(clinical[name], config)]
    found += [item for name in used for item in _taken_as_missing(clinical[name], config)]
    if cohort is not None:
        found += [item for name in used for item in _in_cohorts(cohort, name)]
    return ColumnCheck(pd.DataFrame(rows), tuple(found))


def _roles(config: StudyConfig) -> dict[str, str]:
    roles = {"subject_id": "subject", "roi": "ROI", "center": "centre"}
    if config.cohorts.split is None:
        roles[config.cohorts.column] = "cohort"
    elif config.cohorts.split.column:
        roles[config.cohorts.split.column] = "split"
    roles |= {name: item.type for name, item in config.clinical_variables.items()}
    return roles | {config.outcome.column: "outcome"}


def _missing_cells(column: pd.Series, config: StudyConfig) -> pd.Series:
    """Tell which cells are missing, as the study will see them."""
    declared = config.clinical_variables.get(str(column.name))
    if declared is None:
        return column.map(is_missing)
    return column.map(lambda text: is_missing_in(text, declared))


def _summary(column: pd.Series, role: str, config: StudyConfig) -> dict[str, object]:
    missing = _missing_cells(column, config)
    return {
        "column": column.name,
        "role": role,
        "missing": int(missing.sum()),
        "missing_share": float(missing.mean()) if len(column) else 0.0,
        "distinct": int(column[~missing].nunique()),
    }


def _identifying(
    column: pd.Series, name: str, declared: bool, config: StudyConfig
) -> list[Finding]:
    """Find a column that tells who somebody is; cells are never quoted."""
    if name in _roles(config) and not declared:
        return []
    filled = column[~_missing_cells(column, config)]
    what = _what_it_tells(filled, name) or (_one_each(filled, name, config) if declared else "")
    if not what:
        return []
    if declared:
        message = (
            f"the clinical variable looks like {what}: a model can only learn people by heart from "
            "it; remove it from 'clinical_variables'"
        )
        return [finding("warning", "identifier", message, config.clinical, column=name)]
    message = (
        f"the column looks like {what}; dlr does not use it, but delete it before the table is "
        "passed on"
    )
    return [finding("note", "identifier", message, config.clinical, column=name)]


def _what_it_tells(filled: pd.Series, name: str) -> str:
    if _BIRTH.search(name):
        return "a date of birth"
    if _IDENTIFYING.match(name.strip()):
        return "a name, number or address of a person"
    if len(filled) and filled.str.fullmatch(_PERSON).mean() > _MOST:
        return "names of people"
    return ""


def _one_each(filled: pd.Series, name: str, config: StudyConfig) -> str:
    """Tell a declared variable that has a value of its own for (nearly) everybody."""
    if len(filled) < _FEWEST:
        return ""
    if filled.str.fullmatch(DATE).mean() > _MOST:
        return "a date"
    unique = filled.nunique() == len(filled)
    if config.clinical_variables[name].type == "categorical":
        many = filled.nunique() >= max(_FEWEST, _MOST * len(filled))
        return "an identifier (nearly every case has a level of its own)" if many else ""
    if not unique or not filled.str.fullmatch(r"[A-Za-z]{0,3}\d+").all():
        return ""
    if filled.str.fullmatch(_RECORD_NUMBER).all():
        return "a record number (whole, long and unique in every row)"
    numbers = pd.to_numeric(filled, errors="coerce").dropna().sort_values()
    running = len(numbers) == len(filled) and bool((numbers.diff().dropna() == 1).all())
    return "a running number (1, 2, 3, ... over the rows)" if running else ""


def _missing(column: pd.Series, config: StudyConfig) -> list[Finding]:
    share = float(_missing_cells(column, config).mean()) if len(column) else 0.0
    if share < MUCH_MISSING:
        return []
    level: Level = "warning" if share >= VERY_MUCH_MISSING else "note"
    message = (
        f"{share:.0%} of the cells are missing; what is filled in instead decides the result: "
        "find the values, or remove the variable"
    )
    return [finding(level, "missing", message, config.clinical, column=str(column.name))]


def _taken_as_missing(column: pd.Series, config: StudyConfig) -> list[Finding]:
    """Tell of ``none`` cells of a categorical variable, which may well be meant as a level."""
    name = str(column.name)
    variable = config.clinical_variables[name]
    words = column[column.str.strip().str.lower().isin(_MAYBE_LEVELS)]
    if variable.type != "categorical" or words.empty or not _missing_cells(words, config).all():
        return []
    word = str(words.iloc[0])
    message = (
        f"{len(words)} cells hold '{word}', which counts as missing; if it is a level, name it in "
        f"`levels` of the variable"
    )
    return [finding("warning", "word-for-missing", message, config.clinical, column=name)]


def _in_cohorts(cohort: Cohort, name: str) -> list[Finding]:
    """Find variables without any spread in training, or absent from a whole cohort."""
    path, found = cohort.config.clinical, []
    training = cohort.cases(TRAINING)[name].dropna()
    if training.nunique() == 1:
        message = (
            f"everybody in training has the same value ('{training.iloc[0]}'), from which nothing "
            "can be learnt; remove the variable"
        )
        found.append(finding("warning", "constant", message, path, column=name))
    for other in cohort.names:
        values = cohort.cases(other)[name]
        if len(values) and values.isna().all():
            message = (
                f"no case of cohort '{other}' has a value, so a model that uses the variable works "
                "with filled-in values there; remove the variable, or find the values"
            )
            found.append(finding("warning", "absent-in-cohort", message, path, column=name))
    found += _separating(cohort, name)
    if cohort.config.clinical_variables[name].type == "categorical":
        found += _new_levels(cohort, name, set(training))
    return found


def _separating(cohort: Cohort, name: str) -> list[Finding]:
    """Find a variable that tells the outcome of every training case, as only the outcome does."""
    known = cohort.cases(TRAINING)[["subject_id", name, "outcome"]].dropna()
    if known["outcome"].nunique() < 2:
        return []
    if cohort.config.clinical_variables[name].type == "categorical":
        parts = known[name].nunique()
        apart = bool((known.groupby(name)["outcome"].nunique() == 1).all())
    else:
        parts = 2
        low, high = sorted(
            (part[name].min(), part[name].max()) for _, part in known.groupby("outcome")
        )
        apart = low[1] < high[0]
    # Each part may hold either class; ROIs of a subject that are alike tell no more than one.
    single = known.drop_duplicates()
    ways = comb(len(single), int(single["outcome"].sum()))
    if not apart or _UNLIKELY * (2**parts - 2) > ways:
        return []
    message = (
        f"the variable separates the outcome completely in the training cohort (n = {len(known)}); "
        "is it known only afterwards? Then remove it from 'clinical_variables'"
    )
    path = cohort.config.clinical
    return [finding("warning", "separates-outcome", message, path, column=name)]


def _new_levels(cohort: Cohort, name: str, known: set[object]) -> list[Finding]:
    values = cohort.clinical.loc[cohort.clinical["cohort"] != TRAINING, name].dropna()
    new = sorted({str(value) for value in values if value not in known})
    if not new:
        return []
    message = (
        f"level {', '.join(map(repr, new[:3]))} occurs outside the training cohort only, so no "
        "model can know it; merge it with another level"
    )
    return [finding("warning", "new-level", message, cohort.config.clinical, column=name)]
