"""Round axis values as R's ``pretty()`` chooses them, so that nomogram axes equal rms's."""

from __future__ import annotations

import math

_BIAS, _BIAS_5 = 1.5, 0.5 + 1.5 * 1.5
_ROUNDING = 1e-10


def pretty(low: float, high: float, n: int = 5) -> list[float]:
    """Return about `n` + 1 equally spaced round values that cover [low, high].

    Steps are 1, 2, 5 or 10 times a power of ten. The values may reach beyond the range.

    Parameters
    ----------
    low, high : float
        Finite, ``low <= high``.
    n : int
        Wanted number of intervals.

    References
    ----------
    Documentation of R's ``pretty`` (R Core Team): ``high.u.bias = 1.5``,
    ``u5.bias = .5 + 1.5 * high.u.bias``, ``min.n = n %/% 3``.
    """
    unit = _unit(low, high, n)
    first, last = math.floor(low / unit + _ROUNDING), math.ceil(high / unit - _ROUNDING)
    shortfall = n // 3 - (last - first)
    if shortfall > 0:  # too few intervals: widen evenly, upwards first for a positive range
        more, less = (shortfall + 1) // 2, shortfall // 2
        up, down = (less, more) if first >= 0 else (more, less)
        first, last = first - down, last + up
    digits = max(0, 1 - math.floor(math.log10(unit)))
    return [round(k * unit, digits) for k in range(first, last + 1)]


def _unit(low: float, high: float, n: int) -> float:
    """Choose the step."""
    spread = high - low
    size = max(abs(low), abs(high))
    if spread <= size * 1e-14 or spread == 0:  # one value: a step of its own order of magnitude
        cell = (size or 1.0) * 0.75 / max(n // 3, 1)
        if size > 10:
            cell = (9 + size / 10) * 0.75 / max(n // 3, 1)
    else:
        cell = spread / n
    base = 10.0 ** math.floor(math.log10(cell))
    unit = base
    for factor, bias in ((2.0, _BIAS), (5.0, _BIAS_5), (10.0, _BIAS)):
        if factor * base - cell < bias * (cell - unit):
            unit = factor * base
        else:
            break
    return unit
