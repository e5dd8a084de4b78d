"""Axis values are those of R's ``pretty(c(low, high), n)``, by its documented rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlr.models.pretty import pretty


@pytest.mark.parametrize(
    ("low", "high", "n", "expected"),
    [
        (0, 100, 10, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        (14, 45, 10, [10, 15, 20, 25, 30, 35, 40, 45]),
        (80, 250, 10, [80, 100, 120, 140, 160, 180, 200, 220, 240, 260]),
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 0.3, 10, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]),
        (1, 10, 5, [0, 2, 4, 6, 8, 10]),
        (-1, 1, 5, [-1, -0.5, 0, 0.5, 1]),
        (0, 258.5278, 10, [20.0 * step for step in range(14)]),
        (-3.9, 1.9, 10, [-4 + 0.5 * step for step in range(13)]),
    ],
)
def test_values_of_well_known_ranges(low, high, n, expected) -> None:
    assert pretty(low, high, n) == pytest.approx(expected, abs=1e-12)


def test_ticks_are_the_numbers_people_write() -> None:
    assert pretty(0, 0.3, 3) == [0.0, 0.1, 0.2, 0.3]
    assert pretty(-1e-5, 3e-5, 4) == [-1e-5, 0.0, 1e-5, 2e-5, 3e-5]


@pytest.mark.parametrize("value", [0.0, 5.0, -12.3, 1e-9, 1e6])
def test_a_single_value_gets_an_axis_around_it(value) -> None:
    ticks = pretty(value, value)
    assert ticks[0] <= value <= ticks[-1]
    assert len(ticks) >= 2


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 20))
def test_ticks_cover_the_range_in_equal_round_steps(low, span, n) -> None:
    high = low + span
    ticks = pretty(low, high, n)
    step = ticks[1] - ticks[0]
    slack = 1e-9 * step + 1e-12 * max(abs(low), abs(high))
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert ticks[1] > low - slack
    assert ticks[-2] < high + slack
    assert n / 3 - 1 <= len(ticks) - 1 <= 2 * n + 2
    leading = float(f"{step:.6e}".split("e")[0])
    assert min(abs(leading - digit) for digit in (1, 2, 5, 10)) < 1e-3
