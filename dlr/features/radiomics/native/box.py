"""Boxes of voxels: where a region lies, and how much of the image around it a filter needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """A box of voxels, ``low`` included and ``high`` not, along z, y, x."""

    low: Triple
    high: Triple

    @property
    def size(self) -> Triple:
        """Extent along z, y, x."""
        (a, b, c), (d, e, f) = self.low, self.high
        return d - a, e - b, f - c

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index into an array."""
        z, y, x = (slice(a, b) for a, b in zip(self.low, self.high))
        return z, y, x

    def grown(self, margins: Triple, shape: tuple[int, ...]) -> Box:
        """Return the box grown by `margins` on both sides, cut at the border of the image."""
        low = [max(a - margin, 0) for a, margin in zip(self.low, margins)]
        high = [min(b + margin, n) for b, margin, n in zip(self.high, margins, shape)]
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def within(self, outer: Box) -> Box:
        """Return the same box in the coordinates of `outer`."""
        low = [a - b for a, b in zip(self.low, outer.low)]
        high = [a - b for a, b in zip(self.high, outer.low)]
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def locate(labels: npt.NDArray[Any], label: int = 1) -> tuple[Box | None, int]:
    """Find the smallest box around the voxels of one label, and count them.

    Parameters
    ----------
    labels : ndarray, shape (z, y, x)
        A mask, or a label map of any number type.
    label : int
        The value to look for.

    Returns
    -------
    box : Box or None
        None when the label is absent.
    n_voxels : int
        How many voxels have the label.
    """
    array = labels.view(np.uint8) if labels.dtype == np.bool_ else labels
    value = np.array(label).astype(array.dtype)
    if value != label:
        return None, 0  # the type cannot hold it
    n_voxels, *ends = _extent(np.ascontiguousarray(array), value[()]).tolist()
    if n_voxels == 0:
        return None, 0
    return Box((ends[0], ends[1], ends[2]), (ends[3], ends[4], ends[5])), n_voxels


@compiled
def _extent(labels: npt.NDArray[Any], label: Any) -> npt.NDArray[np.int64]:
    """Return the number of voxels with a label, their lowest places and their highest plus one."""
    depth, height, width = labels.shape
    z0, y0, x0, z1, y1, x1 = depth, height, width, 0, 0, 0
    n_voxels = 0
    for z in range(depth):
        for y in range(height):
            row = labels[z, y]
            found = 0
            for x in range(width):
                found += row[x] == label
            if found > 0:
                n_voxels += found
                z0, z1 = min(z0, z), max(z1, z + 1)
                y0, y1 = min(y0, y), max(y1, y + 1)
                first, last = 0, width - 1
                while row[first] != label:
                    first += 1
                while row[last] != label:
                    last -= 1
                x0, x1 = min(x0, first), max(x1, last + 1)
    return np.array([n_voxels, z0, y0, x0, z1, y1, x1])
