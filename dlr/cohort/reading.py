"""Reading both tables of a study together: which columns they need, and whose rows they are."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from dlr.cohort.tables import read_clinical_table, read_images_table
from dlr.config import StudyConfig
from dlr.errors import Fault, InputError


def required_columns(config: StudyConfig) -> tuple[str, ...]:
    """Return the columns the clinical table of a study must have."""
    required = [*config.clinical_variables, config.outcome.column]
    if config.unit == "roi":
        required.append("roi")
    split = config.cohorts.split
    if split is None:
        required.append(config.cohorts.column)
    elif split.method != "random":
        required.append(split.column or "center")
    return tuple(dict.fromkeys(required))


def read_both(config: StudyConfig, required: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read both tables, so that faults of one do not hide those of the other."""
    faults: list[Fault] = []
    images = clinical = pd.DataFrame()
    try:
        images = read_images_table(config.images)
    except InputError as error:
        faults += error.faults
    try:
        clinical = read_clinical_table(config.clinical, required)
    except InputError as error:
        faults += [_with_its_setting(fault, config) for fault in error.faults]
    if faults:
        raise InputError(faults)
    return images, clinical


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
    config: StudyConfig, images: pd.DataFrame, clinical: pd.DataFrame, only: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take one cohort's rows; images of the others' cases are put aside, not reported."""
    column = config.cohorts.column
    kept = clinical[clinical[column] == only]
    if kept.empty:
        known = ", ".join(sorted(set(clinical[column])))
        message = f"no row has cohort '{only}'; the column holds: {known}"
        raise InputError([Fault(message, config.clinical, column=column, code="no-cohort")])
    others = set(case_ids(clinical, config)) - set(case_ids(kept, config))
    images = images[~case_ids(images, config).isin(others)]
    return images.reset_index(drop=True), kept.reset_index(drop=True)


def case_ids(table: pd.DataFrame, config: StudyConfig) -> pd.Series:
    """Name the cases: subjects, or ROIs of subjects."""
    if config.unit == "roi" and "roi" in table:
        return table["subject_id"] + "_" + table["roi"]
    return table["subject_id"].copy()
