"""Numbers as journals print them."""

from __future__ import annotations

import math

DASH = "\N{EN DASH}"


def number(value: float, digits: int = 2) -> str:
    """Return a number with fixed decimals; a dash where it is missing."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}")


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign, a plus too."""
    return f"+{number(value, digits)}" if value > 0 else number(value, digits)


def interval(value: float, low: float, high: float, digits: int = 2) -> str:
    """Return an estimate with its interval: ``0.84 (0.78-0.90)``."""
    if math.isnan(value):
        return DASH
    return f"{number(value, digits)} ({limits(low, high, digits) or 'no interval'})"


def limits(low: float, high: float, digits: int = 2) -> str:
    """Return the limits of an interval, ``0.78-0.90``; nothing where they are missing."""
    if math.isnan(low) and math.isnan(high):
        return ""
    # A dash between negative limits would read as another minus sign.
    joint = " to " if min(low, high) < 0 else DASH
    return f"{number(low, digits)}{joint}{number(high, digits)}"


def with_level(low: float, high: float, level: float) -> str:
    """Return an interval with its name, ``95% CI 0.78-0.90``, or ``no 95% CI``."""
    text = limits(low, high)
    return f"{level:.0%} CI {text}" if text else f"no {level:.0%} CI"


def p_cell(value: float) -> str:
    """Return a P value as in a table: three decimals below 0.1, two above, ``<0.001``."""
    if value is None or math.isnan(value):
        return DASH
    if value < 0.001:
        return "<0.001"
    if value > 0.99:
        return ">0.99"
    return f"{value:.3f}" if value < 0.0995 else f"{value:.2f}"


def p_text(value: float) -> str:
    """Return a P value as in a sentence: ``P = 0.012`` or ``P < 0.001``."""
    cell = p_cell(value)
    if cell[0] in "<>":
        return f"P {cell[0]} {cell[1:]}"
    return f"P = {cell}"


def ratio(value: float) -> str:
    """Return an odds ratio with about three digits."""
    if math.isnan(value) or math.isinf(value):
        return number(value)
    return number(value, 2 if value < 10 else 1 if value < 100 else 0)
