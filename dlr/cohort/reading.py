"""Reading both tables of a study together: which columns they need, and whose rows they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import read_clinical_table, read_images_table
from dlr.config import StudyConfig
from dlr.errors import Fault, InputError
from dlr.settings import CohortSettings


def required_columns(config: StudyConfig) -> tuple[str, ...]:
    """Return the columns the clinical table of a study must have."""
    required = [*config.clinical_variables, config.outcome.column]
    if config.unit == "roi":
        required.append("roi")
    return tuple(dict.fromkeys((*required, *cohort_columns(config.cohorts))))


def cohort_columns(cohorts: CohortSettings) -> tuple[str, ...]:
    """Return the columns that say who belongs to which cohort."""
    if cohorts.split is None:
        return (cohorts.column,)
    return () if cohorts.split.method == "random" else (cohorts.split.column or "center",)


def read_tables(
    config: StudyConfig, required: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the image table and the clinical table of a study, and name the cases."""

    def clinical() -> pd.DataFrame:
        try:
            return read_clinical_table(config.clinical, required)
        except InputError as error:
            raise InputError(_with_its_setting(fault, config) for fault in error.faults) from None

    tables = read_both(lambda: read_images_table(config.images), clinical)
    for table in tables:
        table["case_id"] = case_ids(table, config.unit)
    return tables


def read_both(
    images: Callable[[], pd.DataFrame], clinical: Callable[[], pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read two tables, so that faults of one do not hide those of the other."""
    tables: list[pd.DataFrame] = []
    faults: list[Fault] = []
    for read in (images, clinical):
        try:
            tables.append(read())
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return tables[0], tables[1]


def _with_its_setting(fault: Fault, config: StudyConfig) -> Fault:
    """Say which setting asks for a column that is missing: often that is what is wrong."""
    split = config.cohorts.split
    settings = dict.fromkeys(config.clinical_variables, "clinical_variables")
    settings |= {config.cohorts.column: "cohorts.column"} if split is None else {}
    settings |= {split.column: "cohorts.split.column"} if split and split.column else {}
    settings |= {config.outcome.column: "outcome.column"}
    if fault.code != "column-missing" or fault.column not in settings:
        return fault
    message = f"{fault.message}; '{settings[fault.column]}' of the study file names it"
    return replace(fault, message=message)


def only_cohort(
    images: pd.DataFrame, clinical: pd.DataFrame, only: str, column: str, path: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take one cohort's rows; images of the others' cases are put aside, not reported.

    Parameters
    ----------
    images, clinical : pandas.DataFrame
        With a column ``case_id``.
    only : str
        The cohort.
    column : str
        Of the clinical table, which names the cohorts.
    path : Path
        Of the clinical table.

    Raises
    ------
    InputError
        If no row is of the cohort.
    """
    kept = clinical[clinical[column] == only].reset_index(drop=True)
    if kept.empty:
        known = ", ".join(sorted(set(clinical[column])))
        message = f"no row has cohort '{only}'; the column holds: {known}"
        raise InputError([Fault(message, path, column=column, code="no-cohort")])
    others = set(clinical["case_id"]) - set(kept["case_id"])
    return images[~images["case_id"].isin(others)].reset_index(drop=True), kept


def case_ids(table: pd.DataFrame, unit: str) -> pd.Series:
    """Name the cases: subjects, or ROIs of subjects."""
    if unit == "roi" and "roi" in table:
        return table["subject_id"] + "_" + table["roi"]
    return table["subject_id"].copy()
