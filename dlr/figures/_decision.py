"""Decision curves: what acting on the model is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from dlr.figures._style import Line, axes_or_new, line_styles, styled

if TYPE_CHECKING:
    from dlr.stats import DecisionCurve

REFERENCES = ("treat all", "treat none")


@styled
def plot_decision(
    decision: DecisionCurve,
    ax: Axes | None = None,
    *,
    models: Sequence[str] | None = None,
    lines: Mapping[str, Line] | None = None,
) -> Axes:
    """Draw net benefit against the threshold probability; higher is better.

    Parameters
    ----------
    decision : DecisionCurve
        Net benefit per threshold and model; bootstrap bands are drawn for a single model.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    models : sequence of str, optional
        Models to show; all when left out. "treat all" and "treat none" are always shown.
    lines : mapping of str to Line, optional
        Look of the curves; by default :func:`dlr.figures.line_styles`.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    ax = axes_or_new(ax, 4.6, 2.7)
    benefit = decision.net_benefit
    names = [name for name in benefit.columns if name not in REFERENCES]
    shown = [name for name in names if models is None or name in models]
    looks = {**line_styles([*names, *REFERENCES]), **(lines or {})}
    low, high = getattr(decision, "low", None), getattr(decision, "high", None)
    if len(shown) == 1 and low is not None and high is not None:
        color = looks[shown[0]].color
        ax.fill_between(
            benefit.index, low[shown[0]], high[shown[0]], color=color, alpha=0.15, linewidth=0
        )
    for name in [*REFERENCES, *shown]:
        if name in benefit:
            look = looks[name]
            ax.plot(
                benefit.index, benefit[name], label=name, color=look.color,
                linestyle=look.linestyle, linewidth=look.linewidth,
            )  # fmt: skip
    top = float(benefit[[*shown, "treat all"]].max().max())
    # "Treat all" falls without bound; what lies far below nothing gained is of no interest.
    ax.set_ylim(-0.18 * max(top, 0.05), 1.12 * max(top, 0.05))
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="Threshold probability", ylabel="Net benefit")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax
