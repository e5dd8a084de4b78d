"""Calibration: whether a predicted probability of 30 % means 30 in 100."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from dlr.figures._style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    Line,
    axes_or_new,
    line_styles,
    styled,
)
from dlr.figures._text import number, signed

if TYPE_CHECKING:
    from dlr.stats import Calibration, CalibrationBootstrap

_STRIP = 0.14  # height below zero that holds the distribution of the predictions


@styled
def plot_calibration(
    calibration: Calibration | Mapping[str, Calibration],
    ax: Axes | None = None,
    *,
    lines: Mapping[str, Line] | None = None,
) -> Axes:
    """Draw observed against predicted risk; the closer to the diagonal, the better.

    One calibration is drawn with the band of its flexible curve, its groups of patients with
    their intervals and the distribution of the predictions; several as curves only.

    Parameters
    ----------
    calibration : Calibration or mapping of str to Calibration
        One, or several by name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    lines : mapping of str to Line, optional
        Look of the curves; by default :func:`dlr.figures.line_styles`.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, height=3.35)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), label="ideal")
    if isinstance(calibration, Mapping):
        lines = lines or line_styles(list(calibration))
        for name, item in calibration.items():
            _curve(ax, item, lines[name], f"{name}  (slope {number(item.slope)})")
        bottom = 0.0
    else:
        _single(ax, calibration)
        bottom = -_STRIP
    _frame(ax, bottom)
    return ax


def _curve(ax: Axes, item: Calibration, line: Line, label: str) -> None:
    curve = item.curve.sort_values("predicted")
    # Where there are few cases a loess can leave the range that a proportion can have.
    ax.plot(
        curve["predicted"], curve["observed"].clip(0, 1), label=label, color=line.color,
        linestyle=line.linestyle, linewidth=line.linewidth, zorder=3,
    )  # fmt: skip


def _single(ax: Axes, item: Calibration) -> None:
    curve = item.curve.sort_values("predicted")
    ax.fill_between(
        curve["predicted"], curve["low"].clip(0, 1), curve["high"].clip(0, 1), color=BLUE,
        alpha=0.15, linewidth=0, zorder=1,
    )  # fmt: skip
    _curve(ax, item, Line(BLUE, "solid", 1.8), "flexible curve")
    binned = item.binned.dropna(subset=["predicted", "observed"])
    below = (binned["observed"] - binned["low"]).clip(lower=0)
    above = (binned["high"] - binned["observed"]).clip(lower=0)
    ax.errorbar(
        binned["predicted"], binned["observed"], yerr=np.vstack([below, above]), fmt="o",
        color=INK, markersize=3, elinewidth=0.7, zorder=4, label="groups of patients",
    )  # fmt: skip
    _strip(ax, np.asarray(item.predicted, dtype=float))
    text = (
        f"slope {number(item.slope)}\nin the large {signed(item.calibration_in_the_large)}\n"
        f"Brier {number(item.brier, 3)}\nICI {number(item.ici, 3)}"
    )
    _note(ax, text)


@styled
def plot_corrected_calibration(
    result: CalibrationBootstrap, ax: Axes | None = None, *, predicted: ArrayLike | None = None
) -> Axes:
    """Draw the apparent calibration curve and the one corrected for optimism, as rms does.

    Parameters
    ----------
    result : CalibrationBootstrap
        From :func:`dlr.stats.calibration_bootstrap`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    predicted : array_like, shape (n,), optional
        Predicted probabilities of the cases, for the distribution along the bottom.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, height=3.35)
    curve = result.curve
    looks = (("apparent", ORANGE, (0, (4, 1.5))), ("corrected", BLUE, "solid"))
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (1, 1.5)), label="ideal")
    for name, color, dash in looks:
        label = "bias-corrected" if name == "corrected" else name
        ax.plot(
            curve["predicted"], curve[name].clip(0, 1), color=color, linestyle=dash, label=label
        )
    bottom = 0.0
    if predicted is not None:
        _strip(ax, np.asarray(predicted, dtype=float))
        bottom = -_STRIP
    _frame(ax, bottom)
    text = (
        f"mean absolute error {number(result.mean_absolute_error, 3)}\n"
        f"90% quantile {number(result.e90, 3)}\n{result.n_resamples} resamples"
    )
    _note(ax, text)
    return ax


def _frame(ax: Axes, bottom: float) -> None:
    ax.set(
        xlim=(-0.02, 1.02), ylim=(bottom - 0.02, 1.02), aspect="equal",
        xlabel="Predicted probability", ylabel="Observed proportion",
    )  # fmt: skip
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.legend(loc="upper left", frameon=True, edgecolor="none", framealpha=0.8)


def _strip(ax: Axes, predicted: NDArray[np.float64]) -> None:
    """Draw how many cases had each predicted risk, below zero."""
    counts, edges = np.histogram(predicted[np.isfinite(predicted)], bins=50, range=(0, 1))
    heights = counts / max(counts.max(), 1) * (_STRIP - 0.04)
    ax.bar(
        edges[:-1], heights, width=np.diff(edges), align="edge", bottom=-_STRIP, color=FAINT,
        edgecolor=GREY, linewidth=0.3,
    )  # fmt: skip


def _note(ax: Axes, text: str) -> None:
    plate = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    ax.text(
        0.99, 0.02, text, ha="right", va="bottom", fontsize=6.5, linespacing=1.3, bbox=plate,
        zorder=5,
    )  # fmt: skip
