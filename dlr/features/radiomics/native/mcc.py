"""The maximal correlation coefficient of a co-occurrence matrix."""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.first_order import EPSILON

DECIDED_BY_ROUNDING = 1e-6
"""Below this, the squared coefficient is smaller than the rounding of PyRadiomics' eigenvalues."""


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
