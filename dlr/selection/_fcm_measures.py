"""The three measures behind FCM selection, for all features at once.

Scores are rounded to 12 significant digits, so that features that are equal but for the rounding
of sums stay equal, and ties are broken by a rule and not by chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Positive = NDArray[np.bool_]

_DIGITS = 12


def fisher_coefficients(values: Values, positive: Positive) -> Values:
    """Return the Fisher coefficient of each column for two classes.

    ``F = D / V`` with ``D = (mean_1 - mean_0)^2`` and ``V = P_0 V_0 + P_1 V_1``: shares and
    variances (divisor n) of the classes. This is what the general form
    ``D = sum_kj P_k P_j (mean_k - mean_j)^2 / (1 - sum_k P_k^2)`` gives for two classes.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
    positive : ndarray of bool, shape (n_samples,)

    Returns
    -------
    ndarray of shape (n_features,)
        Larger is better; infinite where neither class varies but the means differ, 0 where
        nothing varies.
    """
    within = np.zeros(values.shape[1])
    means = []
    for members in (values[~positive], values[positive]):
        mean = members.mean(axis=0)
        # The mean of equal numbers may be off by rounding, which must not look like variation.
        mean = np.where(np.ptp(members, axis=0) == 0, members[0], mean)
        within += np.square(members - mean).sum(axis=0)
        means.append(mean)
    between = np.square(means[1] - means[0])
    within /= len(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = between / within
    return _rounded(np.where(between == 0, 0.0, ratio))


def classification_error(values: Values, positive: Positive, neighbour: bool) -> Values:
    """Return the share of cases that each column alone puts into the wrong class (POE).

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
    positive : ndarray of bool, shape (n_samples,)
    neighbour : bool
        Judge by the nearest other case instead of by the nearest class mean.

    Returns
    -------
    ndarray of shape (n_features,)
        In [0, 1], smaller is better; cases equally near to both classes count by half (by their
        share, where several other cases are equally near). 0.5 for a constant column.
    """
    constant = np.ptp(values, axis=0) == 0
    errors = _neighbour_error(values, positive) if neighbour else _mean_error(values, positive)
    return _rounded(np.where(constant, 0.5, errors))


def _mean_error(values: Values, positive: Positive) -> Values:
    low, high = values[~positive].mean(axis=0), values[positive].mean(axis=0)
    # Beyond the middle of the means on the side of the positive class: +1; on it: 0
    side = np.sign((values - (low + high) / 2) * (high - low))
    truth = np.where(positive, 1, -1)[:, None]
    return ((1 - side * truth) / 2).mean(axis=0)


def _neighbour_error(values: Values, positive: Positive) -> Values:
    n_samples, n_features = values.shape
    order = np.argsort(values, axis=0, kind="stable").T
    ordered = np.take_along_axis(values.T, order, axis=1)
    starts = np.ones((n_features, n_samples), dtype=bool)
    starts[:, 1:] = np.diff(ordered, axis=1) != 0
    # Equal values form a group; groups are numbered through all columns.
    group = np.cumsum(starts.ravel()) - 1
    column = np.repeat(np.arange(n_features), n_samples)[starts.ravel()]
    value = ordered.ravel()[starts.ravel()]
    count = np.bincount(group)
    cases = np.bincount(group, weights=positive[order].ravel())
    same_column = column[1:] == column[:-1]
    gap = np.where(same_column, np.diff(value), np.inf)
    before, after = np.append(np.inf, gap), np.append(gap, np.inf)
    # A lone value looks at the nearer neighbouring group, or at both where they are equally near.
    left, right = np.roll(count, 1), np.roll(count, -1)
    left_cases, right_cases = np.roll(cases, 1), np.roll(cases, -1)
    near_left, near_right = before <= after, after <= before
    pool = near_left * left + near_right * right
    pool_cases = near_left * left_cases + near_right * right_cases
    lone = count == 1
    others = np.where(lone, pool, count - 1)
    # Wrong votes that the group's positive and negative members receive, in shares
    wrong_for_positive = np.where(lone, pool - pool_cases, count - cases) / others
    wrong_for_negative = np.where(lone, pool_cases, cases) / others
    wrong = cases * wrong_for_positive + (count - cases) * wrong_for_negative
    return np.bincount(column, weights=wrong, minlength=n_features) / n_samples


def mutual_information(values: Values, positive: Positive, bins: int) -> Values:
    """Return the mutual information of each column with the class, in bits.

    ``sum_fc P(f, c) log2(P(f, c) / (P(f) P(c)))`` over the bins f of equal width between the
    column's smallest and largest value, and the two classes c.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
    positive : ndarray of bool, shape (n_samples,)
    bins : int

    Returns
    -------
    ndarray of shape (n_features,)
        At least 0, at most 1; larger is better.
    """
    n_samples, n_features = values.shape
    low, width = values.min(axis=0), np.ptp(values, axis=0)
    position = (values - low) / np.where(width > 0, width, 1.0)
    index = np.minimum((position * bins).astype(np.intp), bins - 1)
    cell = (np.arange(n_features) * bins + index) * 2 + positive[:, None]
    count = np.bincount(cell.ravel(), minlength=n_features * bins * 2)
    joint = count.reshape(n_features, bins, 2) / n_samples
    independent = joint.sum(axis=2, keepdims=True) * joint.sum(axis=1, keepdims=True)
    ratio = np.divide(joint, independent, out=np.ones_like(joint), where=joint > 0)
    information = (joint * np.log2(ratio)).sum(axis=(1, 2))
    return _rounded(np.maximum(information, 0.0))


def smallest_error_and_correlation(values: Values, errors: Values, count: int) -> NDArray[np.intp]:
    """Choose features one by one by error plus mean absolute correlation with those chosen.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        No constant column.
    errors : ndarray of shape (n_features,)
    count : int
        How many to choose; fewer where there are not so many.

    Returns
    -------
    ndarray of int
        Positions in the order of choice; of equals, the earlier goes first.
    """
    n_features = values.shape[1]
    if n_features == 0 or count == 0:
        return np.empty(0, dtype=np.intp)
    centred = values - values.mean(axis=0)
    # Scaled first: the squares of tiny or huge features must neither vanish nor overflow.
    centred /= np.abs(centred).max(axis=0)
    centred /= np.sqrt(np.square(centred).sum(axis=0))
    chosen: list[int] = []
    correlation = np.zeros(n_features)
    free = np.ones(n_features, dtype=bool)
    while len(chosen) < min(count, n_features):
        cost = errors + correlation / max(len(chosen), 1)
        best = int(np.argmin(np.where(free, _rounded(cost), np.inf)))
        chosen.append(best)
        free[best] = False
        correlation += np.minimum(np.abs(centred.T @ centred[:, best]), 1.0)
    return np.asarray(chosen, dtype=np.intp)


def _rounded(scores: Values) -> Values:
    """Round to a number of significant digits."""
    known = np.isfinite(scores) & (scores != 0)
    exponent = np.zeros(scores.shape)
    exponent[known] = np.floor(np.log10(np.abs(scores[known])))
    # In two factors, each of which a float can hold
    scaled = scores * 10.0 ** (-exponent / 2) * 10.0 ** (-exponent / 2)
    rounded = np.round(scaled, _DIGITS - 1) * 10.0 ** (exponent / 2) * 10.0 ** (exponent / 2)
    result: Values = np.where(known, rounded, scores)
    return result
