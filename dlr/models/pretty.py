"""Round axis values, as R's ``pretty`` chooses them."""

from __future__ import annotations

import math

_ROUNDING = 1e-10
"""Share of a step by which a limit may miss a tick and still count as lying on it."""
_BIAS, _BIAS_FIVE = 1.5, 2.75
"""How strongly larger steps are preferred; R's ``high.u.bias`` and ``u5.bias``."""
_SHRINK = 0.75
"""How much shorter steps become where the range is too small to be divided."""


def pretty(low: float, high: float, n: int = 10) -> list[float]:
    """Return about `n` equal steps of 1, 2 or 5 times a power of ten that cover a range.

    The ticks equal those of R's ``pretty(c(low, high), n)``; they start at or below `low` and end
    at or above `high`.

    Parameters
    ----------
    low, high : float
        Finite, ``low <= high``.
    n : int
        Wanted number of steps; the result may have fewer or more.

    Returns
    -------
    list of float
        Ascending, at least two values.

    References
    ----------
    .. [1] Becker RA, Chambers JM, Wilks AR, The New S Language (1988), ``pretty``.
    """
    step = _step(low, high, n)
    first = math.floor(low / step + _ROUNDING)
    last = math.ceil(high / step - _ROUNDING)
    missing = max(n // 3 - (last - first), 0)
    if missing and first == 0 and low == 0 and high != 0:
        last += missing  # an axis that starts at zero keeps doing so
    elif missing:
        small, large = missing // 2, missing - missing // 2
        first, last = (first - large, last + small) if first >= 0 else (first - small, last + large)
    # Rounded to the digits of the step: 3 * 0.1 is to be 0.3, as people read it.
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(number * step, digits) + 0.0 for number in range(first, last + 1)]


def _step(low: float, high: float, n: int) -> float:
    """Return 1, 2, 5 or 10 times the power of ten at or below the exact step."""
    span, largest = high - low, max(abs(low), abs(high))
    exact = span / n
    if largest == 0:
        exact = _SHRINK / max(n // 3, 1)
    elif span < largest * n * 1e-15:
        exact = largest if largest <= 10 else 9 + largest / 10
        exact *= _SHRINK / max(n // 3, 1)
    unit = 10.0 ** math.floor(math.log10(exact))
    step = unit
    for factor, bias in ((2, _BIAS), (5, _BIAS_FIVE), (10, _BIAS)):
        if factor * unit - exact >= bias * (exact - step):
            break
        step = factor * unit
    return step
