"""Forest plots: AUCs of feature sets and odds ratios of variables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dlr.figures._style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILLION,
    axes_or_new,
    styled,
)  # fmt: skip
from dlr.figures._text import DASH, interval, ratio

if TYPE_CHECKING:
    import pandas as pd

    from dlr.results import CohortEvaluation
    from dlr.stats import LogisticTable

_MOST = 15  # clinical variables on the ranking, apart from those chosen
_MARKERS = (("o", BLUE), ("s", VERMILLION), ("D", GREEN), ("^", PURPLE), ("v", ORANGE))


@styled
def plot_auc_forest(
    evaluations: Sequence[CohortEvaluation], ax: Axes | None = None, *, level: float = 0.95
) -> Axes:
    """Draw the AUC of every feature set with its interval, side by side for each cohort.

    Apparent values are drawn hollow: they were judged on the cases they were fitted on.

    Parameters
    ----------
    evaluations : sequence of CohortEvaluation
        Cohorts (and estimates) to show.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    level : float
        Confidence level of the intervals (DeLong).

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    names = list(dict.fromkeys(name for item in evaluations for name in item.models))
    rows = sum(len(item.models) for item in evaluations)
    ax = axes_or_new(ax, 5.0, 0.75 + 0.17 * rows + 0.12 * len(names))
    step = 0.8 / max(len(evaluations), 1)
    for index, evaluation in enumerate(evaluations):
        marker, color = _MARKERS[index % len(_MARKERS)]
        face = "white" if evaluation.estimate == "apparent" else color
        label = f"{evaluation.cohort}, {evaluation.estimate}"
        for name, model in evaluation.models.items():
            auc = model.roc.auc
            limits = auc.confidence_interval(level)
            y = names.index(name) - 0.4 + step * (index + 0.5)
            ax.plot([limits.low, limits.high], [y, y], color=color, linewidth=1.1)
            ax.plot(
                auc.value, y, marker, color=color, markerfacecolor=face, markersize=4, label=label
            )
            text = interval(auc.value, limits.low, limits.high)
            _margin_text(ax, y, text)
            label = "_" + label
    ax.axvline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    _rows(ax, names)
    ax.set_xlim(right=1.01)
    ax.set_xlabel(f"AUC with {level:.0%} confidence interval")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.1, 1.0), ncols=3, columnspacing=1.2)
    return ax


@styled
def plot_odds_ratios(
    table: LogisticTable, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None
) -> Axes:
    """Draw odds ratios with their intervals on a logarithmic axis.

    Right of 1 means more likely to have the outcome. Intervals wider than the axis end in an
    arrow; an infinite or missing estimate is named in the margin and not drawn.

    Parameters
    ----------
    table : LogisticTable
        Univariate or multivariable logistic regression.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    labels : mapping of str to str, optional
        What variables are called; their names where left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    frame = table.to_frame()
    frame = frame[frame["odds_ratio"].notna()].reset_index(drop=True)
    ax = axes_or_new(ax, 6.0, 0.7 + 0.18 * max(len(frame), 1))
    finite = frame[["low", "high"]].replace([np.inf, 0], np.nan)
    left = max(float(finite["low"].min()), 1 / 100) if finite["low"].notna().any() else 0.1
    right = min(float(finite["high"].max()), 100.0) if finite["high"].notna().any() else 10.0
    left, right = min(left, 0.8) / 1.15, max(right, 1.25) * 1.15
    for y, row in enumerate(frame.to_dict("records")):
        _odds_row(ax, y, row, left, right)
    ax.axvline(1, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    # Marks at 2 and 5 too where there is room for them.
    subs = (1.0, 2.0, 5.0) if right / left < 300 else (1.0,)
    ax.set_xscale("log")
    ax.set_xlim(left, right)
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=9))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _rows(ax, [_term(row, labels or {}) for row in frame.to_dict("records")])
    ax.set_xlabel("Odds ratio (logarithmic scale)")
    return ax


def _term(row: dict[Hashable, object], labels: Mapping[str, str]) -> str:
    name = str(row["variable"])
    level = f": {row['level']} vs {row['reference']}" if row["level"] else ""
    return f"{labels.get(name, name)}{level}"


def _odds_row(ax: Axes, y: int, row: dict[Hashable, object], left: float, right: float) -> None:
    value, low, high = (float(str(row[key])) for key in ("odds_ratio", "low", "high"))
    if low != low or high != high:
        _margin_text(ax, y, f"{ratio(value)} (no interval)")
        return
    _margin_text(ax, y, f"{ratio(value)} ({ratio(low)}{DASH}{ratio(high)})")
    start, end = max(low, left), min(high, right)
    ax.plot([start, end], [y, y], color=BLUE, linewidth=1.1)
    if low < left:
        ax.plot(left, y, "<", color=BLUE, markersize=4, clip_on=False)
    if high > right:
        ax.plot(right, y, ">", color=BLUE, markersize=4, clip_on=False)
    if left <= value <= right:
        ax.plot(value, y, "s", color=BLUE, markersize=4)


def _margin_text(ax: Axes, y: float, text: str) -> None:
    ax.annotate(
        text, (1.03, y), xycoords=("axes fraction", "data"), va="center", fontsize=6.5, color=INK
    )


def _rows(ax: Axes, names: Sequence[str]) -> None:
    """Put one name per row, first on top, and no line on the left."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    for y in np.arange(0.5, len(names) - 1):
        ax.axhline(y, color="#EEEEEE", linewidth=0.7, zorder=0)


@styled
def plot_clinical_ranking(ranking: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the single-variable AUC of each clinical variable, those chosen filled.

    Parameters
    ----------
    ranking : pandas.DataFrame
        Columns ``variable``, ``auc`` and ``chosen`` (bool).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    frame = ranking.sort_values("auc", ascending=False, kind="stable")
    # Those chosen, and the best of the rest.
    shown = frame["chosen"].astype(bool) | (np.arange(len(frame)) < _MOST)
    hidden = int((~shown).sum())
    frame = frame[shown]
    ax = axes_or_new(ax, 5.0, 0.7 + 0.19 * max(len(frame), 1))
    for y, (auc, chosen) in enumerate(zip(frame["auc"], frame["chosen"])):
        ax.plot([0.5, auc], [y, y], color=BLUE if chosen else GREY, linewidth=1.1)
        face = BLUE if chosen else "white"
        ax.plot(auc, y, "o", color=BLUE if chosen else GREY, markerfacecolor=face, markersize=4)
        _margin_text(ax, y, f"{auc:.2f}")
    _rows(ax, [str(name) for name in frame["variable"]])
    ax.axvline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    more = f"\n{hidden} lower ones not shown" if hidden else ""
    ax.set_xlabel(f"AUC of the variable alone (filled: chosen){more}")
    return ax
