"""Folds by patient, with the labels spread as evenly as patients allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.settings import CnnStudyConfig
from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError


@dataclass(frozen=True, eq=False)
class FoldPlan:
    """The cases of one fold.

    Attributes
    ----------
    number : int
    held_out : pandas.Index
        Cases that the fold's network scores and never learns from.
    stopping : pandas.Index
        Cases watched for stopping; empty without it.
    """

    number: int
    held_out: pd.Index
    stopping: pd.Index


def grouped_folds(
    cases: pd.DataFrame, targets: tuple[str, ...], folds: int, seed: int
) -> pd.Series:
    """Assign every case to a fold, all cases of a patient to the same.

    Stratified by each case's rarest positive label, so that rare labels occur in every fold
    where there are patients enough.

    Parameters
    ----------
    cases : pandas.DataFrame
        ``subject_id`` and the targets (1, 0, NaN), indexed by case.
    targets : tuple of str
    folds : int
    seed : int

    Returns
    -------
    pandas.Series of int
        Fold of each case, 0 to `folds` - 1.

    Raises
    ------
    DlrError
        If there are fewer patients than folds.
    """
    n_subjects = cases["subject_id"].nunique()
    if n_subjects < folds:
        raise DlrError(
            f"{folds} folds need as many patients, but only {n_subjects} train; lower 'folds'"
        )
    strata = _strata(cases[list(targets)], folds)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold = pd.Series(0, index=cases.index, name="fold")
    groups = cases["subject_id"].to_numpy()
    for number, (_, held_out) in enumerate(splitter.split(strata, strata, groups)):
        fold.iloc[held_out] = number
    return fold


def inner_subjects(
    cases: pd.DataFrame, targets: tuple[str, ...], share: float, seed: int
) -> set[str]:
    """Choose the patients of a training part that are watched for stopping.

    Returns
    -------
    set of str
        About `share` of the patients (at least one fold of two).

    Raises
    ------
    DlrError
        If there are fewer than two patients.
    """
    n_subjects = cases["subject_id"].nunique()
    if n_subjects < 2:
        raise DlrError(
            "early stopping sets patients aside in every fold, but a fold leaves only "
            f"{n_subjects} to learn from; add patients, raise 'folds', or leave out "
            "'training.stopping'"
        )
    parts = min(max(2, round(1 / share)), n_subjects)
    fold = grouped_folds(cases, targets, parts, seed)
    return set(cases.loc[(fold == 0).to_numpy(), "subject_id"])


def planned_folds(
    config: CnnStudyConfig, cases: pd.DataFrame, targets: tuple[str, ...]
) -> list[FoldPlan]:
    """Divide the training cases, so that what cannot be divided is known before any training.

    Parameters
    ----------
    config : CnnStudyConfig
    cases : pandas.DataFrame
        The training cases, see :func:`grouped_folds`.
    targets : tuple of str

    Raises
    ------
    DlrError
        If there are too few patients for the folds, or for stopping inside them.
    """
    folds = grouped_folds(cases, targets, config.folds, config.seed)
    plans = []
    for number in range(config.folds):
        held_out = cases.index[(folds == number).to_numpy()]
        learning = cases.drop(index=held_out)
        plans.append(FoldPlan(number, held_out, _stopping(config, learning, held_out, targets)))
    return plans


def _stopping(
    config: CnnStudyConfig, learning: pd.DataFrame, held_out: pd.Index, targets: tuple[str, ...]
) -> pd.Index:
    """Return the cases watched for stopping: inner patients, or (as published) the fold itself."""
    stopping = config.training.stopping
    if stopping is None:
        return learning.index[:0]
    if stopping.data == "fold":
        return held_out
    subjects = inner_subjects(learning, targets, stopping.share, config.seed)
    return learning.index[learning["subject_id"].isin(subjects).to_numpy()]


def _strata(labels: pd.DataFrame, folds: int) -> np.ndarray:
    """Return each case's rarest positive label (0: none); labels too rare to spread are joined."""
    counts = (labels == 1).sum()
    strata = np.zeros(len(labels), dtype=np.int64)
    # From common to rare, so that the rarest label has the last word.
    for number, name in enumerate(counts.sort_values(ascending=False, kind="stable").index, 1):
        if counts[name] >= folds:
            strata[(labels[name] == 1).to_numpy()] = number
    for number in np.unique(strata):
        if 0 < (strata == number).sum() < folds:
            strata[strata == number] = strata.max() if number == 0 else 0
    return strata


def training_cases(cohort: CnnCohort) -> pd.DataFrame:
    """Return the cases that train."""
    return cohort.cases[cohort.cases["cohort"] == TRAINING]
