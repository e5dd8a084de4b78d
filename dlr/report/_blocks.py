"""What a report is made of, before anything is drawn or turned into HTML.

The report is built in three stages: sections with their sentences, tables and figures
(:mod:`dlr.report._study`, :mod:`dlr.report._validation`), figures drawn and stamped
(:mod:`dlr.report._pictures`), and one HTML page from a template (:mod:`dlr.report._page`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

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
    """A figure still to be drawn, or, read back from a run's folder, already there.

    Parameters
    ----------
    name : str
        File stem.
    caption : str
        One or two sentences that say how to read it.
    draw : callable
        Draws it and returns the Axes; None where its files lie in the report's folder.
    wide : bool
        Whether it takes the whole width of the page.
    raster : bool
        Whether the page holds a picture instead of vector graphics (many points or images).
    """

    name: str
    caption: str
    draw: Callable[[], Axes] | None
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


@dataclass(frozen=True)
class ChecklistRow:
    """One item of a reporting checklist.

    Parameters
    ----------
    number, part, topic : str
        Number in the publication, its part of the paper, what is asked, in our words.
    status : str
        Who has answered it, if anyone.
    evidence : tuple of (str, str)
        What the run shows, each with the name of the section that shows it.
    missing : str
        What the authors still have to say.
    answer : str
        What they said.
    """

    number: str
    part: str
    topic: str
    status: str
    evidence: tuple[tuple[str, str], ...] = ()
    missing: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Checklist:
    """A reporting checklist with what the run can prove; never a tick without evidence."""

    name: str
    title: str
    source: str
    rows: tuple[ChecklistRow, ...]
    kind: str = "checklist"


@dataclass(frozen=True, eq=False)
class CardPicture:
    """An ROI with its outline.

    Parameters
    ----------
    view : str
    file : str
        Name of the saved picture, relative to the report's folder.
    width, height : int
        In pixels.
    outline : str
        SVG path of the ROI, in pixels.
    crop : array of uint8, optional
        The picture; None where the file is there already.
    """

    view: str
    file: str
    width: int
    height: int
    outline: str
    crop: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Bar:
    """How far one feature moved a score, and from what value."""

    name: str
    value: str
    size: float


@dataclass(frozen=True, eq=False)
class CaseCard:
    """One case of the viewer.

    Parameters
    ----------
    name, cohort, outcome : str
    tags : tuple of str
        Why it is worth a look.
    probability : str
        Of the judged score.
    scores, points : tuple of tuple of str
        Rows of the two small tables.
    bars : tuple of Bar
        The features that moved the score most.
    sums : str
        How base and bars add up to the score.
    pictures : tuple of CardPicture
    """

    name: str
    cohort: str
    outcome: str
    tags: tuple[str, ...]
    probability: str
    scores: tuple[tuple[str, ...], ...]
    points: tuple[tuple[str, ...], ...]
    bars: tuple[Bar, ...]
    sums: str
    pictures: tuple[CardPicture, ...]


@dataclass(frozen=True, eq=False)
class Cases:
    """The case viewer: one card is seen at a time."""

    name: str
    judged_by: str
    cards: tuple[CaseCard, ...]
    stamp: str = ""
    kind: str = "cases"


Block = Text | Bullets | Facts | Table | Figure | Fold | Listing | Checklist | Cases


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
    # What the run proves, by key: a sentence and the section that shows it; for checklists.
    evidence: Mapping[str, tuple[str, str]] = field(default_factory=dict)
