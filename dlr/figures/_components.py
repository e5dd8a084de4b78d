"""Principal components: how much each explains."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.figures._style import BLUE, FAINT, GREY, SKY, VERMILLION, axes_or_new, styled


@styled
def plot_scree(
    explained: ArrayLike, ax: Axes | None = None, *, kept: int | None = None, most: int = 40
) -> Axes:
    """Draw the share of the variance of every principal component, and their running sum.

    Parameters
    ----------
    explained : array_like, shape (n_components,)
        Share of the variance of each component in [0, 1], largest first, such as
        ``explained_variance_ratio_`` of scikit-learn's PCA.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    kept : int, optional
        How many components were kept; all when left out.
    most : int
        Components to draw at most; the rest counts in no bar.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    DlrError
        If there is no component, or a share is not in [0, 1].
    """
    shares = np.asarray(explained, dtype=float)
    if shares.ndim != 1 or not len(shares):
        raise DlrError("a scree plot needs the explained share of at least one component")
    if not np.isfinite(shares).all() or shares.min() < 0 or shares.sum() > 1 + 1e-6:
        raise DlrError(
            "explained shares of the variance lie between 0 and 1 and sum to at most 1; give "
            "ratios (explained_variance_ratio_), not variances"
        )
    number = len(shares) if kept is None else kept
    total = float(shares[:number].sum())
    shown = shares[:most]
    places = np.arange(1, len(shown) + 1)
    ax = axes_or_new(ax, height=2.4)
    ax.bar(places, shown, width=0.72, color=np.where(places <= number, SKY, FAINT), linewidth=0)
    ax.plot(
        places, np.cumsum(shown), "o-", color=BLUE, markersize=2.2, linewidth=1.0,
        label="running sum",
    )  # fmt: skip
    if number < len(shown):
        ax.axvline(number + 0.5, color=VERMILLION, linewidth=1.0, linestyle=(0, (4, 1.5)))
    ax.axhline(total, color=GREY, linewidth=0.6, linestyle=(0, (1, 1.5)), zorder=0)
    hidden = len(shares) - len(shown)
    more = f"\n{hidden} more not shown" if hidden else ""
    ax.set_xlabel(f"Component ({number} kept: {total:.0%} of the variance){more}")
    ax.set(ylabel="Share of the variance", xlim=(0.3, len(shown) + 0.7), ylim=(0, 1.03))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="center right")
    return ax
