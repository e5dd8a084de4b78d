"""One look for every figure: journal column width, colour-blind-safe, nothing global.

Figures are plain :class:`matplotlib.figure.Figure` objects made without pyplot, so they work on
a server without a display, in threads, and leave the user's own settings alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import cycle, product
from typing import ParamSpec, TypeVar

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

COLUMN = 3.35
"""Width of one journal column in inches (85 mm)."""
PAGE = 6.9
"""Width of a journal page's text block in inches (175 mm)."""

# Okabe and Ito's palette, which stays apart under the common colour deficiencies; the yellow is
# left out because it vanishes on white paper.
BLACK, ORANGE, SKY, GREEN = "#222222", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#B5588F", "#8A8A8A"
INK = "#222222"
FAINT = "#D9D9D9"
NEGATIVE, POSITIVE = BLUE, VERMILLION
"""Colours of the two outcome classes, the same on every figure."""

STYLE: dict[str, object] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so figures look alike everywhere
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.labelsize": 7.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 6.8,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.borderaxespad": 0.2,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 300,
    "svg.fonttype": "path",  # a journal's system may not have the font
    "svg.hashsalt": "dlr",  # same figure, same file
    "pdf.fonttype": 42,  # text stays text, as publishers ask
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Use the style sheet of dlr inside a ``with`` block; the user's settings come back after."""
    with matplotlib.style.context(["default", STYLE]):
        yield


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function inside :func:`figure_style`."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with figure_style():
            return function(*args, **kwargs)

    return wrapper


def axes_or_new(ax: Axes | None, width: float = COLUMN, height: float = 3.0) -> Axes:
    """Return `ax`, or the only Axes of a new figure of `width` x `height` inches."""
    if ax is None:
        ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
    # Ticks are made late, perhaps after the style has gone: so their look is fixed now.
    ax.tick_params(labelsize=7, width=0.7, length=3, color=INK, labelcolor=INK)
    return ax


def root_figure(ax: Axes) -> Figure:
    """Return the figure an Axes belongs to, however deeply it is nested."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("the Axes has been removed from its figure; draw on a new one")
    return figure


@dataclass(frozen=True)
class Line:
    """Colour, dash pattern and width of one curve."""

    color: str
    linestyle: str | tuple[int, tuple[float, ...]]
    linewidth: float = 1.3

    def kwargs(self) -> dict[str, object]:
        """Return the line as keyword arguments of ``Axes.plot``."""
        return {"color": self.color, "linestyle": self.linestyle, "linewidth": self.linewidth}


_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)),
)  # fmt: skip
_FAMILIES = {"rad": GREEN, "dl": PURPLE}
_FIXED = {
    "dlr": Line(BLUE, "solid", 1.9),
    "nomogram": Line(VERMILLION, "solid", 1.9),
    "clinic": Line(BLACK, "solid"),
    "clinical": Line(BLACK, "solid"),
    "treat all": Line(GREY, (0, (1, 1.2)), 1.0),
    "treat none": Line(GREY, "solid", 1.0),
}


def line_styles(names: Sequence[str]) -> dict[str, Line]:
    """Give every feature set its own line, the same on every figure of a study.

    The family decides the colour (radiomics green, deep features purple) and the view the dash
    pattern, so that curves stay apart in print without colour too.

    Parameters
    ----------
    names : sequence of str
        Names of the curves, such as ``["Clinic", "Rad_sag", "DLR"]``.

    Returns
    -------
    dict
        Name to :class:`Line`.
    """
    counts = dict.fromkeys(_FAMILIES, 0)
    lines: dict[str, Line] = {}
    for name in names:
        family = name.lower().split("_")[0]
        if name.lower() in _FIXED:
            lines[name] = _FIXED[name.lower()]
        elif family in _FAMILIES and "_" in name:
            lines[name] = Line(_FAMILIES[family], _DASHES[counts[family] % len(_DASHES)])
            counts[family] += 1
    taken = {(line.color, line.linestyle) for line in lines.values()}
    colors = (BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE)
    spare = [(color, dash) for dash, color in product(_DASHES, colors)]
    free = cycle([look for look in spare if look not in taken])
    return {name: lines[name] if name in lines else Line(*next(free)) for name in names}
