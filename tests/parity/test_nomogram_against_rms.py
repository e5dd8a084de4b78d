"""Axes, points and probabilities equal rms::nomogram on MASS::birthwt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlr.models.nomogram import Nomogram

PLAIN = ["age", "lwt", "race", "smoke", "ptl_any", "ht", "ui"]
SPLINE = ["lwt", "race", "smoke", "ptl_any", "ht"]
CLOSED = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def birthwt(reference_table) -> pd.DataFrame:
    frame = reference_table("birthwt")
    for column in ("smoke", "ht", "ui", "ptl_any"):
        frame[column] = frame[column].map({0: "no", 1: "yes"})
    return frame


@pytest.fixture(scope="module", params=["birthwt", "birthwt_rcs"])
def pair(request, reference, birthwt) -> tuple[Nomogram, dict[str, Any]]:
    """The same nomogram by dlr and by rms: straight lines, and a spline with four knots."""
    expected = reference("nomogram")[request.param]
    spline = request.param == "birthwt_rcs"
    nomogram = Nomogram.fit(
        birthwt,
        "low",
        SPLINE if spline else PLAIN,
        splines={"lwt": 4} if spline else None,
        references={"race": "white"},
        risks=expected["risk_axis"]["risk_requested"],
    )
    return nomogram, expected


def test_scale_and_origin(pair) -> None:
    nomogram, expected = pair
    np.testing.assert_allclose(nomogram.scale, expected["sc_points_per_lp"], **CLOSED)
    np.testing.assert_allclose(nomogram.origin, expected["intercept_lp_at_zero_points"], **CLOSED)


def test_axes_of_the_variables(pair) -> None:
    nomogram, expected = pair
    for axis in nomogram.axes:
        wanted = expected["variables"][axis.variable]
        order = range(len(axis.ticks))
        if axis.levels:
            order = [wanted["values"].index(level) for level in axis.levels]
        else:
            np.testing.assert_array_equal(axis.ticks, wanted["values"])
        points = [wanted["points"][position] for position in order]
        np.testing.assert_allclose(axis.points, points, **CLOSED)


def test_result_axes(pair) -> None:
    nomogram, expected = pair
    np.testing.assert_array_equal(nomogram.total_axis.ticks, expected["total_points_axis"])
    np.testing.assert_array_equal(nomogram.log_odds_axis.ticks, expected["lp_axis"]["lp"])
    points = expected["lp_axis"]["total_points"]
    np.testing.assert_allclose(nomogram.log_odds_axis.points, points, **CLOSED)
    risk = nomogram.probability_axis
    np.testing.assert_array_equal(risk.ticks, expected["risk_axis"]["risk"])
    exact = expected["risk_axis"]["total_points_exact"][: len(risk.ticks)]
    np.testing.assert_allclose(risk.points, exact, **CLOSED)
    # rms itself interpolates among 1,000 points, hence its own axis is a little off.
    np.testing.assert_allclose(risk.points, expected["risk_axis"]["total_points"], atol=1e-3)


def test_points_and_probabilities_of_patients(pair, birthwt) -> None:
    nomogram, expected = pair
    examples = expected["examples"]
    rows = birthwt.iloc[examples["row0"]]
    points = nomogram.points(rows)
    for name in points:
        np.testing.assert_allclose(points[name], examples["points"][name], **CLOSED)
    np.testing.assert_allclose(nomogram.total_points(rows), examples["total_points"], **CLOSED)
    np.testing.assert_allclose(nomogram.probability(rows), examples["risk"], **CLOSED)
    total = nomogram.total_points(birthwt)
    extremes = expected["total_points_range_in_data"]
    np.testing.assert_allclose([total.min(), total.max()], extremes, **CLOSED)


def test_probability_along_the_total_points_axis(pair) -> None:
    nomogram, expected = pair
    grid = expected["risk_at_total_points_grid"]
    risks = [nomogram.probability_at(total) for total in grid["total_points"]]
    np.testing.assert_allclose(risks, grid["risk"], **CLOSED)


def test_default_risk_axis_is_pretty(birthwt) -> None:
    # rms::nomogram(lrm(low ~ age + lwt + smoke + race), fun = plogis); its own risk positions
    # are interpolated, hence 1e-4.
    nomogram = Nomogram.fit(
        birthwt, "low", ["age", "lwt", "smoke", "race"], references={"race": "white"}
    )
    np.testing.assert_allclose(nomogram.scale, 44.35338168, rtol=1e-8)
    np.testing.assert_allclose(nomogram.origin, -3.935743658, rtol=1e-8)
    risk = nomogram.probability_axis
    assert risk.ticks == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    wanted = [77.109139, 113.076648, 136.982999, 156.579791, 174.563541, 192.547291, 212.144082]
    np.testing.assert_allclose(risk.points, wanted, atol=1e-4)
