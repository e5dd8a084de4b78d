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
        Wanted number; fewer are made where a class has fewer subjects.
    seed : int

    Returns
    -------
    list of (train, test)
        Positions of the cases; every test part lies outside its training part.

    Raises
    ------
    DlrError
        If a class has fewer than two subjects.
    """
    labels, subjects = y.to_numpy(), groups.to_numpy()
    fewest = min(len(np.unique(subjects[labels == value])) for value in (0, 1))
    if fewest < 2:
        raise DlrError(
            f"cross-validation needs at least two subjects of each class, but got {fewest}; "
            "add cases or use a larger training cohort"
        )
    splitter = StratifiedGroupKFold(min(folds, fewest), shuffle=True, random_state=seed)
    splits = list(splitter.split(np.zeros(len(labels)), labels, subjects))
    return [(train, test) for train, test in splits if len(test) and np.ptp(labels[train]) > 0]
