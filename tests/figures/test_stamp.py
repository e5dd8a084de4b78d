"""Figures of simulated cohorts cannot be mistaken for real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dlr.figures import is_stamped, save_figure, stamp_simulated


def drawn(layout: str | None = "constrained") -> Figure:
    """Return a small figure with a label at its lower edge."""
    figure = Figure(figsize=(3, 2), layout=layout)
    figure.add_subplot().set_xlabel("label")
    return figure


def pixels(figure: Figure, path: Path) -> np.ndarray:
    """Return a figure as an array of shape (height, width, 3), 0 to 255."""
    import matplotlib.image

    save_figure(figure, path, ["png"])
    return (matplotlib.image.imread(path.with_suffix(".png"))[..., :3] * 255).astype(int)


@pytest.mark.parametrize("layout", ["constrained", None])
def test_stamp_has_a_band_and_text_across(layout: str | None, tmp_path: Path) -> None:
    plain = pixels(drawn(layout), tmp_path / "plain")
    stamped = pixels(stamp_simulated(drawn(layout)), tmp_path / "stamped")
    assert plain.shape == stamped.shape
    band = stamped[-10:]
    assert (band[..., 0] > 200).mean() > 0.5
    assert (band[..., 2] < 60).mean() > 0.5
    changed = (np.abs(plain - stamped).sum(axis=2) > 8)[: -stamped.shape[0] // 5]
    assert changed.mean() > 0.02


def test_band_hides_no_label() -> None:
    figure = stamp_simulated(drawn())
    figure.draw_without_rendering()
    label = figure.axes[0].xaxis.label.get_window_extent()
    assert label.y0 > 0.17 * figure.dpi


def test_stamping_twice_changes_nothing() -> None:
    figure = drawn()
    assert not is_stamped(figure)
    stamp_simulated(figure)
    count = len(figure.texts)
    stamp_simulated(figure)
    assert is_stamped(figure)
    assert len(figure.texts) == count


def test_saving_writes_all_formats_the_same_each_time(tmp_path: Path) -> None:
    first = save_figure(drawn(), tmp_path / "a" / "figure", ["svg", "png", "pdf"])
    second = save_figure(drawn(), tmp_path / "b" / "figure", ["svg", "png", "pdf"])
    assert [path.suffix for path in first] == [".svg", ".png", ".pdf"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_band_fits_a_narrow_figure() -> None:
    figure = Figure(figsize=(1.3, 1.6))
    stamp_simulated(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    (band,) = [text for text in figure.texts if "not from patients" in text.get_text()]
    assert band.get_window_extent(renderer).width < figure.bbox.width
