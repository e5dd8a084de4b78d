"""Folds by patient, with the labels spread as evenly as patients allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from dlr.cnn.cohort import CnnCohort
from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError


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
    """
    parts = min(max(2, round(1 / share)), cases["subject_id"].nunique())
    fold = grouped_folds(cases, targets, parts, seed)
    return set(cases.loc[(fold == 0).to_numpy(), "subject_id"])


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
