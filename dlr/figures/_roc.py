"""Receiver operating characteristic curves."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import BLUE, GREY, Line, axes_or_new, line_styles, styled
from dlr.figures._text import interval

if TYPE_CHECKING:
    from dlr.stats import RocCurve


@styled
def plot_roc(
    roc: RocCurve | Mapping[str, RocCurve],
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    lines: Mapping[str, Line] | None = None,
) -> Axes:
    """Draw one ROC curve with its confidence band, or several without.

    Parameters
    ----------
    roc : RocCurve or mapping of str to RocCurve
        One curve, or several by name. Towards the upper left is better.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    level : float
        Confidence level of the AUC in the legend (DeLong) and of the band: the pointwise Wilson
        interval of the sensitivity at each threshold.
    lines : mapping of str to Line, optional
        Look of the curves; by default :func:`dlr.figures.line_styles`.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, height=3.35)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1)
    if isinstance(roc, Mapping):
        lines = lines or line_styles(list(roc))
        for name, curve in roc.items():
            _draw(curve, ax, lines[name], f"{name}  {_auc_text(curve, level)}")
    else:
        _band(roc, ax, level)
        _draw(roc, ax, Line(BLUE, "solid", 1.8), f"AUC {_auc_text(roc, level)}")
    ax.set(
        xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal",
        xlabel="1 \N{MINUS SIGN} specificity", ylabel="Sensitivity",
    )  # fmt: skip
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 6))
    crowded = isinstance(roc, Mapping) and len(roc) > 7
    if crowded:  # below the axes, where it hides no curve
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=5.8)
    else:
        ax.legend(loc="lower right")
    return ax


@styled
def plot_clinical_roc(
    curves: Mapping[str, RocCurve], ax: Axes | None = None, *, level: float = 0.95
) -> Axes:
    """Draw the ROC curve of each clinical variable on its own, best first.

    Parameters
    ----------
    curves : mapping of str to RocCurve
        One curve per variable, by its label.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    level : float
        Confidence level of the AUCs in the legend.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ranked = dict(sorted(curves.items(), key=lambda item: -item[1].auc.value))
    return plot_roc(ranked, ax, level=level)


def _draw(curve: RocCurve, ax: Axes, line: Line, label: str) -> None:
    ax.plot(
        curve.false_positive_rate, curve.true_positive_rate, label=label, zorder=3,
        color=line.color, linestyle=line.linestyle, linewidth=line.linewidth,
    )  # fmt: skip


def _auc_text(curve: RocCurve, level: float) -> str:
    limits = curve.auc.confidence_interval(level)
    return interval(curve.auc.value, limits.low, limits.high)


def _band(curve: RocCurve, ax: Axes, level: float) -> None:
    """Shade the Wilson interval of the sensitivity (Wilson 1927) along the curve."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    n = curve.auc.n_positive
    rate = np.asarray(curve.true_positive_rate, dtype=float)
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    ax.fill_between(
        curve.false_positive_rate, centre - half, centre + half,
        color=BLUE, alpha=0.15, linewidth=0, zorder=2, label=f"{level:.0%} band",
    )  # fmt: skip
