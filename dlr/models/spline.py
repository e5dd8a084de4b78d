"""Restricted cubic splines: smooth curves that are straight beyond the outer knots."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError

FEW = 100
"""With fewer values the outer knots are the fifth smallest and fifth largest value."""


def spline_knots(values: ArrayLike, count: int) -> tuple[float, ...]:
    """Place knots at equally spaced quantiles, as ``Hmisc::rcspline.eval`` does.

    Parameters
    ----------
    values : array_like of shape (n,)
        Finite numbers.
    count : int
        Number of knots, 3 to 7.

    Returns
    -------
    tuple of float
        Ascending. The outer quantiles are 0.10 and 0.90 for 3 knots, 0.05 and 0.95 for 4 to 6,
        0.025 and 0.975 for 7.

    Raises
    ------
    DlrError
        If `count` is out of range or the values are too few or too tied for distinct knots.
    """
    if not 3 <= count <= 7:
        raise DlrError(f"a restricted cubic spline needs 3 to 7 knots, got {count}")
    x = np.sort(np.asarray(values, dtype=float))
    outer = {3: 0.1, 7: 0.025}.get(count, 0.05)
    distinct = len(np.unique(x))
    knots = np.quantile(x, np.linspace(outer, 1 - outer, count)) if x.size else np.zeros(count)
    if 10 <= x.size < FEW:
        knots[0], knots[-1] = x[4], x[-5]
    if distinct < count or (np.diff(knots) <= 0).any():
        raise DlrError(
            f"{distinct} distinct values cannot hold {count} distinct knots; "
            "use fewer knots or a straight line"
        )
    return tuple(float(knot) for knot in knots)


def spline_basis(values: ArrayLike, knots: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the columns whose weighted sum is a restricted cubic spline.

    Parameters
    ----------
    values : array_like of shape (n,)
    knots : tuple of float
        Ascending, k of them; empty for a straight line.

    Returns
    -------
    ndarray of shape (n, max(k - 1, 1))
        The values themselves, then k - 2 truncated cubics divided by the squared distance of the
        outer knots, so that all columns have the unit of the values.

    References
    ----------
    .. [1] Harrell FE, Regression Modeling Strategies, 2nd ed. (2015), section 2.4.5.
    """
    x = np.asarray(values, dtype=float)
    columns = [x]
    if knots:
        last, before = knots[-1], knots[-2]
        for knot in knots[:-2]:
            cubic = (
                _cube(x - knot)
                - _cube(x - before) * (last - knot) / (last - before)
                + _cube(x - last) * (before - knot) / (last - before)
            )
            columns.append(cubic / (last - knots[0]) ** 2)
    return np.stack(columns, axis=-1)


def _cube(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(distance, 0.0) ** 3)
