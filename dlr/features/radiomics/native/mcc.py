"""The maximal correlation coefficient of a co-occurrence matrix."""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats


@compiled
def maximal_correlation(matrix: Floats, px: Floats, py: Floats, symmetric: bool) -> float:
    """Return the square root of the second largest eigenvalue of Haralick's Q.

    Q has the squared singular values of ``D(px)^-1/2 P D(py)^-1/2`` as eigenvalues; for a
    symmetric matrix these are the squares of its real eigenvalues, which needs no matrix product.
    One grey level gives 1.
    """
    n = len(px)
    if n < 2:
        return 1.0
    scaled = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if matrix[i, j] > 0:
                scaled[i, j] = matrix[i, j] / math.sqrt(px[i] * py[j])
    if symmetric:
        values = np.abs(np.linalg.eigvalsh(scaled))
        values.sort()
        return float(values[n - 2])
    values = np.linalg.eigvalsh(scaled @ scaled.T)
    return math.sqrt(max(values[n - 2], 0.0))
