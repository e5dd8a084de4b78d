"""Shape features of a region in one slice."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.diameters import largest_diameters
from dlr.features.radiomics.native.discretisation import Floats
from dlr.features.radiomics.native.shape import axis_variances


def shape_2d(
    mask: npt.NDArray[np.bool_], spacing: tuple[float, float], ibsi: bool = False
) -> dict[str, float]:
    """Compute the shape features of a slice (PyRadiomics' ``shape2D``) in mm and mm².

    Parameters
    ----------
    mask : ndarray of bool, shape (y, x)
        The region in its bounding box.
    spacing : tuple of float
        Pixel size (mm) along y, x.
    ibsi : bool
        Divide variances along the axes by n - 1, as IBSI's reference values do, not by n.
    """
    padded = np.pad(mask, 1)
    perimeter, surface = _outline(padded, np.array(spacing))
    minor, major = axis_variances(mask, spacing, ibsi)
    sphericity = 2 * math.sqrt(math.pi * surface) / perimeter
    return {
        "Elongation": math.sqrt(minor / major),
        "MajorAxisLength": 4 * math.sqrt(major),
        "MaximumDiameter": _diameter(padded, spacing),
        "MeshSurface": surface,
        "MinorAxisLength": 4 * math.sqrt(minor),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "PixelSurface": int(mask.sum()) * math.prod(spacing),
        "Sphericity": sphericity,
        "SphericalDisproportion": 1 / sphericity,
    }


def _diameter(padded: npt.NDArray[np.bool_], spacing: tuple[float, float]) -> float:
    """Return the largest distance between points of the outline: a slice within a volume."""
    volume = np.zeros((3, *padded.shape), bool)
    volume[1] = padded
    return largest_diameters(volume, (1.0, *spacing))[0]


@compiled
def _outline(mask: npt.NDArray[np.bool_], spacing: Floats) -> tuple[float, float]:
    """Return length of and area within the outline through midpoints (marching squares).

    A square with one corner inside holds an eighth of a pixel, with three seven eighths; two
    inside corners that face each other diagonally are separated.
    """
    height, width = mask.shape
    pixel = spacing[0] * spacing[1]
    cut = 0.5 * math.sqrt(spacing[0] ** 2 + spacing[1] ** 2)
    length = area = 0.0
    for y in range(height - 1):
        for x in range(width - 1):
            a, b = mask[y, x], mask[y, x + 1]
            c, d = mask[y + 1, x], mask[y + 1, x + 1]
            inside = int(a) + int(b) + int(c) + int(d)
            if inside == 1 or inside == 3:
                length += cut
                area += 0.125 * pixel if inside == 1 else 0.875 * pixel
            elif inside == 4:
                area += pixel
            elif inside == 2 and a == d:
                length += 2 * cut
                area += 0.25 * pixel
            elif inside == 2:
                length += spacing[1] if a == b else spacing[0]
                area += 0.5 * pixel
    return length, area
