"""The drawn nomogram: ticks stand where their points are, and one patient can be marked."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from dlr.errors import DlrError
from dlr.figures import plot_nomogram
from dlr.models.nomogram import Nomogram


@pytest.fixture
def nomogram() -> Nomogram:
    return Nomogram.from_coefficients(
        -3.0,
        {"age": (-0.04, 20.0, 80.0), "score": (0.9, -3.0, 3.0)},
        {"leg": {"no": 0.0, "one leg": 0.7, "both legs": 1.6}},
        (-5.0, 3.0),
        labels={"age": "Age of the patient at the time of the first examination (years)"},
        outcome="surgery",
    )


def places(ax) -> dict[str, list[float]]:
    """Return where each text stands, from left to right."""
    found: dict[str, list[float]] = {}
    for item in ax.findobj(matplotlib.text.Text):
        found.setdefault(item.get_text(), []).append(item.get_position()[0])
    return found


def test_levels_stand_at_their_points(nomogram) -> None:
    ax = plot_nomogram(nomogram)
    found = places(ax)
    left, right = min(found["0"]), max(found["100"])
    wanted = dict(zip(nomogram.axes[2].levels, nomogram.axes[2].points, strict=True))
    for level, points in wanted.items():
        assert found[level][0] == pytest.approx(left + points / 100 * (right - left))


def test_probability_stands_at_its_total_points(nomogram) -> None:
    found = places(plot_nomogram(nomogram))
    end = f"{nomogram.total_axis.ticks[-1]:g}"
    left, right = min(found["0"]), max(found[end])
    axis = nomogram.probability_axis
    share = axis.points[axis.ticks.index(0.1)] / nomogram.total_axis.ticks[-1]
    expected = left + share * (right - left)
    assert min(abs(place - expected) for place in found["0.1"]) < 1e-6
    assert any("Probability of" in text for text in found)


def test_one_patient_is_marked(nomogram) -> None:
    case = {"age": 50, "score": 1.0, "leg": "both legs"}
    ax = plot_nomogram(nomogram, case=case)
    assert f"probability {nomogram.probability(case):.2f}" in "".join(places(ax))
    dots = [line for line in ax.lines if line.get_gid() == "case"]
    assert sum(len(line.get_xdata()) for line in dots) == 3 + 2


def test_linear_predictor_on_demand_and_given_axes(nomogram) -> None:
    figure = matplotlib.figure.Figure(figsize=(7, 4))
    ax = figure.add_subplot()
    assert nomogram.plot(ax) is ax
    assert "Linear predictor" not in places(ax)
    assert "Linear predictor" in places(plot_nomogram(nomogram, linear_predictor=True))


def test_two_ticks_on_one_spot_share_their_label() -> None:
    flat = Nomogram.from_coefficients(
        0.0, {"x": (1.0, 0.0, 1.0)}, {"f": {"a": 0.0, "b": 0.0, "c": 0.5}}, (0.0, 1.5)
    )
    assert "a, b" in places(plot_nomogram(flat))


def test_nothing_is_drawn_left_of_zero_points(nomogram) -> None:
    low = Nomogram(nomogram.intercept, nomogram.terms, -30.0, 3.0)
    assert min(low.log_odds_axis.points) < 0
    ax = plot_nomogram(low, linear_predictor=True)
    zero = min(places(ax)["0"])
    spots = np.concatenate([line.get_xdata() for line in ax.lines])
    assert spots.min() == pytest.approx(zero)


def crowd() -> Nomogram:
    """Return a nomogram whose levels nearly coincide, with long names."""
    levels = {f"a rather long level {k}": 0.02 * k for k in range(9)}
    return Nomogram.from_coefficients(
        -1.0,
        {"x": (1.0, 0.0, 3.0)},
        {"grade": levels, "side": {"no": 0.0, "yes, on both sides at once": 2.9}},
        (-1.0, 4.0),
        labels={"grade": "Grade of the degeneration as read by two radiologists together"},
    )


@pytest.mark.parametrize("width", [3.4, 6.9])
def test_nothing_runs_into_anything(width, nomogram, crowded) -> None:
    cases = pd.DataFrame(
        {
            "age": [20, 50, 80, 60],
            "score": [-1.0, 0, 3, np.nan],
            "leg": ["no", "no", "one leg", "no"],
        }
    )
    case = {"age": 20, "score": 3.0, "leg": "both legs"}
    ax = plot_nomogram(nomogram, case=case, distributions=cases, linear_predictor=True, width=width)
    assert crowded(ax.figure) == []
    assert crowded(plot_nomogram(crowd(), width=width).figure) == []


def test_distributions_are_hills_and_squares_by_share(nomogram) -> None:
    cases = pd.DataFrame(
        {"age": [20, 50, 80], "score": [-1.0, 0, 3], "leg": ["no", "no", "one leg"]}
    )
    ax = plot_nomogram(nomogram, distributions=cases)
    squares = [patch for patch in ax.patches if patch.get_gid() == "distribution"]
    areas = sorted(patch.get_width() ** 2 for patch in squares)
    assert areas[1] / areas[0] == pytest.approx(2.0)
    hills = [item for item in ax.collections if item.get_gid() == "distribution"]
    assert len(hills) == 3  # age, score, total points


def test_distributions_need_complete_cases(nomogram) -> None:
    with pytest.raises(DlrError, match="'score'"):
        plot_nomogram(nomogram, distributions=pd.DataFrame({"age": [3.0]}))
    missing = pd.DataFrame({"age": [np.nan], "score": [1.0], "leg": ["no"]})
    with pytest.raises(DlrError, match="no case"):
        plot_nomogram(nomogram, distributions=missing)


def test_one_case_has_a_distribution_too(nomogram, crowded) -> None:
    one = pd.DataFrame({"age": [50.0], "score": [1.0], "leg": ["no"]})
    assert crowded(plot_nomogram(nomogram, distributions=one).figure) == []


def test_a_patient_beyond_the_axes_gets_arrow_heads(nomogram, crowded) -> None:
    ax = plot_nomogram(nomogram, case={"age": 50, "score": 9.0, "leg": "no"})
    marks = [line for line in ax.lines if line.get_gid() == "case"]
    assert ">" in {line.get_marker() for line in marks}
    assert max(max(line.get_xdata()) for line in marks) <= ax.get_xlim()[1]
    assert crowded(ax.figure) == []
