"""Scores of every case by outcome: boxes with points, and waterfalls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.figures._style import GREY, INK, NEGATIVE, POSITIVE, axes_or_new, styled
from dlr.figures._text import number

if TYPE_CHECKING:
    import pandas as pd


@styled
def plot_scores(
    scores: pd.DataFrame,
    feature_set: str = "DLR",
    ax: Axes | None = None,
    *,
    threshold: float | None = None,
    labels: tuple[str, str] = ("negative", "positive"),
) -> Axes:
    """Draw the predicted probability of every case by outcome, one pair per cohort.

    Parameters
    ----------
    scores : pandas.DataFrame
        The long score table (:data:`dlr.results.SCORE_COLUMNS`).
    feature_set : str
        Which scores to show.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    threshold : float, optional
        Decision threshold on the probability, drawn as a line.
    labels : tuple of str
        What outcome 0 and outcome 1 are called.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on. Cases without a known outcome are drawn grey.
    """
    frame = scores[scores["feature_set"] == feature_set]
    groups = list(frame.groupby(["cohort", "estimate"], sort=False))
    ax = axes_or_new(ax, max(3.35, 1.35 * len(groups) + 0.7), 2.7)
    for index, (_, part) in enumerate(groups):
        classes = part["outcome"].astype("Float64")
        for offset, value, color in ((-0.19, 0, NEGATIVE), (0.19, 1, POSITIVE), (0.0, None, GREY)):
            chosen = classes.isna() if value is None else (classes == value).fillna(False)
            values = part.loc[chosen.to_numpy(dtype=bool), "probability"].to_numpy(dtype=float)
            _cloud(ax, index + offset, values, color)
    if threshold is not None:
        ax.axhline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 1.5)))
        ax.annotate(
            f"threshold\n{threshold:.2f}", (1.01, threshold), xycoords=("axes fraction", "data"),
            ha="left", va="center", fontsize=6.2,
        )  # fmt: skip
    ax.set_xticks(range(len(groups)), [f"{name[0]}\n{name[1]}" for name, _ in groups])
    ax.set(ylim=(-0.03, 1.03), xlim=(-0.6, len(groups) - 0.4), ylabel="Predicted probability")
    for color, label in zip((NEGATIVE, POSITIVE), labels):
        ax.plot([], [], "o", color=color, markersize=4, label=label)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


def _cloud(ax: Axes, x: float, values: np.ndarray, color: str) -> None:
    """Draw a box over points spread sideways by a fixed pattern (no random numbers)."""
    values = np.sort(values[np.isfinite(values)])
    if not len(values):
        return
    golden = (np.arange(len(values)) * 0.61803) % 1.0 - 0.5
    ax.plot(
        x + 0.22 * golden, values, "o", color=color, markersize=2.2, alpha=0.45,
        markeredgewidth=0, rasterized=len(values) > 400,
    )  # fmt: skip
    ax.boxplot(
        values, positions=[x], widths=0.3, showfliers=False, manage_ticks=False,
        boxprops={"color": INK, "linewidth": 0.8}, whiskerprops={"color": INK, "linewidth": 0.8},
        capprops={"linewidth": 0}, medianprops={"color": INK, "linewidth": 1.6},
    )  # fmt: skip


@styled
def plot_waterfall(
    scores: ArrayLike,
    outcome: ArrayLike,
    ax: Axes | None = None,
    *,
    threshold: float = 0.0,
    labels: tuple[str, str] = ("negative", "positive"),
    name: str = "Rad-score",
) -> Axes:
    """Draw the score of every case as a bar from the threshold, lowest first.

    Bars above the line are called positive, bars below negative; a bar of the other colour is a
    wrong call.

    Parameters
    ----------
    scores : array_like, shape (n,)
        One score per case, higher for more likely; cases without one are left out and counted.
    outcome : array_like, shape (n,)
        1 or 0; missing where unknown, drawn grey.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    threshold : float
        Decision threshold on the scale of the scores; bars start from it.
    labels : tuple of str
        What outcome 0 and outcome 1 are called.
    name : str
        What the score is called.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    DlrError
        If there are not as many outcomes as scores.
    """
    values, known = np.asarray(scores, dtype=float), np.asarray(outcome, dtype=float)
    if values.shape != known.shape or values.ndim != 1:
        raise DlrError(
            f"a waterfall needs one outcome per score, got {known.shape} and {values.shape}"
        )
    there = np.isfinite(values)
    left_out = int((~there).sum())
    values, known = values[there] - threshold, known[there]
    order = np.argsort(values, kind="stable")
    values, known = values[order], known[order]
    ax = axes_or_new(ax, height=2.4)
    groups = [(known == 0, NEGATIVE, labels[0]), (known == 1, POSITIVE, labels[1])]
    if np.isnan(known).any():
        groups.append((np.isnan(known), GREY, "unknown"))
    for chosen, color, label in groups:
        _bars(ax, np.flatnonzero(chosen), values[chosen], threshold, color, label)
    ax.axhline(threshold, color=INK, linewidth=0.7, zorder=3)
    # Bars are collections, which do not move the limits by themselves.
    low, high = min(values.min(initial=0), 0), max(values.max(initial=0), 0)
    margin = 0.06 * ((high - low) or 1.0)
    ax.set_ylim(threshold + low - margin, threshold + high + margin)
    ax.set_xlim(-0.5 - 0.01 * len(values), max(len(values), 1) - 0.5 + 0.01 * len(values))
    ax.set_xticks([])
    more = f"; {left_out} without score" if left_out else ""
    ax.set(ylabel=name, xlabel=f"{len(values)} cases by score (line: {number(threshold)}){more}")
    ax.legend(loc="upper left")
    return ax


def _bars(
    ax: Axes, places: np.ndarray, heights: np.ndarray, base: float, color: str, label: str
) -> None:
    left, right = places - 0.42, places + 0.42
    x = np.stack([left, left, right, right], axis=1)
    zero = np.zeros_like(heights)
    y = base + np.stack([zero, heights, heights, zero], axis=1)
    bars = np.stack([x, y], axis=2)
    ax.add_collection(PolyCollection(list(bars), facecolors=color, linewidths=0, label=label))
