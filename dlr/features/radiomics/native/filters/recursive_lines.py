"""Run recursive filters along the lines of a volume, several of them over one reading of a line.

Reading lines across the memory of a volume takes as long as filtering them, so all widths of a
filter that start from the same volume are run on each line while it is at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.compiled import compiled

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

LANES = 32
"""Lines filtered side by side: the recursion runs along a line, the processor across lines."""

ROW, ROW2, ROW3, ROW4 = (np.uint64(k * LANES) for k in (1, 2, 3, 4))

(
    FIRST_BLOCK, LAST_BLOCK, FIRST_LANE, LAST_LANE, START, STOP, LOW, HIGH,
    PLACE, BLOCK_STEP, SAMPLE_STEP, LANE_STEP,
) = range(12)  # fmt: skip


@dataclass(frozen=True)
class Pass:
    """One filter along one axis.

    Attributes
    ----------
    coefficients : ndarray, shape (5, 4)
        From :mod:`recursive_gaussian`.
    outer : Box
        The part of the volume that is read.
    low, high : int
        The samples along the axis, in the volume's coordinates, that are kept.
    """

    coefficients: Floats
    outer: Box
    low: int
    high: int

    def size(self, axis: int) -> tuple[int, int, int]:
        """Return the shape of the result."""
        z, y, x = (self.high - self.low if a == axis else n for a, n in enumerate(self.outer.size))
        return z, y, x


def filter_axis(source: npt.NDArray[Any], axis: int, passes: list[Pass]) -> list[Singles]:
    """Run filters along one axis of a volume.

    Parameters
    ----------
    source : ndarray of float, shape (z, y, x)
        A contiguous volume of 32 or 64 bits.
    axis : int
        The axis along which lines run.
    passes : list of Pass
        What to compute.

    Returns
    -------
    list of ndarray of float32
        One result per pass, each of its ``size(axis)``.
    """
    across, along = (1, 2) if axis == 0 else (0, 3 - axis)  # axes of blocks, and of lanes
    order = (across, axis, along)
    lines = np.array([[source.shape[a], source.strides[a] // source.itemsize] for a in order])
    results = [np.empty(item.size(axis), np.float32) for item in passes]
    buffer = np.empty(sum(result.size for result in results), np.float32)
    jobs = np.empty((len(passes), 12), np.int64)
    used = 0
    for job, item, result in zip(jobs, passes, results):
        low, high = item.outer.low, item.outer.high
        job[:START] = low[across], high[across], low[along], high[along]
        job[START:PLACE] = low[axis], high[axis], item.low, item.high
        job[PLACE:] = used, *(result.strides[a] // 4 for a in order)
        used += result.size
    coefficients = np.array([item.coefficients for item in passes])
    filter_lines(source.ravel(), lines, coefficients, jobs, buffer)
    ends = np.cumsum([result.size for result in results])[:-1]
    return [part.reshape(r.shape) for part, r in zip(np.split(buffer, ends), results)]


@compiled
def filter_lines(
    source: npt.NDArray[Any], lines: Integers, coefficients: Floats, jobs: Integers, result: Singles
) -> None:
    """Filter a volume seen as (blocks, samples, lanes); `lines` holds their numbers and steps."""
    n = lines[1, 0]
    samples, reverse = _aligned(n * LANES), _aligned((n + 1) * LANES)
    forward, backward = _aligned(n * LANES), _aligned(n * LANES)
    for block in range(lines[0, 0]):
        for first in range(0, lines[2, 0], LANES):
            gathered = False
            for j in range(len(jobs)):
                job = jobs[j]
                begin, end = max(first, job[FIRST_LANE]), min(first + LANES, job[LAST_LANE])
                if begin >= end or block < job[FIRST_BLOCK] or block >= job[LAST_BLOCK]:
                    continue
                if not gathered:
                    used = min(LANES, lines[2, 0] - first)
                    place = block * lines[0, 1] + first * lines[2, 1]
                    _gather(source, place, lines[1, 1], lines[2, 1], used, samples)
                    _turn_round(samples, reverse)
                    gathered = True
                start, stop, low, high = job[START], job[STOP], job[LOW], job[HIGH]
                n_forward, n_backward, poles, forward_edge, backward_edge = coefficients[j]
                _recurse(samples, start, 0, n_forward, poles, forward_edge, forward, high - start)
                _recurse(
                    reverse, n - stop + 1, 1, n_backward, poles, backward_edge, backward, stop - low
                )
                place = job[PLACE] + (block - job[FIRST_BLOCK]) * job[BLOCK_STEP]
                place += (begin - job[FIRST_LANE]) * job[LANE_STEP]
                for i in range(low, high):
                    here = np.uint64((i - start) * LANES + begin - first)
                    there = np.uint64((stop - 1 - i) * LANES + begin - first)
                    target, lane_step = np.uint64(place), np.uint64(job[LANE_STEP])
                    for lane in range(np.uint64(end - begin)):
                        value = forward[here + lane] + backward[there + lane]
                        result[target + lane * lane_step] = value
                    place += job[SAMPLE_STEP]


@compiled
def _aligned(size: int) -> Floats:
    """Return zeros that start at a cache line, which vectors of the processor then never cross."""
    buffer = np.zeros(size + 8)
    first = (-buffer.ctypes.data % 64) // 8
    return buffer[first : first + size]


@compiled
def _gather(
    source: npt.NDArray[Any], place: int, step: int, lane_step: int, used: int, samples: Floats
) -> None:
    """Copy `used` lines into (samples, lanes), in the order of the memory they lie in."""
    n = len(samples) // LANES
    if lane_step == 1:
        for i in range(n):
            here, there = np.uint64(place + i * step), np.uint64(i * LANES)
            for lane in range(np.uint64(used)):
                samples[there + lane] = source[here + lane]
    else:
        for lane in range(used):
            here, there = np.uint64(place + lane * lane_step), np.uint64(lane)
            for i in range(np.uint64(n)):
                samples[there + i * ROW] = source[here + i * np.uint64(step)]


@compiled
def _turn_round(samples: Floats, reverse: Floats) -> None:
    """Copy lines from their ends to their starts, behind one unused row."""
    n = len(samples) // LANES
    for i in range(n):
        here, there = np.uint64(i * LANES), np.uint64((n - i) * LANES)
        for lane in range(ROW):
            reverse[there + lane] = samples[here + lane]


@compiled
def _recurse(
    x: Floats, first: int, lag: int, n: Floats, d: Floats, e: Floats, y: Floats, rows: int
) -> None:
    """Run along all lanes from row `first` on; before it, the first value goes on for ever.

    `lag` is 0 where a sample counts towards its own result (forward) and 1 where it does not
    (backward). Unsigned places spare the compiler the check for negative ones.
    """
    n0, n1, n2, n3 = n
    d1, d2, d3, d4 = d
    e1, e2, e3, e4 = e
    for lane in range(LANES):
        v = x[first * LANES + lane]
        x1 = x[(first + 1 - lag) * LANES + lane]
        x2 = x[(first + 2 - lag) * LANES + lane]
        x3 = x[(first + 3 - lag) * LANES + lane]
        y0 = v * n0 + v * n1 + v * n2 + v * n3
        y0 -= v * e1 + v * e2 + v * e3 + v * e4
        y1 = x1 * n0 + v * n1 + v * n2 + v * n3
        y1 -= y0 * d1 + v * e2 + v * e3 + v * e4
        y2 = x2 * n0 + x1 * n1 + v * n2 + v * n3
        y2 -= y1 * d1 + y0 * d2 + v * e3 + v * e4
        y3 = x3 * n0 + x2 * n1 + x1 * n2 + v * n3
        y3 -= y2 * d1 + y1 * d2 + y0 * d3 + v * e4
        y[lane], y[LANES + lane], y[2 * LANES + lane], y[3 * LANES + lane] = y0, y1, y2, y3
    begin = np.uint64((first - lag) * LANES)
    for k in range(np.uint64(4 * LANES), np.uint64(rows * LANES)):
        i = begin + k
        value = x[i] * n0 + x[i - ROW] * n1 + x[i - ROW2] * n2 + x[i - ROW3] * n3
        y[k] = value - (y[k - ROW] * d1 + y[k - ROW2] * d2 + y[k - ROW3] * d3 + y[k - ROW4] * d4)
