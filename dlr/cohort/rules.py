"""The rules both tables must keep; each broken one is a fault with file, row, column and remedy."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW
from dlr.config import StudyConfig
from dlr.errors import Fault


def roi_faults(table: pd.DataFrame, path: Path, config: StudyConfig) -> list[Fault]:
    """Refuse rows without an ROI name where the unit of analysis is the ROI."""
    if config.unit != "roi":
        return []
    message = "the ROI name is empty, but the study file says 'unit: roi'; fill it in"
    return [
        Fault(message, path, int(row), "roi", "empty") for row in table.loc[table["roi"] == "", ROW]
    ]


def duplicate_case_faults(clinical: pd.DataFrame, path: Path) -> list[Fault]:
    """Refuse a case that has two clinical rows."""
    faults = []
    for case, rows in clinical.groupby("case_id", sort=False)[ROW]:
        if len(rows) > 1:
            message = (
                f"case '{case}' is already in row {rows.iloc[0]}; delete one of the rows, or "
                "set 'unit: roi' and give each its own 'roi'"
            )
            faults += [
                Fault(message, path, int(row), "subject_id", "duplicate-case")
                for row in rows.iloc[1:]
            ]
    return faults


def duplicate_image_faults(views: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    """Refuse a case that has two images for the same view and reader."""
    faults = []
    for key, rows in views.groupby(["case_id", "view", "reader"], sort=False):
        case, view = str(key[0]), str(key[1])
        if len(rows) == 1:
            continue
        names = sorted(set(rows["reader_name"]))
        remedy = (
            f"its readers are {', '.join(map(repr, names))}: name one as 'agreement.reader'"
            if len(names) > 1
            else "delete one, or tell them apart by 'view', 'roi' (with 'unit: roi') or 'reader'"
        )
        message = (
            f"case '{case}' has {len(rows)} images for view '{view}' "
            f"(first in row {rows[ROW].iloc[0]}); {remedy}"
        )
        faults += [
            Fault(message, config.images, int(row), "subject_id", "duplicate-image")
            for row in rows[ROW].iloc[1:]
        ]
    return faults


def unmatched_faults(
    clinical: pd.DataFrame, images: pd.DataFrame, views: pd.DataFrame, config: StudyConfig
) -> list[Fault]:
    """Report clinical rows without image, images without clinical row, and missing views."""
    faults = []
    first = views[views["reader"] == "first"]
    pictured = {view: set(rows["case_id"]) for view, rows in first.groupby("view")}
    anywhere = set(images["case_id"])
    for case, row in zip(clinical["case_id"], clinical[ROW], strict=True):
        absent = [view for view in config.views if case not in pictured.get(view, ())]
        if not absent:
            continue
        if case not in anywhere:
            what = f"case '{case}' has no row in {config.images.name}"
        else:
            views_text = ", ".join(repr(view) for view in absent)
            what = f"case '{case}' has no image for view {views_text} in {config.images.name}"
        message = f"{what}; add the image or delete the clinical row"
        faults.append(Fault(message, config.clinical, int(row), "subject_id", "no-image"))
    known = set(clinical["case_id"])
    for case, rows in images.groupby("case_id", sort=False)[ROW]:
        if case not in known:
            message = (
                f"case '{case!s}' has no row in {config.clinical.name} (names are compared "
                "exactly); add the clinical row or delete the image row"
            )
            row = int(rows.iloc[0])
            faults.append(Fault(message, config.images, row, "subject_id", "no-clinical-row"))
    return faults


POOLED = "pooled"
"""What all external cohorts together are called, so that none may be."""


def pooled_faults(cohorts: pd.Series, path: Path, column: str) -> list[Fault]:
    """Refuse a cohort that is called as all of them together."""
    if not (cohorts == POOLED).any():
        return []
    message = f"'{POOLED}' is the name of all cohorts together; give this cohort another one"
    return [Fault(message, path, column=column, code="cohort-name")]


def cohort_faults(clinical: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    """Refuse cohort names that the study file does not declare, and an absent training cohort."""
    settings = config.cohorts
    values = clinical[settings.column]
    faults = pooled_faults(values, config.clinical, settings.column)
    if settings.external is not None:
        known = (settings.training, *settings.external)
        for value, row in zip(values, clinical[ROW], strict=True):
            if value not in known:
                message = f"'{value}' is not a declared cohort; declared are: {', '.join(known)}"
                faults.append(
                    Fault(message, config.clinical, int(row), settings.column, "unknown-cohort")
                )
    faults += [
        Fault(
            "the cohort is empty; fill it in", config.clinical, int(row), settings.column, "empty"
        )
        for row in clinical.loc[values == "", ROW]
    ]
    if not (values == settings.training).any():
        found = ", ".join(sorted(set(values)))
        message = (
            f"no case belongs to the training cohort '{settings.training}'; the column holds: "
            f"{found}. Set 'cohorts.training' to one of them"
        )
        faults.append(Fault(message, config.clinical, column=settings.column, code="no-training"))
    return faults


def subject_in_two_cohorts_faults(clinical: pd.DataFrame, path: Path) -> list[Fault]:
    """Refuse a subject whose cases lie in more than one cohort: that leaks."""
    faults = []
    for subject, rows in clinical.groupby("subject_id", sort=False):
        if rows["cohort"].nunique() > 1:
            names = " and ".join(repr(name) for name in pd.unique(rows["cohort"]))
            message = (
                f"subject '{subject}' is in cohorts {names}; "
                "all cases of a subject must be in one cohort"
            )
            row = int(rows[ROW].iloc[-1])
            faults.append(Fault(message, path, row, "cohort", "subject-in-two-cohorts"))
    return faults
