"""Real statistics on small synthetic data, for the figures to draw."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.special import expit

from dlr.results import LassoPath, SelectionTrace

SLACK = 1.0  # points by which boxes may touch: they are a little larger than the ink


@pytest.fixture(scope="session")
def outcome() -> np.ndarray:
    """Return the outcome of 90 cases, a third positive."""
    return (np.arange(90) % 3 == 0).astype(int)


@pytest.fixture(scope="session")
def scores(outcome: np.ndarray) -> dict[str, np.ndarray]:
    """Return log-odds by feature set."""
    random = np.random.default_rng(1)
    signals = {"Clinic": 1.0, "Rad_sag": 0.8, "DLR": 1.6, "Nomogram": 2.0}
    return {
        name: signal * (outcome - 0.5) * 1.5 - 0.7 + random.normal(0, 1, len(outcome))
        for name, signal in signals.items()
    }


@pytest.fixture(scope="session")
def score_table(outcome: np.ndarray, scores: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return a long score table of two cohorts; outcomes of the second are partly unknown."""
    parts = []
    for cohort, estimate in (("training", "out-of-fold"), ("external", "frozen")):
        known = pd.Series(outcome, dtype="float")
        if cohort == "external":
            known.iloc[:10] = np.nan
        for name, values in scores.items():
            columns = {"cohort": cohort, "estimate": estimate, "feature_set": name}
            part = pd.DataFrame({"outcome": known, "score": values, "probability": expit(values)})
            parts.append(part.assign(**columns))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def lasso() -> LassoPath:
    """Return a LASSO path of four features."""
    lambdas = np.exp(np.linspace(-1, -5, 20))
    steps = np.arange(20)[:, None]
    coefficients = np.clip(steps - np.array([2, 6, 10, 19]), 0, None) * [0.1, -0.05, 0.02, 0.3]
    error = 1 + (np.log(lambdas) + 3) ** 2 / 10
    best, spread = int(error.argmin()), np.full(20, 0.05)
    return LassoPath(
        ("a", "b", "c", "d"), lambdas, coefficients, error, spread,
        float(lambdas[best]), float(lambdas[best - 4]), float(lambdas[best]),
    )  # fmt: skip


@pytest.fixture(scope="session")
def trace(lasso: LassoPath) -> SelectionTrace:
    """Return a selection of 25 features, more than fit on a figure."""
    names = [f"sag.rad.original_glcm_Feature{number:02d}" for number in range(25)]
    coefficients = pd.Series(np.linspace(-1, 1.1, 25), index=names)
    frequency = pd.Series(np.linspace(0, 1, 24), index=names[:24])
    return SelectionTrace("Rad_sag", (("extracted", 107),), coefficients, frequency, lasso)


@pytest.fixture(scope="session")
def crowded() -> Callable[[Figure], list[str]]:
    """Return the function that lists texts which overlap or are clipped."""
    return find_crowded


def find_crowded(figure: Figure) -> list[str]:
    """Return what overlaps or is clipped, in words; empty for a clean figure."""
    figure.draw_without_rendering()
    boxes = [(text.get_text(), _corners(text)) for text in _visible(figure)]
    slack = SLACK * figure.dpi / 72
    found = [
        f"{a!r} overlaps {b!r}"
        for (a, one), (b, other) in combinations(boxes, 2)
        if _overlap(one, other) > slack
    ]
    size = np.array(figure.bbox.size)
    found += [
        f"{name!r} is clipped"
        for name, box in boxes
        if (box.min(axis=0) < -slack).any() or (box.max(axis=0) > size + slack).any()
    ]
    return found


def _visible(figure: Figure) -> list[Text]:
    """Return the texts that are drawn; ticks beyond the limits of their axis are not."""
    hidden = set()
    for axis in figure.findobj(Axis):
        shown = {id(tick) for tick in axis._update_ticks()}
        on = axis.get_visible() and axis.axes.axison
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            if id(tick) not in shown or not on:
                hidden |= {id(tick.label1), id(tick.label2)}
        if not on:
            hidden |= {id(axis.label), id(axis.offsetText)}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
        and text.get_gid() != "simulated-stamp"
    ]  # fmt: skip


def _corners(text: Text) -> np.ndarray:
    """Return the four corners of a text's own box, turned as the text is, in pixels."""
    around = Text.get_window_extent(text)
    centre = np.array([(around.x0 + around.x1) / 2, (around.y0 + around.y1) / 2])
    degrees = text.get_rotation()
    text.set_rotation(0)
    plain = Text.get_window_extent(text)
    text.set_rotation(degrees)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [plain.width / 2, plain.height / 2]
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return centre + half @ turn


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return how deep two rectangles lie in each other (separating axis theorem)."""
    depth = np.inf
    for box in (one, other):
        for edge in (box[1] - box[0], box[3] - box[0]):
            length = np.hypot(*edge)
            if length == 0:
                continue
            a, b = one @ edge / length, other @ edge / length
            depth = min(depth, min(a.max(), b.max()) - max(a.min(), b.min()))
    return float(depth)
