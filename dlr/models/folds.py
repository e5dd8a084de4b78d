"""Cross-validation folds: stratified by outcome, whole subjects together, the same for one seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from dlr.errors import DlrError

Split = tuple[np.ndarray, np.ndarray]


def grouped_folds(y: pd.Series, groups: pd.Series, folds: int, seed: int) -> list[Split]:
    """Split cases into folds without tearing a subject apart.

    Parameters
    ----------
    y : pandas.Series
        Outcome, 1 or 0.
    groups : pandas.Series
        Subject of each case.
    folds : int
        Wanted number; fewer are made where subjects are too few or too unequal for it.
    seed : int

    Returns
    -------
    list of (train, test)
        Positions of the cases; every test part lies outside its training part.

    Raises
    ------
    DlrError
        If a class has fewer than two subjects, or single subjects hold most of a class.
    """
    labels, subjects = y.to_numpy(), groups.to_numpy()
    fewest = min(len(np.unique(subjects[labels == value])) for value in (0, 1))
    if fewest < 2:
        raise DlrError(
            f"cross-validation needs at least two subjects of each class, but got {fewest}; "
            "add cases or use a larger training cohort"
        )
    for number in range(min(folds, fewest), 1, -1):
        splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
        splits = list(splitter.split(np.zeros(len(labels)), labels, subjects))
        # Subjects with many cases may leave a fold empty or a training part with one class.
        if all(len(test) and np.ptp(labels[train]) > 0 for train, test in splits):
            return splits
    raise DlrError(
        "no split into folds leaves both classes in every training part, because single subjects "
        "hold most cases of a class; add subjects"
    )
