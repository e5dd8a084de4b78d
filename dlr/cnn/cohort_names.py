"""Which cohort each case of a CNN study belongs to."""

from __future__ import annotations

from typing import cast

import pandas as pd

from dlr.cnn.settings import CnnStudyConfig
from dlr.cohort import rules
from dlr.cohort.splits import TRAINING, split_cohorts
from dlr.cohort.tables import ROW
from dlr.cohort.values import one_class_fault
from dlr.config import StudyConfig
from dlr.errors import Fault

NEW = "new"
"""Cohort of patients given to a frozen model."""


def named_cohorts(
    clinical: pd.DataFrame, config: CnnStudyConfig
) -> tuple[pd.Series | str, list[Fault]]:
    """Return the cohorts that a table of a frozen model's cases names, `NEW` where none matters."""
    settings = config.cohorts
    if settings.column not in clinical:
        return NEW, []
    named = clinical[settings.column]
    if named.nunique() < 2 and not (named == settings.training).any():
        return NEW, []
    message = "the cohort is empty; fill it in, or choose one cohort"
    faults = [
        Fault(message, config.clinical, int(row), settings.column, "empty")
        for row in clinical.loc[named == "", ROW]
    ]
    faults += rules.pooled_faults(named, config.clinical, settings.column)
    return named.where(named != settings.training, TRAINING), faults


def study_cohorts(
    clinical: pd.DataFrame, cases: pd.DataFrame, config: CnnStudyConfig, targets: list[str]
) -> tuple[pd.Series, list[Fault]]:
    """Read the cohort column or draw the split; the training cohort is ``"training"``."""
    settings = config.cohorts
    if settings.split is not None:
        table = clinical.assign(outcome=cases[targets].max(axis=1).fillna(0))
        cohort = split_cohorts(table, settings.split, config.seed, config.clinical)
    else:
        cohort = clinical[settings.column]
        faults = rules.cohort_faults(clinical, cast(StudyConfig, config))
        if faults:
            return cohort, faults
        cohort = cohort.where(cohort != settings.training, TRAINING)
    faults = rules.subject_in_two_cohorts_faults(clinical.assign(cohort=cohort), config.clinical)
    training = cases[(cohort == TRAINING).to_numpy()]
    for name in targets:
        faults += one_class_fault(training[name], TRAINING, config.clinical, name)
    return cohort, faults
