"""Balancing the classes of a training part; never of the cases that judge it.

A function of one training part only: inside cross-validation it is called once per fold, on that
fold's training part. Class weights, which all algorithms here that know them use by default, do
without invented or repeated cases and are the first choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError

METHODS = ("none", "oversample", "undersample", "smote")
NEIGHBOURS = 5
"""Nearest cases SMOTE draws between, as in its paper."""

Floats = NDArray[np.float64]


def resample(
    X: ArrayLike,
    y: ArrayLike,
    method: str,
    seed: int,
    groups: ArrayLike | None = None,
) -> tuple[Floats, NDArray[np.int64]]:
    """Balance the classes of a training part.

    Parameters
    ----------
    X : array_like of shape (n_cases, n_features)
        Scaled features: SMOTE measures distances.
    y : array_like of shape (n_cases,)
        1 or 0.
    method : {"none", "oversample", "undersample", "smote"}
        ``"oversample"`` repeats subjects of the smaller class, ``"undersample"`` drops subjects
        of the larger one, until both have the same number of cases; ``"smote"`` adds points on
        the lines between a case of the smaller class and its nearest ones of other subjects [1]_.
    seed : int
    groups : array_like of shape (n_cases,), optional
        Subject of each case; subjects are drawn, not cases. Without it every case is a subject.

    Returns
    -------
    X : ndarray of shape (n_new, n_features)
    y : ndarray of shape (n_new,)
        Given cases come first in their order, added ones after them.

    Raises
    ------
    DlrError
        If the method is not known or a class is absent.

    References
    ----------
    .. [1] Chawla NV, Bowyer KW, Hall LO, Kegelmeyer WP, SMOTE: synthetic minority over-sampling
       technique, Journal of Artificial Intelligence Research 16:321-357 (2002).
    """
    if method not in METHODS:
        raise DlrError(f"resampling must be one of {', '.join(METHODS)}, but got '{method}'")
    values, labels = np.asarray(X, dtype=np.float64), np.asarray(y).astype(np.int64)
    if method == "none":
        return values, labels
    subjects = np.arange(len(labels)) if groups is None else np.asarray(groups)
    counts = np.bincount(labels, minlength=2)
    if counts.min() == 0:
        raise DlrError("resampling needs cases of both classes, but one class is absent")
    smaller = int(counts[1] < counts[0])
    if counts[0] == counts[1]:
        return values, labels
    random = np.random.default_rng(seed)
    if method == "undersample":
        larger = np.flatnonzero(labels != smaller)
        kept = _draw(larger, subjects, int(counts.min()), random, replace=False)
        rows = np.sort(np.concatenate([np.flatnonzero(labels == smaller), kept]))
        return values[rows], labels[rows]
    rows = np.flatnonzero(labels == smaller)
    wanted = int(counts.max() - counts.min())
    if method == "oversample":
        added = values[_draw(rows, subjects, wanted, random, replace=True)]
    else:
        added = _between(values[rows], subjects[rows], wanted, random)
    return np.concatenate([values, added]), np.concatenate([labels, np.full(wanted, smaller)])


def _draw(
    rows: NDArray[np.intp],
    subjects: NDArray,
    wanted: int,
    random: np.random.Generator,
    replace: bool,
) -> NDArray[np.intp]:
    """Draw whole subjects until there are enough rows; the last one may give only some."""
    names = np.unique(subjects[rows])
    drawn: list[NDArray[np.intp]] = []
    count = 0
    while count < wanted:
        # Every subject is drawn once before any is drawn again: fewer repeats of the same one.
        for name in random.permutation(names):
            part = rows[subjects[rows] == name]
            drawn.append(part)
            count += len(part)
            if count >= wanted:
                break
        if not replace:
            break
    return np.concatenate(drawn)[:wanted]


def _between(values: Floats, subjects: NDArray, wanted: int, random: np.random.Generator) -> Floats:
    """Return points on lines between cases and their nearest ones of other subjects."""
    squares = (values**2).sum(axis=1)
    distance = squares[:, None] + squares[None, :] - 2 * values @ values.T
    distance[subjects[:, None] == subjects[None, :]] = np.inf
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS]
    usable = np.isfinite(np.take_along_axis(distance, nearest, axis=1)).sum(axis=1)
    start = random.integers(len(values), size=wanted)
    rank = (random.random(wanted) * usable[start]).astype(int)
    # A class of a single subject has no one to draw lines to: its cases are repeated.
    end = np.where(usable[start] > 0, nearest[start, np.minimum(rank, nearest.shape[1] - 1)], start)
    return values[start] + random.random((wanted, 1)) * (values[end] - values[start])
