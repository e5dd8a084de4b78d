"""The stamp on every figure made from a simulated cohort, and the saving of figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from dlr.figures._style import VERMILLION, figure_style

STAMP = "SIMULATED DATA"
_BAND = 0.17  # inches
_BAND_SIZE, _BAND_LENGTH = 6.5, 2.1  # points, and inches that its words take at that size
_LENGTH, _HEIGHT = 10.2, 0.75  # of the stamp in bold, as multiples of its font size


def stamp_simulated(figure: Figure) -> Figure:
    """Mark a figure as made from simulated data: pale text across it and a band below.

    The band cannot be overlooked; the text across survives cropping. Stamping twice changes
    nothing.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure; one with the constrained layout makes room for the band.

    Returns
    -------
    matplotlib.figure.Figure
        The same figure.
    """
    if is_stamped(figure):
        return figure
    width, height = figure.get_size_inches()
    share = _BAND / height
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, share, 1, 1 - share))
    angle, size = _across(width, height - _BAND)
    figure.text(
        0.5, 0.5 + share / 2, STAMP, rotation=angle, ha="center", va="center",
        fontsize=size, fontweight="bold", color=VERMILLION, alpha=0.13, zorder=50,
        gid="simulated-stamp", in_layout=False,
    )  # fmt: skip
    figure.add_artist(
        Rectangle((0, 0), 1, share, transform=figure.transFigure, color=VERMILLION, zorder=60)
    )
    figure.text(
        0.5, share / 2, f"{STAMP} \N{EN DASH} not from patients", ha="center", va="center_baseline",
        fontsize=_BAND_SIZE * min(1.0, width / _BAND_LENGTH), fontweight="bold", color="white",
        zorder=61, in_layout=False,
    )  # fmt: skip
    return figure


def _across(width: float, height: float) -> tuple[float, float]:
    """Return angle (degrees) and font size (points) that fill a rectangle from corner to corner."""
    angle = math.atan2(height, width)
    sine, cosine = math.sin(angle), math.cos(angle)
    wide = _LENGTH * cosine + _HEIGHT * sine
    high = _LENGTH * sine + _HEIGHT * cosine
    inches = 0.97 * min(width / wide, height / high)
    return math.degrees(angle), min(72 * inches, 44.0)


def is_stamped(figure: Figure) -> bool:
    """Tell whether a figure carries the stamp of simulated data."""
    return any(text.get_gid() == "simulated-stamp" for text in figure.texts)


def save_figure(figure: Figure, stem: Path, formats: Sequence[str] = ("svg", "png")) -> list[Path]:
    """Save a figure as vector graphics and as a 300-dpi picture.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to save.
    stem : Path
        Path without suffix; its folder is made when missing.
    formats : sequence of str
        Suffixes without dot; "pdf" too, with editable text (it takes longer than the others).

    Returns
    -------
    list of Path
        The files written, in the order of `formats`.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in formats]
    # Dates would make two runs of the same study differ.
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with figure_style():
        for path, suffix in zip(paths, formats, strict=True):
            figure.savefig(path, format=suffix, metadata=metadata.get(suffix))
    return paths
