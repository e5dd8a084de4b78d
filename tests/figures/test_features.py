"""Correlation clusters, scree plots, clusters of cases: real numbers, odd input."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from dlr import figures
from dlr.errors import DlrError


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    """Return 12 features in three redundant blocks, shuffled, one constant, some missing."""
    random = np.random.default_rng(0)
    blocks = random.normal(size=(50, 3))
    values = blocks[:, np.arange(12) % 3] + random.normal(0, 0.1, (50, 12))
    frame = pd.DataFrame(values, columns=[f"f{k}" for k in range(12)])
    frame["f11"] = 1.0
    frame.loc[3, "f0"] = np.nan
    return frame


def test_alike_features_lie_side_by_side_and_constant_ones_last(features, crowded) -> None:
    ax = figures.plot_correlation(features)
    names = [item.get_text() for item in ax.get_yticklabels()]
    blocks = [int(name[1:]) % 3 for name in names[:-1]]
    assert sum(a != b for a, b in pairwise(blocks)) == 2
    assert names[-1] == "f11"
    drawn = np.asarray(ax.images[0].get_array())
    expected = abs(spearmanr(features[names[1]], features[names[2]]).statistic)
    if "f0" not in names[1:3]:
        assert drawn[1, 2] == pytest.approx(expected)
    assert crowded(ax.figure) == []


def test_clusters_before_and_after(features, crowded) -> None:
    figure = figures.plot_correlation_clusters(features, ["f0", "f1", "f2"])
    before, after = figure.axes[:2]
    assert before.get_xlabel() == "12 features"
    assert np.asarray(after.images[0].get_array()).shape == (3, 3)
    assert crowded(figure) == []
    with pytest.raises(DlrError, match="'nothing'"):
        figures.plot_correlation_clusters(features, ["nothing"])


@pytest.mark.parametrize("columns", [["f0"], ["f11"], ["f0", "f11"]])
def test_correlation_of_little(columns, features, crowded) -> None:
    assert crowded(figures.plot_correlation(features[columns]).figure) == []
    with pytest.raises(DlrError, match="three cases"):
        figures.plot_correlation(features[columns].head(2))


def test_scree_names_what_is_kept(crowded) -> None:
    shares = 0.5 ** np.arange(1, 60)
    ax = figures.plot_scree(shares, kept=2)
    assert "2 kept: 75% of the variance)\n19 more not shown" in ax.get_xlabel()
    assert len(ax.patches) == 40
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.cumsum(shares[:40]))
    assert crowded(ax.figure) == []


def test_scree_of_one_component_and_of_what_is_none(crowded) -> None:
    assert crowded(figures.plot_scree([1.0]).figure) == []
    for wrong in ([], [2.0, 1.0], [np.nan]):
        with pytest.raises(DlrError):
            figures.plot_scree(wrong)


def test_clusters_find_two_groups_of_cases(crowded) -> None:
    random = np.random.default_rng(1)
    group = np.arange(40) % 2
    values = pd.DataFrame(random.normal(size=(40, 8)) + 4 * group[:, None])
    ax = figures.plot_feature_clusters(values, group, labels=("none", "surgery"))
    legend = [item.get_text() for item in ax.get_legend().get_texts()]
    assert {text.split(": ")[1] for text in legend[:2]} == {
        "20, 0% surgery", "20, 100% surgery",
    }  # fmt: skip
    assert sum(len(item.get_offsets()) for item in ax.collections) == 40
    assert len(ax.patches) == 2
    assert crowded(ax.figure) == []


def test_clusters_of_odd_input(crowded) -> None:
    known = np.array([0, 1, np.nan, 1.0])
    one = pd.DataFrame({"a": [1.0, 1.0, 2.0, np.nan]})
    assert crowded(figures.plot_feature_clusters(one, known, clusters=5).figure) == []
    unknown = np.full(4, np.nan)
    assert crowded(figures.plot_feature_clusters(one, unknown, clusters=1).figure) == []


def test_clusters_refuse_what_has_none() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    for table, outcome, clusters, message in (
        (frame, [0, 1, 1], 0, "from 1 to 7"),
        (frame, [0, 1], 2, "outcomes of shape"),
        (frame.head(2), [0, 1], 2, "three cases"),
        (frame * 0 + 5, [0, 1, 1], 2, "no feature varies"),
    ):
        with pytest.raises(DlrError, match=message):
            figures.plot_feature_clusters(table, outcome, clusters=clusters)
