"""Evenly spread points on a sphere: an icosahedron whose edges are halved again and again."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from dlr.features.radiomics.native.discretisation import Floats

Triangle = tuple[int, int, int]


def icosphere(subdivisions: int, radius: float) -> Floats:
    """Return the vertices of a subdivided icosahedron, shape (10 · 4^subdivisions + 2, 3).

    Order and values are those of the package trimesh, from which PyRadiomics takes them: old
    vertices first, then the midpoints of edges by the edge's later vertex, then the earlier.
    """
    vertices = _icosahedron()
    triangles = _triangles(vertices)
    if subdivisions == 0:
        return _on_sphere(vertices, radius)
    for _ in range(subdivisions):
        edges = sorted(
            {(b, a) for triangle in triangles for a, b in combinations(sorted(triangle), 2)}
        )
        middle = {frozenset(edge): len(vertices) + i for i, edge in enumerate(edges)}
        triangles = [part for whole in triangles for part in _quarters(whole, middle)]
        ends = vertices[np.array(edges)]
        vertices = _on_sphere(np.vstack([vertices, (ends[:, 1] + ends[:, 0]) / 2]), radius)
    return vertices


def _icosahedron() -> Floats:
    """Return the corners of three golden rectangles, of length 1."""
    golden = (1 + math.sqrt(5)) / 2
    a = 1 / math.sqrt(1 + golden**2)
    b = golden * a
    return np.array(
        [
            (-a, b, 0), (a, b, 0), (-a, -b, 0), (a, -b, 0),
            (0, -a, b), (0, a, b), (0, -a, -b), (0, a, -b),
            (b, 0, -a), (b, 0, a), (-b, 0, -a), (-b, 0, a),
        ]
    )  # fmt: skip


def _triangles(vertices: Floats) -> list[Triangle]:
    """Return the faces: three corners, each pair of which is joined by an edge."""
    distance = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    joined = distance < 1.1 * distance[0, 1]
    return [
        (i, j, k)
        for i, j, k in combinations(range(len(vertices)), 3)
        if joined[i, j] and joined[j, k] and joined[i, k]
    ]


def _quarters(triangle: Triangle, middle: dict[frozenset[int], int]) -> list[Triangle]:
    i, j, k = triangle
    ij, jk, ik = (middle[frozenset(pair)] for pair in ((i, j), (j, k), (i, k)))
    return [(i, ij, ik), (j, ij, jk), (k, ik, jk), (ij, jk, ik)]


def _on_sphere(vertices: Floats, radius: float) -> Floats:
    lengths = np.sqrt((vertices**2).sum(axis=1))[:, None]
    return np.asarray(vertices + vertices / lengths * (radius - lengths), np.float64)
