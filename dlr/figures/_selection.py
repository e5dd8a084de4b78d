"""Feature selection: LASSO path and error, coefficients, reader agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dlr.figures._style import (
    BLACK,
    BLUE,
    COLUMN,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axes_or_new,
    styled,
)  # fmt: skip

if TYPE_CHECKING:
    from dlr.results import LassoPath, SelectionTrace
    from dlr.stats import IccTable

_CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_MOST = 20  # bars that stay readable


@styled
def plot_lasso_path(path: LassoPath, ax: Axes | None = None) -> Axes:
    """Draw how each coefficient shrinks to zero as the penalty grows to the right.

    Parameters
    ----------
    path : LassoPath
        Coefficients of the standardised features along the penalties.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, height=2.6)
    log_lambda = np.log(np.asarray(path.lambdas, dtype=float))
    used = int(np.argmin(np.abs(log_lambda - np.log(path.lambda_used))))
    for index in range(path.coefficients.shape[1]):
        values = path.coefficients[:, index]
        kept = values[used] != 0
        color = _CYCLE[index % len(_CYCLE)] if kept else FAINT
        width, order = (1.1, 3) if kept else (0.6, 2)
        ax.plot(log_lambda, values, color=color, linewidth=width, zorder=order)
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    _penalties(ax, path)
    _counts(ax, path, log_lambda)
    ax.set(xlabel="log(\N{GREEK SMALL LETTER LAMDA})", ylabel="Coefficient (standardised)")
    return ax


@styled
def plot_lasso_cv(path: LassoPath, ax: Axes | None = None) -> Axes:
    """Draw the cross-validation error of the LASSO with its standard error; lower is better.

    Parameters
    ----------
    path : LassoPath
        Error per penalty.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, height=2.6)
    log_lambda = np.log(np.asarray(path.lambdas, dtype=float))
    ax.errorbar(
        log_lambda, path.cv_mean, yerr=path.cv_sd, fmt="o", markersize=2, color=VERMILLION,
        ecolor=FAINT, elinewidth=0.8,
    )  # fmt: skip
    _penalties(ax, path)
    _counts(ax, path, log_lambda)
    ax.set(xlabel="log(\N{GREEK SMALL LETTER LAMDA})", ylabel="Cross-validation error")
    return ax


def _penalties(ax: Axes, path: LassoPath) -> None:
    """Mark the penalty of least error, that one standard error above, and the one used."""
    for value, name, dash in (
        (path.lambda_min, "\N{GREEK SMALL LETTER LAMDA} min", (0, (4, 1.5))),
        (path.lambda_1se, "\N{GREEK SMALL LETTER LAMDA} 1se", (0, (1, 1.2))),
    ):
        used = " (used)" if np.isclose(value, path.lambda_used) else ""
        ax.axvline(np.log(value), color=INK, linewidth=0.8, linestyle=dash, label=f"{name}{used}")
    ax.legend(loc="best")


def _counts(ax: Axes, path: LassoPath, log_lambda: np.ndarray) -> None:
    """Write along the top how many features are left, as glmnet's plots do."""
    top = ax.secondary_xaxis("top")
    spots = np.unique(np.linspace(0, len(log_lambda) - 1, 7).round().astype(int))
    counts = (np.asarray(path.coefficients) != 0).sum(axis=1)
    top.set_xticks(log_lambda[spots], [str(counts[spot]) for spot in spots])
    top.tick_params(labelsize=6.5, length=2, width=0.5, color=GREY)
    top.set_xlabel("features left", fontsize=6.5)
    top.spines["top"].set_visible(False)


@styled
def plot_coefficients(trace: SelectionTrace, ax: Axes | None = None) -> Axes:
    """Draw the largest coefficients as bars, with how often each feature was selected.

    Right of zero raises the predicted risk, left lowers it. The percentage is the share of
    outer folds in which the feature was selected: a low one means an unstable choice.

    Parameters
    ----------
    trace : SelectionTrace
        Selection of one feature set.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    coefficients = trace.coefficients
    order = coefficients.abs().sort_values(ascending=False, kind="stable").index[:_MOST]
    values = coefficients[order]
    ax = axes_or_new(ax, 5.0, 0.75 + 0.165 * max(len(values), 2))
    colors = np.where(values.to_numpy() > 0, VERMILLION, BLUE)
    ax.barh(range(len(values)), values.to_numpy(), color=list(colors), height=0.66)
    ax.axvline(0, color=INK, linewidth=0.7)
    ax.set_yticks(range(len(values)), [str(name) for name in order], fontsize=6.2)
    ax.set_ylim(len(values) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    for y, name in enumerate(order):
        share = trace.frequency.get(name)
        text = "\N{EN DASH}" if share is None or share != share else f"{share:.0%}"
        ax.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=6.2)
    ax.annotate("selected in", (1.01, 1.0), xycoords="axes fraction", va="bottom", fontsize=6.2)
    hidden = len(coefficients) - len(values)
    more = f"; {hidden} smaller ones not shown" if hidden else ""
    ax.set_xlabel(f"LASSO coefficient, standardised features{more}")
    return ax


@styled
def plot_agreement(table: IccTable, threshold: float, ax: Axes | None = None) -> Axes:
    """Draw how well two readers' features agree, and the gate they had to pass.

    Parameters
    ----------
    table : IccTable
        Intraclass correlation per feature; ``to_frame()`` has a column ``icc``.
    threshold : float
        Features at or below it were dropped.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, COLUMN, 2.3)
    values = table.to_frame()["icc"].to_numpy(dtype=float)
    known = values[np.isfinite(values)].clip(-1, 1)
    left = min(0.0, float(np.floor(known.min() * 10) / 10)) if len(known) else 0.0
    edges = list(np.arange(round((1 - left) / 0.05) + 1) * 0.05 + left)
    passed = known > threshold
    ax.hist(
        [known[passed], known[~passed]], bins=edges, stacked=True, color=[BLUE, FAINT],
        edgecolor="white", linewidth=0.4,
        label=[f"kept ({passed.sum()})", f"dropped ({len(values) - passed.sum()})"],
    )  # fmt: skip
    ax.axvline(threshold, color=INK, linewidth=0.9, linestyle=(0, (4, 1.5)))
    ax.set(xlabel="Intraclass correlation between readers", ylabel="Features", xlim=(left, 1.0))
    ax.legend(loc="upper left")
    return ax
