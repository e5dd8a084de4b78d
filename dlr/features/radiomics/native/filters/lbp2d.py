"""Local binary patterns of slices (Ojala, Pietikäinen and Mäenpää, 2002).

The values are those of scikit-image's ``local_binary_pattern``, which PyRadiomics applies to every
slice. A pattern needs only the pixels around it, so an own loop over the region's box is shorter
than to depend on scikit-image for whole slices. Equal neighbours are decided by rounding, so the
interpolation below keeps the order of terms of scikit-image.
"""

from __future__ import annotations

import math

import numpy as np

from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.filters.filtered import FilteredImage
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.options import ExtractionSettings

NAME = "lbp-2D"
METHODS = ("default", "ror", "uniform", "var")
DEFAULT, ROTATED, UNIFORM, VARIANCE = range(4)
MOST_SAMPLES = 31
"""Codes of more bits do not fit the 32-bit integers in which scikit-image turns them."""


def lbp_2d(intensities: Intensities, box: Box, settings: ExtractionSettings) -> FilteredImage:
    """Return the local binary pattern of each pixel, slice by slice, cut to `box`.

    ``lbp2DSamples`` points lie on a circle of ``lbp2DRadius`` pixels (not mm) around a pixel, in
    slices of the array axis ``force2Ddimension``; beyond the border of the image is 0. A bit is
    set where a point is at least as bright as the centre.

    Methods (``lbp2DMethod``): ``default``, the bits as a number; ``ror``, the smallest number
    that turning the bits gives; ``uniform``, the number of bits set, or samples + 1 where they
    change more than twice; ``var``, the variance of the points, NaN where it is 0.

    The result has the type of the image, as in PyRadiomics: for integers, ``var`` is cut to whole
    numbers, and codes that do not fit the type wrap around.
    """
    samples, radius = settings.lbp2DSamples, float(np.float32(settings.lbp2DRadius))
    method = METHODS.index(settings.lbp2DMethod)
    if method in (DEFAULT, ROTATED) and samples > MOST_SAMPLES:
        problem = (
            f"lbp2DMethod {settings.lbp2DMethod} takes at most {MOST_SAMPLES} samples "
            f"(lbp2DSamples), not {samples}; choose uniform"
        )
        return FilteredImage(NAME, None, problem)
    axis = settings.force2Ddimension
    z, y, x = (0 if other == axis else math.ceil(radius) + 1 for other in range(3))
    outer = box.grown((z, y, x), intensities.shape)
    inner = box.within(outer)
    voxels = intensities.crop(outer)
    # axis 2 turns z, y, x into x, y, z: slices of rows y and columns z, as PyRadiomics cuts them
    slices = np.ascontiguousarray(voxels.astype(np.float64).swapaxes(0, axis))
    window = np.array([inner.low, inner.high, outer.low], np.int64)[:, _swapped(axis)]
    angles = 2 * np.pi * np.arange(samples, dtype=np.float64) / samples
    rows, columns = np.round(-radius * np.sin(angles), 5), np.round(radius * np.cos(angles), 5)
    patterns = _patterns(slices, window, rows, columns, method).swapaxes(0, axis)
    with np.errstate(invalid="ignore"):  # NaN and large codes in an integer image
        return FilteredImage(NAME, np.ascontiguousarray(patterns.astype(voxels.dtype)))


def _swapped(axis: int) -> list[int]:
    order = [0, 1, 2]
    order[0], order[axis] = order[axis], order[0]
    return order


@compiled
def _patterns(
    slices: Floats, window: np.ndarray, rows: Floats, columns: Floats, method: int
) -> Floats:
    """Return the patterns within a window: low, high, and where the slices lie in the image.

    The place of a point is rounded as a place in the image before it is moved into the slices.
    """
    z0, y0, x0 = window[0]
    z1, y1, x1 = window[1]
    _, top, left = window[2]
    result = np.empty((z1 - z0, y1 - y0, x1 - x0))
    points = np.empty(len(rows))
    for z in range(z0, z1):
        for y in range(y0, y1):
            for x in range(x0, x1):
                for i in range(len(rows)):
                    row, column = y + top + rows[i], x + left + columns[i]
                    points[i] = _interpolated(slices[z], row - top, column - left)
                value = _variance(points)
                if method != VARIANCE:
                    value = _code(points, slices[z, y, x], method)
                result[z - z0, y - y0, x - x0] = value
    return result


@compiled
def _interpolated(image: Floats, row: float, column: float) -> float:
    """Interpolate between the four pixels around a place."""
    above, below = math.floor(row), math.ceil(row)
    left, right = math.floor(column), math.ceil(column)
    down, across = row - above, column - left
    top = (1 - across) * _pixel(image, above, left) + across * _pixel(image, above, right)
    bottom = (1 - across) * _pixel(image, below, left) + across * _pixel(image, below, right)
    return (1 - down) * top + down * bottom


@compiled
def _pixel(image: Floats, row: int, column: int) -> float:
    height, width = image.shape
    if row < 0 or row >= height or column < 0 or column >= width:
        return 0.0
    return image[row, column]


@compiled
def _variance(points: Floats) -> float:
    n = len(points)
    total = squares = 0.0
    for point in points:
        total += point
        squares += point * point
    variance = (squares - (total * total) / n) / n
    return variance if variance != 0 else math.nan


@compiled
def _code(points: Floats, centre: float, method: int) -> float:
    n = len(points)
    number = set_bits = changes = 0
    before = 0
    for i in range(n):
        bit = 1 if points[i] - centre >= 0 else 0
        if i > 0 and bit != before:
            changes += 1
        before = bit
        set_bits += bit
        if method != UNIFORM:
            number += bit << i
    if method == UNIFORM:
        # the change from the last bit to the first does not count
        return float(set_bits) if changes <= 2 else float(n + 1)
    if method == ROTATED:
        smallest = number
        for _ in range(n - 1):
            number = (number >> 1) | ((number & 1) << (n - 1))
            smallest = min(smallest, number)
        number = smallest
    return float(number)
