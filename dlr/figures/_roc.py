"""Receiver operating characteristic curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._roc_band import Method, roc_band
from dlr.figures._scales import text_width
from dlr.figures._style import BLUE, COLUMN, GREY, Line, axes_or_new, line_styles, styled
from dlr.figures._text import interval

if TYPE_CHECKING:
    from dlr.stats import RocCurve

Band = Method | Literal["none"]
_INSIDE = 5  # curves whose legend still has room under them
_SMALL = 5.8  # font size of a legend below the axes
_BELOW = 30  # points from the axes to that legend: ticks and label stand between
_LINE = 0.14  # inches per line of it


@styled
def plot_roc(
    roc: RocCurve | Mapping[str, RocCurve],
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    lines: Mapping[str, Line] | None = None,
    band: Band | None = None,
) -> Axes:
    """Draw one ROC curve with its confidence band, or several.

    Parameters
    ----------
    roc : RocCurve or mapping of str to RocCurve
        One curve, or several by name. Towards the upper left is better.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    level : float
        Confidence level of the AUC in the legend (DeLong) and of the band.
    lines : mapping of str to Line, optional
        Look of the curves; by default :func:`dlr.figures.line_styles`.
    band : {"wilson", "bootstrap", "simultaneous", "none"}, optional
        Band around every curve, see :func:`dlr.figures.roc_band`; "wilson" for one curve and
        none for several when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    labels = _labels(roc, level)
    columns = _legend_columns(labels)
    ax = axes_or_new(ax, height=3.35 + _room(len(labels), columns))
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1)
    if isinstance(roc, Mapping):
        lines = lines or line_styles(list(roc))
        for (name, curve), label in zip(roc.items(), labels, strict=True):
            _band(curve, ax, level, band or "none", lines[name].color)
            _draw(curve, ax, lines[name], label)
    else:
        _band(roc, ax, level, band or "wilson", BLUE, label=f"{level:.0%} band")
        _draw(roc, ax, Line(BLUE, "solid", 1.8), labels[0])
    _frame(ax)
    _legend(ax, columns)
    return ax


@styled
def plot_algorithm_roc(
    curves: Mapping[str, RocCurve],
    ax: Axes | None = None,
    *,
    winner: str = "",
    level: float = 0.95,
) -> Axes:
    """Draw the ROC curve of every algorithm on one feature set, best first.

    Parameters
    ----------
    curves : mapping of str to RocCurve
        One curve per algorithm, by its name, all on the same cases.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    winner : str
        Algorithm whose curve is drawn thick and last; none when empty.
    level : float
        Confidence level of the AUCs in the legend (DeLong).

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ranked = _ranked(curves)
    lines = {
        name: replace(line, linewidth=2.2 if name == winner else 0.9)
        for name, line in line_styles(list(ranked)).items()
    }
    return plot_roc(ranked, ax, level=level, lines=lines)


@styled
def plot_clinical_roc(
    curves: Mapping[str, RocCurve],
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    most: int = 10,
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
    most : int
        Curves of highest AUC that are drawn; more would hide each other.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    return plot_roc(dict(list(_ranked(curves).items())[:most]), ax, level=level)


def _ranked(curves: Mapping[str, RocCurve]) -> dict[str, RocCurve]:
    return dict(sorted(curves.items(), key=lambda item: -item[1].auc.value))


def _frame(ax: Axes) -> None:
    ax.set(
        xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal",
        xlabel="1 \N{MINUS SIGN} specificity", ylabel="Sensitivity",
    )  # fmt: skip
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 6))


def _labels(roc: RocCurve | Mapping[str, RocCurve], level: float) -> list[str]:
    if isinstance(roc, Mapping):
        return [f"{name}  {_auc_text(curve, level)}" for name, curve in roc.items()]
    return [f"AUC {_auc_text(roc, level)}"]


def _legend_columns(labels: Sequence[str]) -> int:
    """Return the columns of a legend below the axes; 0 where there is room inside them."""
    if len(labels) <= _INSIDE:
        return 0
    widest = max(text_width(label, _SMALL) for label in labels)
    return 2 if 2 * (widest + 0.3) < COLUMN else 1


def _room(n_labels: int, columns: int) -> float:
    """Return the height of a legend below the axes in inches."""
    return 0.1 + _LINE * -(-n_labels // columns) if columns else 0.0


def _legend(ax: Axes, columns: int) -> None:
    """Put the legend below the axes where it would hide a curve inside."""
    if columns:
        ax.set_anchor("N")
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=columns, fontsize=_SMALL,
            handlelength=1.8, columnspacing=1.0, borderaxespad=_BELOW / _SMALL,
        )  # fmt: skip
    else:
        ax.legend(loc="lower right")


def _draw(curve: RocCurve, ax: Axes, line: Line, label: str) -> None:
    ax.plot(
        curve.false_positive_rate, curve.true_positive_rate, label=label, zorder=3,
        color=line.color, linestyle=line.linestyle, linewidth=line.linewidth,
    )  # fmt: skip


def _auc_text(curve: RocCurve, level: float) -> str:
    limits = curve.auc.confidence_interval(level)
    return interval(curve.auc.value, limits.low, limits.high)


def _band(
    curve: RocCurve, ax: Axes, level: float, band: Band, color: str, label: str | None = None
) -> None:
    if band == "none":
        return
    found = roc_band(curve, band, level=level)
    ax.fill_between(
        found.false_positive_rate, found.low, found.high, color=color, alpha=0.15, linewidth=0,
        zorder=2, label=label,
    )  # fmt: skip
