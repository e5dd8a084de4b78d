"""Confusion matrices: counts and shares."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError
from dlr.figures._style import INK, axes_or_new, styled

if TYPE_CHECKING:
    from dlr.stats import ClassificationMetrics

Normalise = Literal["true", "predicted", "all"]
_AXES: dict[str, int | None] = {"true": 1, "predicted": 0, "all": None}
_WRAP = 16  # characters of a label on one line
_OF = {"true": "of each true class", "predicted": "of each call", "all": "of all cases"}


@styled
def plot_confusion(
    metrics: ClassificationMetrics | ArrayLike,
    ax: Axes | None = None,
    *,
    labels: Sequence[str] = ("negative", "positive"),
    normalise: Normalise = "true",
) -> Axes:
    """Draw the confusion matrix: counts, and shares that decide the shade.

    Parameters
    ----------
    metrics : ClassificationMetrics or array_like of shape (k, k)
        Counts at one threshold, or counts with one row per true class and one column per call.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    labels : sequence of str
        What the classes are called, 0 first.
    normalise : {"true", "predicted", "all"}
        What the shares add up over: a true class (the diagonal holds the sensitivities), a call
        (predictive values) or all cases. A class without cases has no shares.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    DlrError
        If the matrix is not square, has not one label per class, or `normalise` is unknown.
    """
    counts, threshold = _counts(metrics)
    if counts.ndim != 2 or counts.shape != (len(labels), len(labels)):
        raise DlrError(
            f"a confusion matrix of {len(labels)} classes has {len(labels)} rows and columns, got "
            f"the shape {counts.shape}"
        )
    if normalise not in _AXES:
        raise DlrError(f"normalise must be one of {', '.join(_AXES)}, got {normalise!r}")
    size = len(labels)
    more = 0.12 * max(-(-len(label) // _WRAP) - 1 for label in labels)  # lines of long labels
    ax = axes_or_new(ax, 1.1 + 0.75 * size + more, 0.85 + 0.73 * size + more)
    sums = counts.sum(axis=_AXES[normalise], keepdims=True)
    shares = np.where(sums > 0, counts / np.maximum(sums, 1), np.nan)
    ax.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for row, column in np.ndindex(size, size):
        share = float(shares[row, column])
        part = "\N{EN DASH}" if share != share else f"{share:.0%}"
        ax.text(
            column, row, f"{counts[row, column]:g}\n{part}", ha="center", va="center",
            color="white" if share > 0.6 else INK,
        )  # fmt: skip
    wrapped = [textwrap.fill(label, _WRAP) for label in labels]
    ax.set_xticks(range(size), wrapped)
    ax.set_yticks(range(size), wrapped, rotation=90, va="center", ma="center")
    ax.set(xlabel=f"Predicted{threshold}\n% {_OF[normalise]}", ylabel="True")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _counts(metrics: ClassificationMetrics | ArrayLike) -> tuple[NDArray[np.float64], str]:
    """Return the counts, and the threshold in words."""
    from dlr.stats import ClassificationMetrics

    if not isinstance(metrics, ClassificationMetrics):
        return np.asarray(metrics, dtype=float), ""
    rows = [
        [metrics.true_negative, metrics.false_positive],
        [metrics.false_negative, metrics.true_positive],
    ]
    return np.asarray(rows, dtype=float), f" (threshold {metrics.threshold:.2f})"
