"""Forest plot of subgroups: the same frozen score in groups of patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from dlr.figures._style import BLUE, GREY, INK, axes_or_new, styled
from dlr.figures._text import interval, p_text

if TYPE_CHECKING:
    from dlr.subgroups import SubgroupTable


@styled
def plot_subgroups(tables: Sequence[SubgroupTable], ax: Axes | None = None) -> Axes:
    """Draw the AUC of every group with its interval, column by column.

    The area of a square grows with the number of cases; beside each column's name stands the P
    value of the differences between its groups (Cochran's Q).

    Parameters
    ----------
    tables : sequence of SubgroupTable
        One per column, all of the same feature set.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.
    """
    rows = sum(len(table.table) + 1 for table in tables)
    ax = axes_or_new(ax, 5.6, 0.7 + 0.2 * rows)
    most = max(float(table.table["n"].max()) for table in tables)
    labels: list[str] = []
    for table in tables:
        p_value = float(table.heterogeneity["p_value"]["auc"])
        test = f" ({p_text(p_value)})" if p_value == p_value else ""
        labels.append(f"{table.column}{test}")
        for row in table.table.to_dict("records"):
            _row(ax, len(labels), {str(key): value for key, value in row.items()}, most)
            labels.append(f"{row['group']}, n = {row['n']} ({row['n_positive']})")
    ax.axvline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.45, -0.55)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(right=1.01)
    level = tables[0].level
    ax.set_xlabel(f"AUC of {tables[0].feature_set} with {level:.0%} confidence interval")
    headings = {label for label in labels if ", n = " not in label}
    for text in ax.get_yticklabels():
        if text.get_text() in headings:
            text.set_fontweight("bold")
    return ax


def _row(ax: Axes, y: int, row: dict[str, object], most: float) -> None:
    value, low, high = (float(str(row[key])) for key in ("auc", "auc_low", "auc_high"))
    text = str(row["note"]) if value != value else interval(value, low, high)
    ax.annotate(
        text, (1.03, y), xycoords=("axes fraction", "data"), va="center", fontsize=6.5, color=INK
    )
    if value != value:
        return
    ax.plot([low, high], [y, y], color=BLUE, linewidth=1.1)
    size = 2.5 + 4 * (float(str(row["n"])) / most) ** 0.5
    ax.plot(value, y, "s", color=BLUE, markersize=size)
