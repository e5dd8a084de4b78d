"""What surrounds each voxel: sums over its neighbours in all directions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats, Integers


@compiled
def dependents(
    flat: npt.NDArray[np.int32], places: Integers, offsets: Integers, levels: Floats, reach: float
) -> Integers:
    """Return, per voxel, how many neighbours differ by at most `reach` grey levels."""
    counts = np.zeros(len(places), np.int64)
    if reach == 0:
        for offset in offsets:
            for i in range(len(places)):
                here, there = np.uint64(places[i]), np.uint64(places[i] + offset)
                counts[i] += flat[there] == flat[here]
        return counts
    table = np.full(len(levels) + 1, np.inf)  # outside the region: far from any grey level
    table[1:] = levels
    for offset in offsets:
        for i in range(len(places)):
            here, there = np.uint64(places[i]), np.uint64(places[i] + offset)
            gap = table[np.uint32(flat[there])] - table[np.uint32(flat[here])]
            counts[i] += abs(gap) <= reach
    return counts


@compiled
def surroundings(
    flat: npt.NDArray[np.int32], places: Integers, offsets: Integers, levels: Floats
) -> tuple[Floats, Floats]:
    """Return, per voxel, the sum of its neighbours' grey levels and their number."""
    sums, counts = np.zeros(len(places)), np.zeros(len(places))
    values = np.zeros(len(flat))
    for place in places:
        values[place] = levels[flat[place] - 1]
    for offset in offsets:
        for i in range(len(places)):
            value = values[np.uint64(places[i] + offset)]
            sums[i] += value
            counts[i] += value != 0  # grey levels start at 1
    return sums, counts
