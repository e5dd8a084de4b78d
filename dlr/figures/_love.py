"""The love plot: how far apart two groups are before and after matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import BLUE, GREY, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    from dlr.stats.propensity import PropensityMatch

ACCEPTED = 0.1
"""Absolute standardised mean difference below which groups are commonly called balanced."""


@styled
def plot_love(match: PropensityMatch, ax: Axes | None = None) -> Axes:
    """Draw the absolute standardised mean differences before and after matching.

    Parameters
    ----------
    match : PropensityMatch
        Result of `dlr.stats.propensity_match`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on; covariates from top to bottom as in the table, undefined differences
        left out, a dotted line at 0.1.
    """
    balance = match.balance
    rows = np.arange(len(balance))
    ax = axes_or_new(ax, 3.5, 0.9 + 0.2 * len(balance))
    before, after = (np.abs(balance[f"smd_{when}"].to_numpy()) for when in ("before", "after"))
    ax.hlines(rows, before, after, color=GREY, linewidth=0.8, zorder=1)
    ax.plot(before, rows, "o", color=VERMILLION, markerfacecolor="white", label="before matching")
    ax.plot(after, rows, "o", color=BLUE, label="after matching")
    ax.axvline(ACCEPTED, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    ax.set_yticks(rows, [str(name) for name in balance.index])
    ax.set_ylim(len(balance) - 0.5, -0.5)
    ax.set_xlim(left=0.0)
    ax.set_xlabel("Absolute standardised mean difference")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return ax
