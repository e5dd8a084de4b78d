"""Decision curves: what acting on the model is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from dlr.figures._style import FAINT, GREY, Line, axes_or_new, line_styles, styled

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
    bands: bool | None = None,
    sensible: tuple[float, float] | None = None,
) -> Axes:
    """Draw net benefit against the threshold probability; higher is better.

    Parameters
    ----------
    decision : DecisionCurve
        Net benefit per threshold and model, with limits when it was bootstrapped.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.
    models : sequence of str, optional
        Models to show; all when left out. "treat all" and "treat none" are always shown.
    lines : mapping of str to Line, optional
        Look of the curves; by default :func:`dlr.figures.line_styles`.
    bands : bool, optional
        Whether the bootstrap limits are shaded; for a single model only when left out. Without
        bootstrap there is nothing to shade.
    sensible : (low, high), optional
        Thresholds at which a clinician would act, in [0, 1]; what lies outside is greyed.

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
    shaded = bands or (bands is None and len(shown) == 1)
    if shaded:
        _bands(ax, decision, shown, looks)
    for name in [*REFERENCES, *shown]:
        if name in benefit:
            look = looks[name]
            ax.plot(
                benefit.index, benefit[name], label=name, color=look.color,
                linestyle=look.linestyle, linewidth=look.linewidth,
            )  # fmt: skip
    top = float(benefit[[*shown, "treat all"]].max().max())
    if shaded and shown and decision.high is not None:
        top = max(top, float(decision.high[shown].max().max()) / 1.08)
    # "Treat all" falls without bound; what lies far below nothing gained is of no interest.
    ax.set_ylim(-0.18 * max(top, 0.05), 1.12 * max(top, 0.05))
    ax.set_xlim(0, 1)
    if sensible is not None:
        _grey_out(ax, *sensible)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="Threshold probability", ylabel="Net benefit")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def _bands(
    ax: Axes, decision: DecisionCurve, shown: Sequence[str], looks: Mapping[str, Line]
) -> None:
    low, high = decision.low, decision.high
    if low is None or high is None:
        return
    for name in shown:
        ax.fill_between(
            low.index, low[name], high[name], color=looks[name].color, alpha=0.15, linewidth=0
        )


def _grey_out(ax: Axes, low: float, high: float) -> None:
    for start, end in ((0.0, low), (high, 1.0)):
        if end > start:
            ax.axvspan(start, end, color=FAINT, alpha=0.55, linewidth=0, zorder=4)
    for limit in (low, high):
        ax.axvline(limit, color=GREY, linewidth=0.6, zorder=4)
