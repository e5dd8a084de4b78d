"""Cross-validation folds: stratified by class, grouped by patient, as many as the data allow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from dlr.errors import DlrError


def draw_folds(
    y: NDArray[Any],
    folds: int,
    groups: ArrayLike | None = None,
    stratify: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.intp]:
    """Assign each case to a fold.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Outcome.
    folds : int
        Wanted number of folds; fewer are drawn when a class (or, with `groups`, the number of
        groups that hold a class) has fewer members, so that every training part keeps all classes.
    groups : array_like of shape (n_samples,), optional
        Cases of one group (a patient's lesions) stay in one fold.
    stratify : bool
        Keep the classes' shares alike over folds; off for a continuous outcome.
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of int, shape (n_samples,)
        Fold of each case, 0-based; the number of folds is its maximum + 1.

    Raises
    ------
    DlrError
        If not even two folds are possible.
    """
    labels = np.unique(y, return_inverse=True)[1] if stratify else np.zeros(len(y), dtype=int)
    units = np.arange(len(y)) if groups is None else _group_codes(groups, len(y))
    possible = min(len(np.unique(units[labels == label])) for label in np.unique(labels))
    for count in range(min(folds, possible), 1, -1):
        fold_id = _split(labels, count, None if groups is None else units, stratify, random_state)
        if _complete(labels, fold_id, count):
            return fold_id
    unit = "cases" if groups is None else "groups (patients)"
    raise DlrError(
        f"Cross-validation needs every class in at least two {unit}, but the rarest class has "
        f"n_samples = {possible}; use more cases, or leave out the cross-validated step."
    )


def check_fold_id(fold_id: ArrayLike, n_samples: int) -> NDArray[np.intp]:
    """Return folds given by the user as codes 0..K-1."""
    labels = np.asarray(fold_id)
    if labels.shape != (n_samples,):
        raise DlrError(f"fold_id must name the fold of each of {n_samples} cases.")
    values, codes = np.unique(labels, return_inverse=True)
    if values.size < 2:
        raise DlrError("fold_id must name at least two different folds.")
    return np.asarray(codes, dtype=np.intp)


def _group_codes(groups: ArrayLike, n_samples: int) -> NDArray[np.intp]:
    labels = np.asarray(groups)
    if labels.shape != (n_samples,):
        raise DlrError(f"groups must name the group of each of {n_samples} cases.")
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp)


def _split(
    labels: NDArray[np.intp],
    count: int,
    units: NDArray[np.intp] | None,
    stratify: bool,
    random_state: int | np.random.RandomState | None,
) -> NDArray[np.intp]:
    splitter: Any
    if units is None:
        splitter = StratifiedKFold if stratify else KFold
    else:
        splitter = StratifiedGroupKFold if stratify else GroupKFold
    splits = splitter(n_splits=count, shuffle=True, random_state=random_state)
    fold_id = np.zeros(len(labels), dtype=np.intp)
    for number, (_, test) in enumerate(splits.split(labels, labels, units)):
        fold_id[test] = number
    return fold_id


def _complete(labels: NDArray[np.intp], fold_id: NDArray[np.intp], count: int) -> bool:
    """Check that no fold is empty and every training part has all classes."""
    if len(np.unique(fold_id)) < count:
        return False
    classes = len(np.unique(labels))
    return all(len(np.unique(labels[fold_id != k])) == classes for k in range(count))
