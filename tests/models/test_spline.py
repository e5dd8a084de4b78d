"""Restricted cubic splines: smooth inside, straight outside, knots as Hmisc places them."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.errors import DlrError
from dlr.models.spline import spline_basis, spline_knots

KNOTS = (2.0, 4.0, 5.0, 9.0)


def test_straight_beyond_the_outer_knots() -> None:
    for x in (np.array([-8.0, -4.0, 0.0]), np.array([10.0, 14.0, 18.0])):
        second = np.diff(spline_basis(x, KNOTS), n=2, axis=0)
        np.testing.assert_allclose(second, 0, atol=1e-10)


@pytest.mark.parametrize("knot", KNOTS)
def test_smooth_at_the_knots(knot) -> None:
    step = 1e-4
    around = spline_basis(knot + step * np.array([-2, -1, 0, 1, 2]), KNOTS)
    curvature = np.diff(around, n=2, axis=0) / step**2
    np.testing.assert_allclose(curvature[0], curvature[2], atol=1e-2)


def test_no_knots_is_a_straight_line() -> None:
    np.testing.assert_array_equal(spline_basis([1.0, 2.0], ()), [[1.0], [2.0]])


def test_knots_at_hmisc_quantiles(reference_root) -> None:
    # Hmisc::rcspline.eval(birthwt$lwt, nk = 4, knots.only = TRUE)
    weights = np.genfromtxt(
        reference_root / "data" / "birthwt.csv", delimiter=",", names=True, dtype=None
    )["lwt"]
    assert spline_knots(weights, 4) == pytest.approx((94.4, 115.0, 130.2, 188.2))


def test_few_values_move_the_outer_knots_inwards() -> None:
    knots = spline_knots(np.arange(50.0), 3)
    assert knots == (4.0, 24.5, 45.0)


def test_too_few_distinct_values() -> None:
    with pytest.raises(DlrError, match="2 distinct values cannot hold 3 distinct knots"):
        spline_knots([0.0, 1.0] * 60, 3)
    with pytest.raises(DlrError, match="3 to 7 knots, got 2"):
        spline_knots(np.arange(50.0), 2)
