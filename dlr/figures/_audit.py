"""The optimism audit: what each way of judging reports on the same data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axes_or_new,
    styled,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from dlr.results import OptimismAudit

_LOOKS = {
    ("published", "apparent"): ("s", VERMILLION, "published: apparent"),
    ("published", "cross-validated"): ("^", ORANGE, "published: cross-validated after selection"),
    ("published", "bootstrap-corrected"): ("D", PURPLE, "published: bootstrap-corrected"),
    ("sound", "nested"): ("o", BLUE, "sound: nested cross-validation"),
}


@styled
def plot_optimism(audit: OptimismAudit, ax: Axes | None = None) -> Axes:
    """Draw the AUC of every feature set under each way of judging, one row per feature set.

    Hollow marks are the same ways of judging on shuffled outcomes, the mean over the runs: what
    lies above the dotted line, chance, on average inflates; few cases or runs scatter. Whiskers
    are 95 % confidence intervals (DeLong).

    Parameters
    ----------
    audit : OptimismAudit
        Both protocols on the same data.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    names = list(dict.fromkeys(audit.table["feature_set"]))
    looks = _looks(audit.table)
    ax = axes_or_new(ax, 6.0, 1.1 + (0.12 + 0.085 * len(looks)) * len(names))
    step = 0.8 / len(looks)
    labelled: set[tuple[str, str]] = set()
    for row in audit.table.itertuples():
        key = (str(row.protocol), str(row.estimate))
        marker, color, label = looks[key]
        y = names.index(str(row.feature_set)) - 0.4 + step * (list(looks).index(key) + 0.5)
        value, low, high = (float(str(item)) for item in (row.auc, row.low, row.high))
        if np.isfinite(low):
            ax.plot([low, high], [y, y], color=color, linewidth=1.0)
        shown = "_" + label if key in labelled else label
        ax.plot([value], [y], marker, color=color, markersize=4, label=shown, linestyle="none")
        labelled.add(key)
    for row in audit.permuted.itertuples():
        key = (str(row.protocol), str(row.estimate))
        marker, color, _ = looks[key]
        y = names.index(str(row.feature_set)) - 0.4 + step * (list(looks).index(key) + 0.5)
        ax.plot(
            [float(str(row.auc))], [y], marker, color=color, markerfacecolor="white", markersize=3.6
        )
    ax.axvline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    _rows(ax, names)
    ax.set_xlim(right=1.01)
    ax.set_xlabel("AUC (hollow: with shuffled outcomes)")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.15, 1.0), ncols=2, columnspacing=1.2)
    return ax


@styled
def plot_selection_frequency(
    frequency: pd.Series, ax: Axes | None = None, *, most: int = 20
) -> Axes:
    """Draw how often resamples selected each feature.

    Parameters
    ----------
    frequency : pandas.Series
        Share of the resamples, by feature.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    most : int
        The most frequent ones that are drawn.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    shown = frequency.sort_values(ascending=False, kind="stable").head(most)
    ax = axes_or_new(ax, 5.0, 0.6 + 0.16 * max(len(shown), 1))
    ax.barh(range(len(shown)), shown.to_numpy(), color=SKY, height=0.65)
    ax.set_yticks(range(len(shown)), [str(name) for name in shown.index], fontsize=6)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    left = len(frequency) - len(shown)
    more = f" ({left} rarer ones not shown)" if left else ""
    ax.set_xlabel(f"Share of bootstrap resamples that select the feature{more}")
    return ax


def _looks(table: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Give every way of judging a mark of its own, external cohorts after the others."""
    keys = list(dict.fromkeys(zip(table["protocol"], table["estimate"], strict=True)))
    spare = iter((("v", VERMILLION), ("v", GREEN), ("P", ORANGE), ("P", SKY), ("X", PURPLE)))
    looks = {key: look for key, look in _LOOKS.items() if key in keys}
    for protocol, estimate in keys:
        if (protocol, estimate) not in looks:
            marker, color = next(spare, ("*", GREY))
            looks[(protocol, estimate)] = (marker, color, f"{protocol}: cohort {estimate}")
    return looks


def _rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    for y in np.arange(0.5, len(names) - 1):
        ax.axhline(y, color="#E2E2E2", linewidth=0.7, zorder=0)
