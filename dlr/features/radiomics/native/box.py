"""Boxes of voxels: where a region lies, and how much of the image around it a filter needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """A box of voxels, ``low`` included and ``high`` not, along z, y, x."""

    low: Triple
    high: Triple

    @classmethod
    def around(cls, mask: npt.NDArray[np.bool_]) -> Box:
        """Return the smallest box that holds all true voxels of `mask` (which has some)."""
        low, high = [], []
        for axis in range(3):
            others = tuple(other for other in range(3) if other != axis)
            used = np.flatnonzero(mask.any(axis=others))
            low.append(int(used[0]))
            high.append(int(used[-1]) + 1)
        return cls((low[0], low[1], low[2]), (high[0], high[1], high[2]))

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
