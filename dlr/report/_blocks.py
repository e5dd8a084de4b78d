"""What a report is made of, before anything is drawn or turned into HTML.

The report is built in three stages: sections with their sentences, tables and figures
(:mod:`dlr.report._study`, :mod:`dlr.report._validation`), figures drawn and stamped
(:mod:`dlr.report._pictures`), and one HTML page from a template (:mod:`dlr.report._page`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Tone = Literal["plain", "note", "warning"]


@dataclass(frozen=True)
class Text:
    """One paragraph of plain text, with a heading in bold at its start if it has one."""

    text: str
    tone: Tone = "plain"
    head: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Bullets:
    """A list of short sentences; with `headed`, what stands before the colon is set in bold."""

    items: tuple[str, ...]
    headed: bool = False
    tone: Tone = "plain"
    kind: str = "bullets"


@dataclass(frozen=True)
class Fact:
    """One headline number with its meaning."""

    label: str
    value: str
    detail: str = ""


@dataclass(frozen=True)
class Facts:
    """Headline numbers, shown as tiles."""

    items: tuple[Fact, ...]
    kind: str = "facts"


@dataclass(frozen=True, eq=False)
class Table:
    """A table as readers see it, and the full numbers behind it.

    Parameters
    ----------
    name : str
        File stem of the CSV.
    caption : str
        One sentence.
    shown : pandas.DataFrame
        Formatted cells.
    data : pandas.DataFrame
        Unrounded numbers, for the CSV and the JSON.
    note : str
        Footnote.
    folded : bool
        Whether it is closed until clicked.
    """

    name: str
    caption: str
    shown: pd.DataFrame
    data: pd.DataFrame
    note: str = ""
    folded: bool = False
    kind: str = "table"


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure still to be drawn.

    Parameters
    ----------
    name : str
        File stem.
    caption : str
        One or two sentences that say how to read it.
    draw : callable
        Draws it and returns the Axes.
    wide : bool
        Whether it takes the whole width of the page.
    raster : bool
        Whether the page holds a picture instead of vector graphics (many points or images).
    """

    name: str
    caption: str
    draw: Callable[[], Axes]
    wide: bool = False
    raster: bool = False
    kind: str = "figure"


@dataclass(frozen=True, eq=False)
class Fold:
    """Blocks that can be folded away; what starts closed opens in print."""

    title: str
    blocks: tuple[Text | Table | Figure, ...]
    opened: bool = False
    kind: str = "fold"


@dataclass(frozen=True)
class Listing:
    """Text kept as it is, such as a settings file."""

    name: str
    text: str
    kind: str = "listing"


Block = Text | Bullets | Facts | Table | Figure | Fold | Listing


@dataclass(frozen=True, eq=False)
class Section:
    """One section: a heading, one sentence saying what the reader sees, and its blocks."""

    name: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """A whole report, ready to be drawn."""

    title: str
    subtitle: str
    made_from: str
    simulated: bool
    sections: tuple[Section, ...]
    files: dict[str, pd.DataFrame]  # further tables that are only written as CSV
    numbers: dict[str, object]  # headline numbers for report.json
