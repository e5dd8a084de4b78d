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

TOLERANCE = 1e-10
"""Largest residual that is left; the error of an eigenvalue is smaller, about its square."""
EXHAUSTED = 1e-14
FIRST_CHECK, CHECK_EVERY = 6, 6


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
    rows, columns, values = _entries(matrix)
    most = 4 * n + 20  # without rounding, n would do
    alpha, beta = np.zeros(most), np.zeros(most)
    before = np.zeros(n)
    # a start that shares no symmetry with the matrix
    here = (0.5 + (np.arange(n) * 0.6180339887498949) % 1.0).astype(np.float64)
    _remove(here, known)
    norm = math.sqrt((here * here).sum())
    if norm < TOLERANCE:
        return 0.0
    here /= norm
    result, step = 0.0, 0.0
    for k in range(most):
        image = _product(rows, columns, values, here, n)
        image -= step * before
        alpha[k] = (image * here).sum()
        image -= alpha[k] * here
        _remove(image, known)
        step = math.sqrt((image * image).sum())
        beta[k] = step
        last = k == most - 1 or step < EXHAUSTED
        if last or (k >= FIRST_CHECK and k % CHECK_EVERY == 0):
            result, settled = _extreme(alpha[: k + 1], beta[: k + 1])
            if last or settled:
                return result
        before, here = here, image / step
    return result


@compiled
def _entries(
    matrix: Floats,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Return the places and values that are not zero; `rows` holds where each row starts."""
    n = len(matrix)
    rows = np.zeros(n + 1, np.int64)
    columns = np.empty(n * n, np.int64)
    values = np.empty(n * n)
    used = 0
    for i in range(n):
        for j in range(n):
            if matrix[i, j] != 0:
                columns[used], values[used] = j, matrix[i, j]
                used += 1
        rows[i + 1] = used
    return rows, columns[:used], values[:used]


@compiled
def _product(
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    values: Floats,
    vector: Floats,
    n: int,
) -> Floats:
    result = np.empty(n)
    for i in range(n):
        total = 0.0
        for place in range(rows[i], rows[i + 1]):
            total += values[place] * vector[columns[place]]
        result[i] = total
    return result


@compiled
def _remove(vector: Floats, known: Floats) -> None:
    """Take away the part along `known`, in place."""
    part = 0.0
    for i in range(len(vector)):
        part += vector[i] * known[i]
    for i in range(len(vector)):
        vector[i] -= part * known[i]


@compiled
def _extreme(alpha: Floats, beta: Floats) -> tuple[float, bool]:
    """Return the largest absolute eigenvalue of a tridiagonal matrix, and whether it is settled.

    Settled: its residual is small, and the other end of the spectrum cannot overtake it.
    """
    high = _end(alpha, beta, 1.0)
    low = _end(-alpha, beta, 1.0)
    high_residual = _residual(alpha, beta, high)
    low_residual = _residual(-alpha, beta, low)
    if high < low:
        high, low, high_residual, low_residual = low, high, low_residual, high_residual
    settled = high_residual < TOLERANCE and (low_residual < TOLERANCE or low + low_residual < high)
    return max(high, 0.0), settled


@compiled
def _end(alpha: Floats, beta: Floats, bound: float) -> float:
    """Return the largest eigenvalue by bisection on the number of larger ones (Sturm)."""
    low, high = -bound - 1e-9, bound + 1e-9
    for _ in range(60):
        middle = 0.5 * (low + high)
        pivot = alpha[0] - middle
        larger = pivot > 0
        for k in range(1, len(alpha)):
            if larger:
                break
            if pivot == 0:
                pivot = -1e-300
            pivot = alpha[k] - middle - beta[k - 1] * beta[k - 1] / pivot
            larger = pivot > 0
        if larger:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


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
