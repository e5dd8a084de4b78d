"""Draws the figures of a report; the one place where they are made, stamped and saved."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlr.figures import save_figure, stamp_simulated
from dlr.figures._style import figure_style, root_figure
from dlr.report._blocks import Figure, Report, Section

LARGEST_SVG = 200_000
"""Vector files larger than this many bytes go into the page as pictures instead."""
PAGE_DPI = 144


@dataclass(frozen=True)
class Picture:
    """A drawn figure as the page needs it.

    Parameters
    ----------
    source : str
        ``data:`` address of the picture.
    suffix : str
        ``svg`` or ``png``.
    width : int
        Natural width in CSS pixels (96 per inch).
    files : tuple of str
        Names of the saved files, relative to the report's folder.
    """

    source: str
    suffix: str
    width: int
    files: tuple[str, ...]


def draw_all(report: Report, folder: Path, *, pdf: bool = False) -> dict[str, Picture]:
    """Draw every figure of a report into ``folder/figures``, as SVG, PNG and, if asked, PDF.

    Returns
    -------
    dict of str to Picture
        By the figure's name.
    """
    formats = ("svg", "png", "pdf") if pdf else ("svg", "png")
    pictures: dict[str, Picture] = {}
    for figure in figures_of(report.sections):
        if figure.name in pictures:
            raise ValueError(f"two figures are called '{figure.name}'; give each its own name")
        pictures[figure.name] = _draw(figure, folder, formats, simulated=report.simulated)
    return pictures


def figures_of(sections: tuple[Section, ...]) -> list[Figure]:
    """Return all figures, those in folds too, in reading order."""
    found = []
    for section in sections:
        for block in section.blocks:
            inner = block.blocks if block.kind == "fold" else (block,)  # type: ignore[union-attr]
            found += [item for item in inner if isinstance(item, Figure)]
    return found


def _draw(block: Figure, folder: Path, formats: Sequence[str], *, simulated: bool) -> Picture:
    drawn = root_figure(block.draw())
    if simulated:
        stamp_simulated(drawn)
    with figure_style():  # arranged once, not again for every file
        drawn.draw_without_rendering()
    drawn.set_layout_engine("none")
    paths = save_figure(drawn, folder / "figures" / block.name, formats)
    files = tuple(path.relative_to(folder).as_posix() for path in paths)
    width = round(96 * drawn.get_size_inches()[0])
    svg = paths[0].read_bytes()
    if not block.raster:
        svg = _slim(svg)
        if len(svg) <= LARGEST_SVG:
            return Picture(_data("image/svg+xml", svg), "svg", width, files)
    buffer = io.BytesIO()
    with figure_style():
        drawn.savefig(buffer, format="png", dpi=PAGE_DPI)
    return Picture(_data("image/png", buffer.getvalue()), "png", width, files)


def _slim(svg: bytes) -> bytes:
    """Drop comments and metadata, and round the coordinates of paths to a hundredth of a point."""
    text = svg.decode("utf-8")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r' d="[^"]*"', _rounded, text)
    return re.sub(r">\s+<", "><", text).encode("utf-8")


def _rounded(match: re.Match[str]) -> str:
    return re.sub(r"(\.\d{2})\d+", r"\1", match.group())


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
