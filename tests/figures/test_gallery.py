"""Every figure of the gallery: nothing overlaps, nothing is clipped or empty, files are small."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dlr import figures

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def gallery() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    import make_gallery

    yield make_gallery
    sys.path.remove(str(DOCS))


def test_every_picture_is_readable(gallery, crowded) -> None:
    problems = {entry.name: crowded(entry.figure()) for entry in gallery.entries()}
    assert {name: found for name, found in problems.items() if found} == {}


def test_every_figure_function_is_shown(gallery) -> None:
    shown = {entry.function for entry in gallery.entries()}
    assert shown == {name for name in figures.__all__ if name.startswith("plot_")}


def test_page_and_pictures_are_those_of_the_script(gallery) -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.page()
    pictures = {path.name: path.stat().st_size for path in (DOCS / "gallery").glob("*.png")}
    assert set(pictures) == {f"{entry.name}.png" for entry in gallery.entries()}
    assert max(pictures.values()) <= gallery.MOST_BYTES


def test_a_picture_is_written(gallery, tmp_path) -> None:
    entry = gallery.entries()[0]
    path = gallery.write_picture(entry, tmp_path)
    assert path.read_bytes() == gallery.write_picture(entry, tmp_path / "again").read_bytes()
