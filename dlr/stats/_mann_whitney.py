"""Mann-Whitney U tests of many columns at once, equal to SciPy's column by column."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr

EXACT_LIMIT = 8  # SciPy's rule: exact when a group has at most 8 values and the column no ties


def mann_whitney_columns(
    values: NDArray[np.float64],
    positive: NDArray[np.bool_],
    method: str = "auto",
    continuity: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Test every column for a shift between two groups (two-sided).

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns)
        Finite numbers.
    positive : ndarray of bool, shape (n_samples,)
        Group membership; both groups must have members.
    method : {"auto", "asymptotic", "exact"}
        ``"auto"`` is exact where a group has at most 8 members and the column no ties.
    continuity : bool
        Continuity correction of 1/2 (asymptotic only), as R's and SciPy's default.

    Returns
    -------
    u : ndarray of shape (n_columns,)
        U of the positive group: number of (positive, negative) pairs in which the positive value
        is larger, ties counting one half.
    p_value : ndarray of shape (n_columns,)
        1 for a constant column.

    Notes
    -----
    Sorting both groups and walking through them in step gives U and the ties without ranks.
    Normal approximation with tie correction as in Hollander & Wolfe, Nonparametric Statistical
    Methods, section 4.1.
    """
    columns = np.ascontiguousarray(values.T)
    upper = np.sort(columns[:, positive], axis=1)
    lower = np.sort(columns[:, ~positive], axis=1)
    twice_u, ties = _count_pairs(upper, lower)
    m, n = upper.shape[1], lower.shape[1]
    p_value = _asymptotic(twice_u, ties, m, n, continuity)
    if method == "exact" or (method == "auto" and min(m, n) <= EXACT_LIMIT):
        exact = np.ones(len(ties), dtype=bool) if method == "exact" else ties == 0
        p_value[exact] = _exact(twice_u[exact], m, n)
    return twice_u / 2, p_value


@njit(cache=True)
def _count_pairs(upper: NDArray, lower: NDArray) -> tuple[NDArray, NDArray]:
    """Walk through two sorted groups per row: 2 U of the first, and sum(t^3 - t) of the ties."""
    twice_u = np.zeros(upper.shape[0], dtype=np.int64)
    ties = np.zeros(upper.shape[0], dtype=np.float64)
    for row in range(upper.shape[0]):
        u = _count_distinct(upper[row], lower[row])
        if u >= 0:
            twice_u[row] = 2 * u
        else:
            twice_u[row], ties[row] = _count_tied(upper[row], lower[row])
    return twice_u, ties


@njit(cache=True)
def _count_distinct(upper: NDArray, lower: NDArray) -> int:
    """Count the pairs in which the upper value is larger; -1 where any two values are equal."""
    tied = False
    for k in range(upper.size - 1):
        tied |= upper[k] == upper[k + 1]
    for k in range(lower.size - 1):
        tied |= lower[k] == lower[k + 1]
    i, j, u = 0, 0, 0
    # Arithmetic instead of branches, which the processor would mispredict every other time.
    while i < upper.size and j < lower.size:
        tied |= upper[i] == lower[j]
        step = int(lower[j] < upper[i])
        j += step
        i += 1 - step
        u += j * (1 - step)
    u += (upper.size - i) * lower.size
    return -1 if tied else u


@njit(cache=True)
def _count_tied(upper: NDArray, lower: NDArray) -> tuple[int, float]:
    """Count pairs twice, equal ones once, and sum t^3 - t over the groups of t equal values."""
    m, n = upper.size, lower.size
    i, j, twice_u, ties = 0, 0, 0, 0.0
    while i < m or j < n:
        value = upper[i] if i < m and (j == n or upper[i] <= lower[j]) else lower[j]
        first_i, first_j = i, j
        while i < m and upper[i] == value:
            i += 1
        while j < n and lower[j] == value:
            j += 1
        twice_u += (i - first_i) * (2 * first_j + (j - first_j))
        size = float(i - first_i + j - first_j)
        ties += size * size * size - size
    return twice_u, ties


def _asymptotic(
    twice_u: NDArray[np.int64], ties: NDArray[np.float64], m: int, n: int, continuity: bool
) -> NDArray[np.float64]:
    total = m + n
    larger = np.maximum(twice_u, 2 * m * n - twice_u) / 2
    correction = ties / (total * (total - 1))
    spread = np.sqrt(m * n / 12 * ((total + 1) - correction))
    distance = larger - m * n / 2 - (0.5 if continuity else 0.0)
    constant = spread <= 1e-8 * m * n
    z = distance / np.where(constant, 1.0, spread)
    p_value: NDArray[np.float64] = np.where(constant, 1.0, np.minimum(2 * ndtr(-z), 1.0))
    return p_value


def _exact(twice_u: NDArray[np.int64], m: int, n: int) -> NDArray[np.float64]:
    # With ties (only when exact is forced) U may be a half; SciPy rounds the larger U up.
    larger = (np.maximum(twice_u, 2 * m * n - twice_u) + 1) // 2
    p_value: NDArray[np.float64] = np.minimum(2 * _upper_tail(min(m, n), max(m, n))[larger], 1.0)
    return p_value


@lru_cache(maxsize=32)
def _upper_tail(m: int, n: int) -> NDArray[np.float64]:
    """P(U >= u) for u = 0..m n, from the Gaussian binomial coefficient in exact integers."""
    counts = np.zeros(m * n + 1, dtype=object)
    counts[0] = 1
    for i in range(1, m + 1):
        counts = _times_one_minus_power(counts, n + i)
        counts = _over_one_minus_power(counts, i)
    tail = np.cumsum(counts[::-1])[::-1]
    return np.array([float(count / tail[0]) for count in tail], dtype=np.float64)


def _times_one_minus_power(counts: NDArray, power: int) -> NDArray:
    product = counts.copy()
    product[power:] -= counts[: len(counts) - power]
    return product


def _over_one_minus_power(counts: NDArray, power: int) -> NDArray:
    quotient = counts.copy()
    for start in range(power):
        quotient[start::power] = np.cumsum(quotient[start::power])
    return quotient
