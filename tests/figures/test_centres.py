"""The scatter of centres: both stages, every centre named once, shared limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dlr.models.centre_scatter import CentreScatter, centre_scatter
from dlr.models.harmonisation import ComBat


def scatter(centres: int = 3) -> CentreScatter:
    random = np.random.default_rng(0)
    centre = np.array([f"centre {i % centres + 1}" for i in range(60)])
    X = random.normal(size=(60, 6)) + (centre == "centre 2")[:, None] * 3
    frame = pd.DataFrame(X, columns=[f"f{j}" for j in range(6)])
    return centre_scatter(frame, ComBat().fit(frame, centre).transform(frame, centre), centre)


def test_both_stages_are_drawn_with_the_same_limits() -> None:
    result = scatter()
    figure = result.plot()
    before, after = figure.axes
    assert before.get_xlim() == after.get_xlim()
    assert before.get_ylim() == after.get_ylim()
    assert before.get_title().startswith("Before harmonisation\n")
    share = round(100 * result.between["after"])
    assert after.get_title() == f"After ComBat\nvariance between centres: {share} %"
    names = [text.get_text() for text in after.get_legend().get_texts()]
    assert names == ["centre 1 (n = 20)", "centre 2 (n = 20)", "centre 3 (n = 20)"]
    drawn = [len(points.get_offsets()) for points in before.collections]
    assert sorted(drawn) == [1, 1, 1, 20, 20, 20]


def test_it_draws_on_given_axes_and_on_more_centres_than_colours() -> None:
    from dlr.figures._centres import plot_centre_scatter

    figure = Figure()
    axes = figure.subplots(1, 2)
    assert plot_centre_scatter(scatter(9), (axes[0], axes[1])) is figure
    looks = {
        (points.get_facecolor().tobytes(), points.get_paths()[0].vertices.tobytes())
        for points in axes[0].collections[1::2]
    }
    assert len(looks) == 9
