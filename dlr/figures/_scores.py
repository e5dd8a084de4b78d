"""Scores by outcome, and confusion matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import GREY, INK, NEGATIVE, POSITIVE, axes_or_new, styled

if TYPE_CHECKING:
    import pandas as pd

    from dlr.stats import ClassificationMetrics


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
            f"threshold {threshold:.2f}", (1, threshold), xycoords=("axes fraction", "data"),
            ha="right", va="bottom", fontsize=6.2,
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
def plot_confusion(
    metrics: ClassificationMetrics,
    ax: Axes | None = None,
    *,
    labels: tuple[str, str] = ("negative", "positive"),
) -> Axes:
    """Draw the confusion matrix: counts, and shares of each true class.

    Parameters
    ----------
    metrics : ClassificationMetrics
        Counts at one threshold.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    labels : tuple of str
        What outcome 0 and outcome 1 are called.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, 2.6, 2.3)
    counts = np.array(
        [
            [metrics.true_negative, metrics.false_positive],
            [metrics.false_negative, metrics.true_positive],
        ]
    )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for row, column in np.ndindex(2, 2):
        share = shares[row, column]
        ax.text(
            column, row, f"{counts[row, column]}\n{share:.0%}", ha="center", va="center",
            color="white" if share > 0.6 else INK,
        )  # fmt: skip
    ax.set_xticks([0, 1], labels)
    ax.set_yticks([0, 1], labels, rotation=90, va="center")
    ax.set(xlabel=f"Predicted (threshold {metrics.threshold:.2f})", ylabel="True")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
