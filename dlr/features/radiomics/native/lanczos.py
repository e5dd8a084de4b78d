"""The largest eigenvalue of a symmetric matrix one of whose eigenvectors is taken away.

An own Lanczos iteration, because the matrices are small and many: LAPACK decomposes them whole,
and its threads hinder each other when several cases are computed side by side. Rounding lets the
vectors lose their orthogonality, which repeats eigenvalues but does not move the largest one.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.vectors import add, dot, symmetric_product

TOLERANCE = 2e-9
"""Largest residual that is left; the error of an eigenvalue is smaller, about its square."""
EXHAUSTED = 1e-14
CHECK_EVERY = 6
SPARSE = 16
"""A matrix with fewer than one entry in so many is multiplied entry by entry."""
POINTS = 8
ROUNDS = 17
"""Each round makes an interval `POINTS` + 1 times narrower; so many reach full precision."""


@compiled
def largest_eigenvalue(matrix: Floats, known: Floats) -> float:
    """Return the largest absolute eigenvalue of a matrix apart from that of `known`.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
        Symmetric.
    known : ndarray, shape (n,)
        An eigenvector of length 1.
    """
    n = len(matrix)
    sparse = (matrix != 0).sum() * SPARSE < n * n
    rows, columns, values = _entries(matrix if sparse else matrix[:0])
    most = 4 * n + 20  # without rounding, n would do
    alpha, beta = np.zeros(most), np.zeros(most)
    before, image = np.zeros(n), np.zeros(n)
    # The vector that is sought mostly rises or falls with the grey level; the rest of the start
    # shares no symmetry with the matrix. Squares of the places, since fractions of multiples add
    # up: those of 1 and 4 to that of 5, which left (1, -1, -1, 1) unseen.
    places = np.arange(n).astype(np.float64)
    here = known * (places / n + 0.1 * ((places * places * 0.6180339887498949) % 1.0)) + 1e-3
    add(here, -dot(here, known), known)
    norm = math.sqrt(dot(here, here))
    if norm < TOLERANCE:
        return 0.0
    here /= norm
    result, step = 0.0, 0.0
    for k in range(most):
        if sparse:
            _sparse_product(rows, columns, values, here, image)
        else:
            symmetric_product(matrix, here, image)
        add(image, -step, before)
        alpha[k] = dot(image, here)
        add(image, -alpha[k], here)
        add(image, -dot(image, known), known)
        step = math.sqrt(dot(image, image))
        beta[k] = step
        last = k == most - 1 or step < EXHAUSTED
        if last or (k > 0 and k % CHECK_EVERY == 0):
            result, settled = _extreme(alpha[: k + 1], beta[: k + 1])
            if last or settled:
                return result
        before, here, image = here, image, before
        here /= step
    return result


@compiled
def _entries(
    matrix: Floats,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Return the places and values that are not zero; `rows` holds where each row starts."""
    n = len(matrix)
    rows = np.zeros(n + 1, np.int64)
    columns = np.empty(matrix.size, np.int64)
    values = np.empty(matrix.size)
    used = 0
    for i in range(n):
        for j in range(matrix.shape[1]):
            if matrix[i, j] != 0:
                columns[used], values[used] = j, matrix[i, j]
                used += 1
        rows[i + 1] = used
    return rows, columns[:used], values[:used]


@compiled
def _sparse_product(
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    values: Floats,
    vector: Floats,
    result: Floats,
) -> None:
    for i in range(len(vector)):
        even = odd = 0.0
        end = rows[i + 1]
        for place in range(rows[i], end - 1, 2):
            even += values[place] * vector[columns[place]]
            odd += values[place + 1] * vector[columns[place + 1]]
        if (end - rows[i]) % 2:
            even += values[end - 1] * vector[columns[end - 1]]
        result[i] = even + odd


@compiled
def _extreme(alpha: Floats, beta: Floats) -> tuple[float, bool]:
    """Return the largest absolute eigenvalue of a tridiagonal matrix, and whether it is settled.

    Settled: its residual is small, and the other end of the spectrum cannot overtake it.
    """
    high, low = _ends(alpha, beta)
    high_residual = _residual(alpha, beta, high)
    low_residual = _residual(-alpha, beta, low)
    if high < low:
        high, low, high_residual, low_residual = low, high, low_residual, high_residual
    settled = high_residual < TOLERANCE and (low_residual < TOLERANCE or low + low_residual < high)
    return max(high, 0.0), settled


@compiled
def _ends(alpha: Floats, beta: Floats) -> tuple[float, float]:
    """Return the largest eigenvalues of a tridiagonal matrix and of its negative.

    Intervals are divided at several points at once, by whether an eigenvalue is larger (Sturm);
    the first half of the points belongs to the matrix, the second to its negative.
    """
    points, pivots, largest = np.empty(2 * POINTS), np.empty(2 * POINTS), np.empty(2 * POINTS)
    lows, highs = np.full(2, -1.0 - 1e-9), np.full(2, 1.0 + 1e-9)
    for _ in range(ROUNDS):
        for side in range(2):
            width = (highs[side] - lows[side]) / (POINTS + 1)
            for p in range(POINTS):
                points[side * POINTS + p] = lows[side] + (p + 1) * width
        for p in range(POINTS):
            pivots[p] = alpha[0] - points[p]
            pivots[POINTS + p] = -alpha[0] - points[POINTS + p]
        largest[:] = pivots
        for k in range(1, len(alpha)):
            square = beta[k - 1] * beta[k - 1]
            for p in range(2 * POINTS):
                centre = alpha[k] if p < POINTS else -alpha[k]
                pivot = pivots[p] if pivots[p] != 0 else -1e-300
                pivots[p] = centre - points[p] - square / pivot
                largest[p] = max(largest[p], pivots[p])
        for side in range(2):
            for p in range(side * POINTS, (side + 1) * POINTS):
                if largest[p] > 0:
                    lows[side] = points[p]
                else:
                    highs[side] = points[p]
                    break
    return 0.5 * (lows[0] + highs[0]), 0.5 * (lows[1] + highs[1])


@compiled
def _residual(alpha: Floats, beta: Floats, value: float) -> float:
    """Return how far the vector of an eigenvalue is from one of the whole matrix.

    The vector is found from its last element backwards, the direction in which it grows.
    """
    last = len(alpha) - 1
    after, here, squares = 0.0, 1.0, 1.0
    end = 1.0
    for k in range(last, 0, -1):
        if beta[k - 1] == 0:
            break
        before = ((value - alpha[k]) * here - beta[k] * after * (k < last)) / beta[k - 1]
        after, here = here, before
        squares += before * before
        if squares > 1e200:
            after, here, end, squares = (
                after * 1e-100,
                here * 1e-100,
                end * 1e-100,
                squares * 1e-200,
            )
    return beta[last] * end / math.sqrt(squares)
