"""Draws the figures of a report, stamps and saves them, and reads them for the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dlr.errors import DlrError
from dlr.figures import save_figure, stamp_simulated
from dlr.figures._style import figure_style, root_figure
from dlr.progress import Progress, silent
from dlr.report._blocks import CardPicture, Cases, Figure, Fold, Report, Section

LARGEST_SVG = 200_000
"""Vector files larger than this many bytes go into the page as pictures instead."""
PAGE_DPI = 144
SAVED_DPI = 300
MOST_CROPS_BYTES = 5_000_000
"""Of all JPEG files of ROI crops together, so that the page stays below 15 MB."""
_SMALLER = ((1.0, 80), (1.0, 60), (1.0, 40), (0.5, 60), (0.5, 30), (0.25, 40))
"""Share of the size and JPEG quality, tried until a crop is small enough; the first is usual."""


_ACTIVE = re.compile(rb"<!ENTITY|<!ATTLIST|<script|<foreignObject|<iframe", re.IGNORECASE)


@dataclass(frozen=True)
class Picture:
    """A drawn figure as the page needs it.

    Parameters
    ----------
    source : str
        ``data:`` address of the picture.
    suffix : str
        ``svg``, ``png`` or ``jpg``.
    width : int
        Natural width in CSS pixels (96 per inch).
    files : tuple of str
        Names of the saved files, relative to the report's folder.
    """

    source: str
    suffix: str
    width: int
    files: tuple[str, ...]


def draw_all(
    report: Report, folder: Path, *, pdf: bool = False, progress: Progress = silent
) -> dict[str, Picture]:
    """Draw every figure of a report into ``folder/figures``, as SVG, PNG and, if asked, PDF.

    Crops of single cases go into ``folder/cases``.

    Returns
    -------
    dict of str to Picture
        By the figure's name; crops by their file.
    """
    formats = ("svg", "png", "pdf") if pdf else ("svg", "png")
    names: set[str] = set()
    drawn = figures_of(report.sections)
    for number, figure in enumerate(drawn):
        progress("figures", number, len(drawn))
        if figure.name in names:
            raise ValueError(f"two figures are called '{figure.name}'; give each its own name")
        names.add(figure.name)
        _draw(figure, folder, formats, simulated=report.simulated)
    if drawn:
        progress("figures", len(drawn), len(drawn))
    crops = crops_of(report.sections)
    for crop in crops:
        _save_crop(crop, folder, MOST_CROPS_BYTES // len(crops))
    return load_pictures(report, folder)


def load_pictures(report: Report, folder: Path) -> dict[str, Picture]:
    """Read the files of a report's figures and crops for the page.

    Raises
    ------
    DlrError
        If a file is gone.
    """
    pictures = {figure.name: _load(figure, folder) for figure in figures_of(report.sections)}
    for crop in crops_of(report.sections):
        content = _read(folder / crop.file)
        source = _data("image/jpeg", content)
        pictures[crop.file] = Picture(source, "jpg", crop.width, (crop.file,))
    return pictures


def figures_of(sections: tuple[Section, ...]) -> list[Figure]:
    """Return all figures, those in folds too, in reading order."""
    found = []
    for section in sections:
        for block in section.blocks:
            inner = block.blocks if isinstance(block, Fold) else (block,)
            found += [item for item in inner if isinstance(item, Figure)]
    return found


def crops_of(sections: tuple[Section, ...]) -> list[CardPicture]:
    """Return the crops of all cases."""
    viewers = [b for section in sections for b in section.blocks if isinstance(b, Cases)]
    return [crop for viewer in viewers for card in viewer.cards for crop in card.pictures]


def _draw(block: Figure, folder: Path, formats: Sequence[str], *, simulated: bool) -> None:
    if block.draw is None:  # read back: its files are there
        return
    drawn = root_figure(block.draw())
    if simulated:
        stamp_simulated(drawn)
    with figure_style():  # arranged once, not again for every file
        drawn.draw_without_rendering()
    drawn.set_layout_engine("none")
    save_figure(drawn, folder / "figures" / block.name, formats)


def _save_crop(crop: CardPicture, folder: Path, most: int) -> None:
    """Save a crop as JPEG, coarser where it would take more than `most` bytes."""
    if crop.crop is None:
        return
    whole = Image.fromarray(crop.crop)
    content = b""
    for share, quality in _SMALLER:
        size = (max(1, round(share * whole.width)), max(1, round(share * whole.height)))
        buffer = io.BytesIO()
        whole.resize(size).save(buffer, format="JPEG", quality=quality)
        content = buffer.getvalue()
        if len(content) <= most:
            break
    path = folder / crop.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _load(block: Figure, folder: Path) -> Picture:
    stem = folder / "figures" / block.name
    svg = _read(stem.with_name(f"{stem.name}.svg"))
    _refuse_active(svg, stem.name)
    width = _width(svg)
    suffixes = ("svg", "png", "pdf")
    there = [stem.with_name(f"{stem.name}.{suffix}") for suffix in suffixes]
    files = tuple(path.relative_to(folder).as_posix() for path in there if path.is_file())
    if not block.raster:
        svg = _slim(svg)
        if len(svg) <= LARGEST_SVG:
            return Picture(_data("image/svg+xml", svg), "svg", width, files)
    png = _smaller(_read(stem.with_name(f"{stem.name}.png")))
    return Picture(_data("image/png", png), "png", width, files)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DlrError(
            f"the report needs the file {path}, which is gone; run the study again"
        ) from None


def _refuse_active(svg: bytes, name: str) -> None:
    """Refuse a drawing with scripts or entities, which dlr never writes."""
    found = _ACTIVE.search(svg)
    if found:
        shown = found.group().decode("ascii")
        raise DlrError(
            f"the figure '{name}' holds '{shown}', which dlr never writes; do not open this folder"
        )


def _width(svg: bytes) -> int:
    """Return the width of an SVG file in CSS pixels."""
    found = re.search(rb'<svg[^>]* width="([\d.]+)pt"', svg)
    return round(float(found.group(1)) * 96 / 72) if found else 480


def _smaller(png: bytes) -> bytes:
    """Bring a saved picture to the resolution of the page."""
    with Image.open(io.BytesIO(png)) as picture:
        size = [max(1, round(side * PAGE_DPI / SAVED_DPI)) for side in picture.size]
        small = picture.convert("RGB").resize((size[0], size[1]), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


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
