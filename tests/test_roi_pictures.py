"""The outline of an ROI lies on the edges of its pixels."""

from __future__ import annotations

import numpy as np

from dlr.roi_pictures import outline_of


def test_outline_runs_around_the_pixels() -> None:
    inside = np.zeros((20, 30), dtype=bool)
    inside[5:9, 10:20] = True
    (polygon,) = outline_of(inside)
    x, y = np.array(polygon).T
    assert (x.min(), x.max(), y.min(), y.max()) == (10.0, 20.0, 5.0, 9.0)
    assert polygon[0] == polygon[-1]
    assert len(polygon) <= 10  # straight edges need no points between their ends


def test_a_hole_and_an_island_have_outlines_of_their_own() -> None:
    inside = np.zeros((30, 30), dtype=bool)
    inside[2:20, 2:20] = True
    inside[8:12, 8:12] = False
    inside[25:28, 25:28] = True
    assert len(outline_of(inside)) == 3


def test_an_roi_at_the_border_is_closed_and_an_empty_one_has_no_outline() -> None:
    inside = np.zeros((8, 8), dtype=bool)
    assert outline_of(inside) == ()
    inside[0:3, 0:3] = True
    (polygon,) = outline_of(inside)
    assert polygon[0] == polygon[-1]
