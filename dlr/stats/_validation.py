"""Checks of the arguments that every statistic shares; each failure is one clear sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
NamedVectors = Mapping[str, ArrayLike] | pd.DataFrame


def numeric_vector(values: ArrayLike, name: str, length: int | None = None) -> FloatArray:
    """Return `values` as a vector of finite floats.

    Parameters
    ----------
    values : array_like, shape (n,)
        Numbers without missing values.
    name : str
        What the user calls them; appears in the message.
    length : int, optional
        The number of values there must be (the length of the outcome).

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    DlrError
        When the values are not numbers, not one-dimensional, missing, infinite, or too many or few.
    """
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DlrError(
            f"{name} must hold numbers only, but some value is not one: {error}."
        ) from None
    if vector.ndim != 1:
        raise DlrError(f"{name} must be one-dimensional, but has shape {vector.shape}.")
    if length is not None and len(vector) != length:
        raise DlrError(f"{name} must have {length} values like the outcome, but has {len(vector)}.")
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        raise DlrError(
            f"{name} must not hold missing or infinite values, but {len(bad)} of {len(vector)} are "
            f"(first at position {bad[0]}); leave those cases out or complete them first."
        )
    return vector


def binary_outcome(y: ArrayLike, name: str = "y", both_classes: bool = True) -> BoolArray:
    """Return the outcome as booleans, True for the event.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 (or True) for the event, 0 (or False) for no event; nothing else, nothing missing.
    name : str
        What the user calls it.
    both_classes : bool
        Whether at least one event and one non-event are needed.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    DlrError
        When `y` holds anything but 0 and 1, is empty, or lacks one of the classes.
    """
    vector = numeric_vector(y, name)
    if not len(vector):
        raise DlrError(f"{name} is empty; a statistic needs at least one case.")
    odd = vector[(vector != 0) & (vector != 1)]
    if len(odd):
        raise DlrError(f"{name} must be coded 0 (no event) and 1 (event), but holds {odd[0]:g}.")
    outcome: BoolArray = vector == 1
    if both_classes and (outcome.all() or not outcome.any()):
        raise DlrError(
            f"{name} must hold both classes, but all {len(outcome)} values are {int(outcome[0])}."
        )
    return outcome


def probability_vector(p: ArrayLike, name: str = "p", length: int | None = None) -> FloatArray:
    """Return predicted probabilities of the event, each in [0, 1]; see `numeric_vector`."""
    vector = numeric_vector(p, name, length)
    outside = vector[(vector < 0) | (vector > 1)]
    if len(outside):
        raise DlrError(
            f"{name} must hold probabilities between 0 and 1, but holds {outside[0]:g}; "
            "convert log-odds or scores to probabilities first."
        )
    return vector


def outcome_and_score(
    y: ArrayLike, score: ArrayLike, score_name: str = "score"
) -> tuple[BoolArray, FloatArray]:
    """Return the checked outcome (both classes present) and a score of the same length."""
    check_same_order(y, score, score_name)
    outcome = binary_outcome(y)
    return outcome, numeric_vector(score, score_name, len(outcome))


def outcome_and_probability(
    y: ArrayLike, p: ArrayLike, p_name: str = "p"
) -> tuple[BoolArray, FloatArray]:
    """Return the checked outcome (both classes present) and probabilities of the same length."""
    check_same_order(y, p, p_name)
    outcome = binary_outcome(y)
    return outcome, probability_vector(p, p_name, len(outcome))


def check_same_order(first: Any, other: Any, name: str, first_name: str = "y") -> None:
    """Refuse two Series or DataFrames that hold the same cases in a different order.

    Values are paired by position, so such a pair would silently be mismatched. Tables with
    unrelated labels (a RangeIndex against case names) are left alone.
    """
    labelled = pd.Series | pd.DataFrame
    if not (isinstance(first, labelled) and isinstance(other, labelled)):
        return
    if len(first) != len(other) or first.index.equals(other.index):
        return
    label = first_name if first_name.isidentifier() else "y"
    unique = first.index.is_unique and other.index.is_unique
    if unique and not len(first.index.difference(other.index)):
        raise DlrError(
            f"{first_name} and {name} hold the same cases in a different order; "
            f"align them first, for example with {name}.loc[{label}.index]."
        )


def named_vectors(
    vectors: NamedVectors, name: str, length: int, minimum: int = 1
) -> dict[str, FloatArray]:
    """Return a mapping of names to checked vectors of `length` numbers each."""
    if not isinstance(vectors, Mapping | pd.DataFrame):
        raise DlrError(f"{name} must map names to values (a dict or DataFrame), one per model.")
    if len(vectors.keys()) < minimum:
        raise DlrError(f"{name} must hold at least {minimum} model(s), got {len(vectors.keys())}.")
    checked: dict[str, FloatArray] = {}
    for key, values in vectors.items():
        if str(key) in checked:
            raise DlrError(f"{name} must have distinct names, but {str(key)!r} occurs twice.")
        checked[str(key)] = numeric_vector(values, f"{name}[{key!r}]", length)
    return checked


def group_codes(groups: ArrayLike | None, length: int, *paired: Any) -> IntArray | None:
    """Return cluster codes 0..G-1 (for instance one per patient), or None without groups.

    `paired` are the outcome and scores as they were given: where they hold the same cases in
    another order, groups would be given to others.
    """
    if groups is None:
        return None
    for other in paired:
        check_same_order(other, groups, "groups", "the cases")
    labels = np.asarray(groups)
    if labels.shape != (length,):
        raise DlrError(f"groups must hold {length} values like the outcome, got {labels.shape}.")
    if pd.isna(labels).any():
        raise DlrError("groups must not hold missing values; name the patient of every case.")
    codes, uniques = pd.factorize(labels)
    if len(uniques) < 2:
        raise DlrError("groups must name at least two different clusters, but all are the same.")
    return codes.astype(np.int64)


def equal_but_for_rounding(log_odds: ArrayLike) -> bool:
    """Tell whether log-odds differ by no more than rounding (1e-8, relative above 1).

    Their last digits rank the cases, and a calibration slope of 1e10 follows them.
    """
    values = np.asarray(log_odds, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    return high - low <= 1e-8 * max(1.0, -low, high)


def check_level(level: float) -> float:
    """Return the confidence level, refused unless strictly between 0 and 1."""
    if not 0 < level < 1:
        raise DlrError(f"level must lie strictly between 0 and 1 (0.95 for 95 %), got {level!r}.")
    return float(level)


def check_choice(value: str, name: str, choices: tuple[str, ...]) -> str:
    """Return `value`, refused unless it is one of `choices`."""
    if value not in choices:
        raise DlrError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")
    return value


def check_count(value: int, name: str, minimum: int) -> int:
    """Return a whole number, refused when it is below `minimum`."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < minimum:
        raise DlrError(f"{name} must be a whole number of at least {minimum}, got {value!r}.")
    return int(value)


def open_unit_thresholds(thresholds: ArrayLike, name: str = "thresholds") -> FloatArray:
    """Return increasing risk thresholds, each strictly between 0 and 1.

    At 0 the odds of the threshold are zero and at 1 they are infinite, so net benefit and
    reclassification say nothing there.
    """
    vector = numeric_vector(np.atleast_1d(np.asarray(thresholds)), name)
    if not len(vector):
        raise DlrError(f"{name} must hold at least one threshold.")
    if (vector <= 0).any() or (vector >= 1).any():
        raise DlrError(
            f"{name} must lie strictly between 0 and 1, but {name} holds "
            f"{vector[(vector <= 0) | (vector >= 1)][0]:g}."
        )
    if (np.diff(vector) <= 0).any():
        raise DlrError(f"{name} must increase without repeats.")
    return vector
