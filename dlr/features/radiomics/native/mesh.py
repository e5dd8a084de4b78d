"""Surface of a region: marching cubes through the midpoints between voxels in and out.

Lorensen and Cline (1987). The corner is inside or outside, so a surface crosses an edge in its
middle, and area and volume of a cube depend only on which of its eight corners are inside. Where
two inside corners face each other diagonally, the surface separates them.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.compiled import compiled
from dlr.features.radiomics.native.discretisation import Floats

CORNERS = np.array(
    [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)]
)
EDGES = (
    (0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7),
)  # fmt: skip

# One word per set of inside corners (bit k = corner k; the last corner is outside, its opposite
# sets are the complements). Each three letters are a triangle between the midpoints of three
# edges (hexadecimal), turned so that the volume is positive.
_WORDS = """
- 830 019 931983 12a 830a12 0292a9 a32a83a98 23b 8208b2 901b23 9219b298b 13a3ba 8108a18ba
0393b9ba9 98a8ba 478 430473 019478 731971947 12a478 430473a12 0292a9478 a32473a43a94 23b478
4204b247b 901b23478 9219b297b947 13a3ba478 410ba14b147b 0393b9ba9478 4797b9ba9 954 830954
014154 531583548 12a954 830a12954 0242a4a54 a32a83a48a54 23b954 8208b2954 501540b23
5218b2582548 13a3ba954 8108a18ba954 0343ba3a4a54 8548a58ba 579789 930573953 018157178 531573
12a579789 930573953a12 0282a8a58578 a32573a53 23b579789 9209b297b957 701780571b23 7217b2571
13a3ba579789 a10ba07b0570950 03b0ba0a5057078 57a7ba a65 830a65 019a65 931983a65 125265
830612651 026069659 632983693659 23ba65 8208b2a65 901b23a65 9219b298ba65 1353b5b65
8106518618b6 0393b9b69659 9659b698b 47865a 43047365a 01947865a 73197194765a 125265478
430473612651 026069659478 932973947692659 23b47865a 4204b247b65a 901b2347865a
9219b297b94765a 1353b5b65478 b10b51b654b047b 0393b9b69659478 4797b9b69659 9649a6 8309649a6
0161a6064 a31a83a48a64 129264249 830412491642 024264 432483642 23b9649a6 8208b29649a6
a01640a60b23 b218b1481641a61 1393b9b69649 810491641b618b1 0363b6064 8648b6 67a78a89a
9306739639a6 0181a8a68678 731a71a67 129267279789 930973967926912 026068678 632673
23b67a78a89a 7207b2970a679a7 a01a80a78a67b23 7217b2a71a67 1363b6169678689 91067b
0363b6068678 67b
"""
TRIANGLES = tuple(_WORDS.split())


def surface_and_volume(
    mask: npt.NDArray[np.bool_], spacing: tuple[float, float, float]
) -> tuple[float, float]:
    """Return the area (mm²) of a region's surface and the volume (mm³) it encloses.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The region, with at least one empty layer on every side.
    spacing : tuple of float
        Voxel size (mm) along z, y, x.
    """
    areas, volumes, normals = _cubes(spacing)
    area, volume = _sum_cubes(mask, np.array(spacing), areas, volumes, normals)
    return area, volume / 6


@lru_cache(maxsize=64)
def _cubes(spacing: tuple[float, float, float]) -> tuple[Floats, Floats, Floats]:
    """Return, per set of corners: area, six times the volume below it, and the sum of normals."""
    corners, triangles = _triangles()
    a, b, c = np.moveaxis(triangles * np.array(spacing), 1, 0)
    areas, volumes, normals = np.zeros(128), np.zeros(128), np.zeros((128, 3))
    np.add.at(areas, corners, np.linalg.norm(np.cross(a - c, b - c), axis=1) / 2)
    np.add.at(volumes, corners, (np.cross(a, b) * c).sum(axis=1))
    np.add.at(normals, corners, np.cross(a, b) + np.cross(b, c) + np.cross(c, a))
    return areas, volumes, normals


@cache
def _triangles() -> tuple[npt.NDArray[np.int64], Floats]:
    """Return all triangles of all sets of corners: the set, and three points in voxels."""
    middles = np.array([(CORNERS[a] + CORNERS[b]) / 2 for a, b in EDGES])
    corners, triangles = [], []
    for number, word in enumerate(TRIANGLES):
        for first in range(0, len(word) - 2, 3):
            corners.append(number)
            triangles.append([middles[int(letter, 16)] for letter in word[first : first + 3]])
    return np.array(corners), np.array(triangles)


@compiled
def _sum_cubes(
    mask: npt.NDArray[np.bool_], spacing: Floats, areas: Floats, volumes: Floats, normals: Floats
) -> tuple[float, float]:
    """Sum area and volume over all cubes; a cube moved by t adds t · (sum of normals) to six V."""
    area = volume = 0.0
    depth, height, width = mask.shape
    for z in range(depth - 1):
        for y in range(height - 1):
            for x in range(width - 1):
                corners = (
                    mask[z, y, x]
                    | mask[z, y, x + 1] << 1
                    | mask[z, y + 1, x + 1] << 2
                    | mask[z, y + 1, x] << 3
                    | mask[z + 1, y, x] << 4
                    | mask[z + 1, y, x + 1] << 5
                    | mask[z + 1, y + 1, x + 1] << 6
                )
                sign = 1.0
                if mask[z + 1, y + 1, x]:
                    corners, sign = 127 - corners, -1.0
                if corners != 0:
                    area += areas[corners]
                    moved = (
                        z * spacing[0] * normals[corners, 0]
                        + y * spacing[1] * normals[corners, 1]
                        + x * spacing[2] * normals[corners, 2]
                    )
                    volume += sign * (volumes[corners] + moved)
    return area, volume
