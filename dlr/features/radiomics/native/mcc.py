"""The maximal correlation coefficient of a co-occurrence matrix (Haralick, 1973).

It is the square root of the second largest eigenvalue of ``Q = D(px)^-1 P D(py)^-1 P'``, that is
the second singular value of ``S = D(px)^-1/2 P D(py)^-1/2``. The first one is 1 and its vector is
``sqrt(px)``; with that taken away, the Lanczos method finds the largest eigenvalue of what is left
without decomposing the whole matrix (Golub and Van Loan, Matrix Computations, chapter 10).
"""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.first_order import EPSILON
from dlr.features.radiomics.native.lanczos import largest_eigenvalue

DECIDED_BY_ROUNDING = 1e-6
"""Below this, the squared coefficient is smaller than the rounding of PyRadiomics' eigenvalues."""


@compiled
def maximal_correlation(matrix: Floats, px: Floats, py: Floats, symmetric: bool) -> float:
    """Return the coefficient of one normalised matrix; 1 for a single grey level.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
        Joint probabilities.
    px, py : ndarray, shape (n,)
        Their sums over columns and over rows.
    symmetric : bool
        Whether `matrix` is; then S is too, and its own eigenvalues do.
    """
    n = len(px)
    if n < 2:
        return 1.0
    first = np.sqrt(px)
    over_x, over_y = _inverse_roots(px), _inverse_roots(py)
    scaled = np.empty((n, n))
    for i in range(n):
        scaled[i] = matrix[i] * (over_x[i] * over_y)
    if symmetric:
        if not _connected(scaled):
            return 1.0  # the vector of each part has the eigenvalue 1, and the first is only one
        return min(largest_eigenvalue(scaled, first), 1.0)
    return min(math.sqrt(largest_eigenvalue(_square(scaled), first)), 1.0)


@compiled
def _inverse_roots(p: Floats) -> Floats:
    """Return ``1 / sqrt(p)``, and 0 for 0."""
    result = np.zeros(len(p))
    for i in range(len(p)):
        if p[i] > 0:
            result[i] = 1 / math.sqrt(p[i])
    return result


@compiled
def _connected(matrix: Floats) -> bool:
    """Say whether every grey level that occurs can be reached from every other."""
    n = len(matrix)
    alone = 0  # levels without a lower one next to them: the lowest always, others rarely
    for i in range(n):
        lower = i - 1
        while lower >= 0 and matrix[i, lower] == 0:
            lower -= 1
        alone += lower < 0
    if alone == 1:
        return True
    waiting, seen = np.empty(n, np.int64), np.zeros(n, np.bool_)
    count = 0
    for start in range(n):
        if seen[start] or not matrix[start].any():
            continue
        if count > 0:
            return False
        seen[start] = True
        waiting[0], count, done = start, 1, 0
        while done < count:
            here = waiting[done]
            done += 1
            for other in range(n):
                if matrix[here, other] != 0 and not seen[other]:
                    seen[other] = True
                    waiting[count] = other
                    count += 1
    return True


@compiled
def _square(scaled: Floats) -> Floats:
    """Return ``S S'``, without the zeros that fill most of a co-occurrence matrix."""
    n = len(scaled)
    result = np.zeros((n, n))
    for i in range(n):
        for k in range(n):
            weight = scaled[i, k]
            if weight != 0:
                for j in range(n):
                    result[i, j] += weight * scaled[j, k]
    return result


def mcc_as_pyradiomics(matrices: Floats) -> float:
    """Return the mean coefficient with PyRadiomics' own arithmetic, for degenerate matrices.

    Where neighbours are independent in some direction, the second eigenvalue of Q is 0 up to
    rounding; its sign decides whether the direction counts as (nearly) 0 or as NaN, which is left
    out of the mean. So Q is summed in PyRadiomics' order and given to the same routine.

    Parameters
    ----------
    matrices : ndarray, shape (n, n, directions)
        Unnormalised co-occurrence matrices.
    """
    totals = matrices.sum((0, 1))
    p = matrices[:, :, totals > 0] / totals[totals > 0]
    px, py = p.sum(1), p.sum(0)
    q = np.zeros_like(p)
    for k in range(p.shape[0]):
        q += p[:, None, k] * p[None, :, k] / (px[:, None] * py[None, k] + EPSILON)
    with np.errstate(invalid="ignore"):
        values = np.sqrt(np.sort(np.linalg.eigvals(q.transpose(2, 0, 1)))[:, -2])
    known = ~np.isnan(values)
    return float(values[known].mean().real) if known.any() else math.nan
