"""Local regression (loess) of degree 2, computed exactly at every point.

Cleveland & Devlin, J Am Stat Assoc 83:596-610 (1988). Equal to R's
``loess(y ~ x, span, degree = 2, control = loess.control(surface = "direct"))``; R's default
interpolates between the vertices of a k-d tree and differs in the third digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlr.stats._validation import FloatArray

_BLOCK = 1_000_000  # entries of one block of weights, 8 MB each

# Share of a column's weighted length that must be left after taking out the lower degrees.
# Below it the neighbours have too few distinct x for that degree, and the degree is dropped.
_RANK = 1e-14


@dataclass(frozen=True, eq=False)
class LoessData:
    """The points of a smooth with equal x merged.

    Attributes
    ----------
    x : ndarray, shape (u,)
        Distinct values, rising.
    count : ndarray, shape (u,)
        Number of points at each.
    mean : ndarray, shape (u,)
        Mean of y at each.
    ranked : ndarray, shape (n,)
        All values of x, rising; decides how far the neighbourhood of a point reaches.
    """

    x: FloatArray
    count: FloatArray
    mean: FloatArray
    ranked: FloatArray

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray) -> LoessData:
        """Merge the points that share an x."""
        distinct, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
        mean = np.bincount(inverse, weights=y) / count
        return cls(distinct, count.astype(np.float64), mean, np.sort(x))


def loess_fit(
    data: LoessData, at: FloatArray, span: float = 0.75, variance: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Evaluate the smooth and the variance of its value.

    Parameters
    ----------
    data : LoessData
    at : ndarray, shape (k,)
        Where to evaluate.
    span : float
        Share of the points that form a neighbourhood, in (0, 1].
    variance : ndarray, shape (u,), optional
        Variance of a single y at each distinct x; zeros when left out.

    Returns
    -------
    fitted, fitted_variance : ndarray, shape (k,)
    """
    fitted, spread = np.empty(len(at)), np.zeros(len(at))
    reach = _bandwidth(data.ranked, at, span)
    rows = max(1, _BLOCK // len(data.x))
    for start in range(0, len(at), rows):
        part = slice(start, start + rows)
        operator = _operator(data, at[part], reach[part])
        fitted[part] = operator @ data.mean
        if variance is not None:
            spread[part] = operator**2 @ (variance / data.count)
    return fitted, spread


def _bandwidth(ranked: FloatArray, at: FloatArray, span: float) -> FloatArray:
    """Return the distance of each point to its q-th nearest neighbour, q = floor(n span)."""
    n = len(ranked)
    q = min(n, max(1, int(n * span + 1e-5)))
    # The q nearest form a window of the ranked values; its best start is where the distances
    # to both ends balance, that is, where first + last passes twice the point.
    ends = ranked[: n - q + 1] + ranked[q - 1 :]
    start = np.searchsorted(ends, 2 * at)
    best = np.full(len(at), np.inf)
    for candidate in (start - 1, start):
        left = np.clip(candidate, 0, n - q)
        best = np.minimum(best, np.maximum(at - ranked[left], ranked[left + q - 1] - at))
    return np.maximum(best, 0.0)


def _operator(data: LoessData, at: FloatArray, reach: FloatArray) -> FloatArray:
    """Return the weights with which the means enter each fitted value, shape (k, u).

    The local quadratic is fitted in a basis made orthogonal step by step (modified
    Gram-Schmidt), which stays accurate where normal equations do not.
    """
    distance = data.x - at[:, None]
    # A neighbourhood without width holds ties at the point itself only: their mean.
    scale = np.where(reach > 0, reach, 1.0)[:, None]
    z = distance / scale
    squared = np.where(reach[:, None] > 0, z**2, np.where(distance == 0, 0.0, 1.0))
    weight = (1 - np.minimum(squared, 1.0) ** 1.5) ** 3 * data.count
    # With very few cases all neighbours may lie on the rim, where the weight is zero.
    lone = weight.sum(1, keepdims=True) == 0
    weight = np.where(lone, (squared <= 1) * data.count, weight)
    total = weight.sum(1, keepdims=True)
    operator = weight / total
    centre = (weight * z).sum(1, keepdims=True) / total
    linear = z - centre
    length = (weight * linear**2).sum(1, keepdims=True)
    kept = length > _RANK * (weight * z**2).sum(1, keepdims=True)
    safe = np.where(kept, length, 1.0)
    linear_at_point = np.where(kept, -centre, 0.0)
    operator = operator + weight * linear * (linear_at_point / safe)
    square = z**2
    offset = (weight * square).sum(1, keepdims=True) / total
    tilt = np.where(kept, (weight * linear * square).sum(1, keepdims=True) / safe, 0.0)
    curved = square - offset - tilt * linear
    bend = (weight * curved**2).sum(1, keepdims=True)
    kept = kept & (bend > _RANK * (weight * square**2).sum(1, keepdims=True))
    curved_at_point = np.where(kept, -offset - tilt * linear_at_point, 0.0)
    return operator + weight * curved * (curved_at_point / np.where(kept, bend, 1.0))
