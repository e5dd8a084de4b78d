"""Recursive Gaussian smoothing and second derivative along one axis (Deriche, 1993).

Farnebäck and Westin (2006) give the constants; ITK's ``RecursiveGaussianImageFilter`` is the
implementation whose numbers are matched, term by term.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Two damped cosines each: frequency and decay are shared, weights depend on the derivative.
FREQUENCIES = (0.6681, 2.0787)
DECAYS = (-1.3932, -1.3732)
SMOOTH = ((1.3530, 1.8151), (-0.3531, 0.0902))
SECOND = ((-1.3563, 5.2318), (0.3446, -2.2355))


@lru_cache(maxsize=256)
def smoothing(sigma: float, spacing: float) -> Floats:
    """Return the coefficients of Gaussian smoothing; `sigma` and `spacing` in mm."""
    width = sigma / spacing
    d, (sd, _, _) = _denominator(width)
    n, (sn, _, _) = _numerator(width, SMOOTH)
    alpha = 2 * sn / sd - n[0]
    return _coefficients([value * (1.0 / alpha) for value in n], d)


@lru_cache(maxsize=256)
def second_derivative(sigma: float, spacing: float) -> Floats:
    """Return the coefficients of sigma² times the second derivative of a Gaussian."""
    width = sigma / spacing
    d, (sd, dd, ed) = _denominator(width)
    n0, (sn0, dn0, en0) = _numerator(width, SMOOTH)
    n2, (sn2, dn2, en2) = _numerator(width, SECOND)
    beta = -(2 * sn2 - sd * n2[0]) / (2 * sn0 - sd * n0[0])
    n = [b + beta * a for a, b in zip(n0, n2)]
    sn, dn, en = sn2 + beta * sn0, dn2 + beta * dn0, en2 + beta * en0
    alpha = en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn
    alpha /= sd * sd * sd
    return _coefficients([value * (sigma * sigma / alpha) for value in n], d)


def _denominator(width: float) -> tuple[list[float], tuple[float, float, float]]:
    """Return the recursive coefficients, and their sums weighted by 1, k, k²."""
    cos1, cos2 = (math.cos(frequency / width) for frequency in FREQUENCIES)
    exp1, exp2 = (math.exp(decay / width) for decay in DECAYS)
    d4 = exp1 * exp1 * exp2 * exp2
    d3 = -2 * cos1 * exp1 * exp2 * exp2
    d3 += -2 * cos2 * exp2 * exp1 * exp1
    d2 = 4 * cos2 * cos1 * exp1 * exp2
    d2 += exp1 * exp1 + exp2 * exp2
    d1 = -2 * (exp2 * cos2 + exp1 * cos1)
    sums = (
        1.0 + d1 + d2 + d3 + d4,
        d1 + 2 * d2 + 3 * d3 + 4 * d4,
        d1 + 4 * d2 + 9 * d3 + 16 * d4,
    )
    return [d1, d2, d3, d4], sums


def _numerator(
    width: float, weights: tuple[tuple[float, float], tuple[float, float]]
) -> tuple[list[float], tuple[float, float, float]]:
    """Return the direct coefficients, and their sums weighted by 1, k, k²."""
    (a1, b1), (a2, b2) = weights
    sin1, sin2 = (math.sin(frequency / width) for frequency in FREQUENCIES)
    cos1, cos2 = (math.cos(frequency / width) for frequency in FREQUENCIES)
    exp1, exp2 = (math.exp(decay / width) for decay in DECAYS)
    n0 = a1 + a2
    n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2)
    n1 += exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
    n2 = (a1 + a2) * cos2 * cos1
    n2 -= b1 * cos2 * sin1 + b2 * cos1 * sin2
    n2 *= 2 * exp1 * exp2
    n2 += a2 * exp1 * exp1 + a1 * exp2 * exp2
    n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2)
    n3 += exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
    sums = (n0 + n1 + n2 + n3, n1 + 2 * n2 + 3 * n3, n1 + 4 * n2 + 9 * n3)
    return [n0, n1, n2, n3], sums


def _coefficients(n: list[float], d: list[float]) -> Floats:
    """Return rows: forward, backward, recursive, and the two rows for the edges."""
    m = [n[1] - d[0] * n[0], n[2] - d[1] * n[0], n[3] - d[2] * n[0], -d[3] * n[0]]
    sn, sm, sd = (
        n[0] + n[1] + n[2] + n[3],
        m[0] + m[1] + m[2] + m[3],
        1.0 + d[0] + d[1] + d[2] + d[3],
    )
    forward_edge = [value * sn / sd for value in d]
    backward_edge = [value * sm / sd for value in d]
    rows = np.array([n, m, d, forward_edge, backward_edge])
    rows.flags.writeable = False  # kept and shared
    return rows
