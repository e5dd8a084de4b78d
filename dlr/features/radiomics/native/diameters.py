"""Largest distances between the vertices of a region's surface.

Vertices lie halfway between a voxel inside and a neighbour outside; in units of half a voxel
their coordinates are integers. The farthest two points of a set are corners of its convex hull,
so distances are taken between the corners of hulls of planes only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats

Points = npt.NDArray[np.int64]


def largest_diameters(
    mask: npt.NDArray[np.bool_], spacing: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    """Return the largest distance (mm) within a z plane, a y plane, an x plane, and at all.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The region, with at least one empty layer on every side.
    spacing : tuple of float
        Voxel size (mm) along z, y, x.
    """
    vertices = _vertices(mask)
    half = np.array(spacing) / 2
    within = []
    hulls: list[Points] = []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        size = 2 * mask.shape[axis], 2 * mask.shape[others[0]]
        points = _ends_of_lines(vertices, axis, others[0], others[1], size)
        points, largest = _plane_hulls(points, half[others])
        within.append(largest)
        restored = np.empty_like(points)
        restored[:, [axis, *others]] = points
        hulls.append(restored)
    fewest = min(hulls, key=len)
    overall = _largest_distance(fewest.astype(np.float64) * half)
    return within[0], within[1], within[2], overall


@compiled
def _vertices(mask: npt.NDArray[np.bool_]) -> Points:
    """Return the vertices of the surface, in half voxels."""
    depth, height, width = mask.shape
    found = np.empty((6 * mask.sum(), 3), np.int64)
    n = 0
    for z in range(depth - 1):
        for y in range(height - 1):
            for x in range(width - 1):
                here = mask[z, y, x]
                if here != mask[z + 1, y, x]:
                    found[n, 0], found[n, 1], found[n, 2] = 2 * z + 1, 2 * y, 2 * x
                    n += 1
                if here != mask[z, y + 1, x]:
                    found[n, 0], found[n, 1], found[n, 2] = 2 * z, 2 * y + 1, 2 * x
                    n += 1
                if here != mask[z, y, x + 1]:
                    found[n, 0], found[n, 1], found[n, 2] = 2 * z, 2 * y, 2 * x + 1
                    n += 1
    return found[:n]


@compiled
def _ends_of_lines(vertices: Points, plane: int, u: int, v: int, size: tuple[int, int]) -> Points:
    """Return the vertices with the least and the greatest v on every line of a plane and a u.

    Those between them are no corners of a hull. The result is sorted by (plane, u, v).
    """
    least = np.full(size, np.iinfo(np.int64).max)
    greatest = np.full(size, -1)
    for vertex in vertices:
        a, b, c = vertex[plane], vertex[u], vertex[v]
        least[a, b] = min(least[a, b], c)
        greatest[a, b] = max(greatest[a, b], c)
    ends = np.empty((2 * len(vertices), 3), np.int64)
    n = 0
    for a in range(size[0]):
        for b in range(size[1]):
            if greatest[a, b] >= 0:
                ends[n] = a, b, least[a, b]
                n += 1
                if greatest[a, b] > least[a, b]:
                    ends[n] = a, b, greatest[a, b]
                    n += 1
    return ends[:n]


@compiled
def _plane_hulls(points: Points, half: Floats) -> tuple[Points, float]:
    """Return the hull corners of every plane, and the largest distance within a plane.

    `points` are (plane, u, v), sorted by all three.
    """
    kept = np.empty_like(points)
    n_kept = 0
    largest = 0.0
    start = 0
    for end in range(1, len(points) + 1):
        if end < len(points) and points[end, 0] == points[start, 0]:
            continue
        hull = _hull(points[start:end])
        for i in range(len(hull)):
            kept[n_kept] = hull[i]
            n_kept += 1
            for j in range(i):
                du = (hull[i, 1] - hull[j, 1]) * half[0]
                dv = (hull[i, 2] - hull[j, 2]) * half[1]
                largest = max(largest, du * du + dv * dv)
        start = end
    return kept[:n_kept], np.sqrt(largest)


@compiled
def _hull(points: Points) -> Points:
    """Return the corners of the convex hull of sorted points (Andrew's monotone chain)."""
    hull = np.empty((2 * len(points) + 1, 3), np.int64)
    n = 0
    for i in range(len(points)):
        while n >= 2 and _turn(hull[n - 2], hull[n - 1], points[i]) <= 0:
            n -= 1
        hull[n] = points[i]
        n += 1
    lower = n + 1
    for i in range(len(points) - 2, -1, -1):
        while n >= lower and _turn(hull[n - 2], hull[n - 1], points[i]) <= 0:
            n -= 1
        hull[n] = points[i]
        n += 1
    return hull[: max(n - 1, 1)]


@compiled
def _turn(a: Points, b: Points, c: Points) -> int:
    return (b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])


@compiled
def _largest_distance(points: Floats) -> float:
    largest = 0.0
    for i in range(len(points)):
        for j in range(i):
            dz = points[i, 0] - points[j, 0]
            dy = points[i, 1] - points[j, 1]
            dx = points[i, 2] - points[j, 2]
            largest = max(largest, dz * dz + dy * dy + dx * dx)
    return np.sqrt(largest)
