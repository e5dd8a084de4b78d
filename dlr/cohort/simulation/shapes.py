"""Soft-edged shapes, painted one over the other as tissue.

A distance is signed and in mm, positive inside; arrays broadcast against each other, so that a
shape can be evaluated on a whole volume from its coordinate vectors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dlr.cohort.simulation.anatomy import Disc, Segment

Array = NDArray[np.floating[Any]]


def cover(distance: Array, edge_mm: float = 1.2) -> Array:
    """Share of a voxel inside a shape: 0 outside, 1 inside, linear across the edge."""
    return np.clip(0.5 + distance / edge_mm, 0.0, 1.0)


def paint(canvas: Array, share: Array, signal: float | Array) -> None:
    """Blend a tissue into the canvas, in place."""
    canvas += (share * (signal - canvas)).astype(canvas.dtype)


def paint_bone(canvas: Array, distance: Array, marrow: float | Array, rim_mm: float = 1.3) -> None:
    """Paint bone: a dark cortical rim around the marrow, in place."""
    paint(canvas, cover(distance), 0.06)
    paint(canvas, cover(distance - rim_mm), marrow)


def both(*distances: Array, sharpness: float = 1.0) -> Array:
    """Distance to the intersection of shapes, with rounded corners (a soft minimum)."""
    total = sum(np.exp(-np.clip(sharpness * distance, -30, 30)) for distance in distances)
    return -np.log(total) / sharpness


def ellipse(*axes: tuple[Array, float]) -> Array:
    """Distance (approximate) to an ellipse or ellipsoid, from (coordinate, radius) pairs."""
    radius = np.sqrt(sum((coordinate / extent) ** 2 for coordinate, extent in axes))
    return (1.0 - radius) * min(extent for _, extent in axes)


def outline(p: Array, u: Array, half_depth: float, half_width: float) -> Array:
    """Distance to the kidney-shaped outline of a body or disc, seen from above."""
    # The posterior wall is slightly concave towards the canal.
    posterior = np.where(p > 0, np.clip(1.3 * (1.0 - (u / 10.0) ** 2), 0.0, None), 0.0)
    depth = np.abs((p + posterior) / half_depth) ** 2.5
    return (1.0 - (depth + np.abs(u / half_width) ** 2.5) ** 0.4) * half_depth


def body(p: Array, q: Array, u: Array, place: Segment) -> Array:
    """Distance to a vertebral body with a waist."""
    waist = 1.8 * np.clip(1.0 - (2 * q / place.height) ** 2, 0.0, 1.0)
    side = outline(p, u, place.half_depth, place.half_width) - waist
    return both(side, place.height / 2 - np.abs(q))


def disc(p: Array, q: Array, u: Array, shape: Disc) -> Array:
    """Distance to a disc with its herniation."""
    return np.maximum(plain_disc(p, q, u, shape), herniation(p, q, u, shape))


def plain_disc(p: Array, q: Array, u: Array, shape: Disc) -> Array:
    """Distance to a disc without herniation: biconvex, higher in front."""
    # Constant below the outline's far side, so that the wedge never inverts.
    relative = np.clip(p / shape.half_depth, -1.0, 1.0)
    half_height = 0.5 * shape.height * (1.04 - 0.14 * relative - 0.12 * relative**2)
    return both(outline(p, u, shape.half_depth, shape.half_width), half_height - np.abs(q))


def herniation(p: Array, q: Array, u: Array, shape: Disc) -> Array:
    """Distance to the herniated material behind (or, foraminal, beside) the disc."""
    # The posterior edge lies further forward away from the midline, as in `outline`.
    lateral = min(abs(shape.offset) / shape.half_width, 0.95)
    edge = shape.half_depth * (1.0 - lateral**2.5) ** 0.4 - 1.3 * max(0.0, 1.0 - lateral * 2)
    base = 2.5
    return ellipse(
        (p - (edge - base), shape.extent + base),
        (q - shape.migration * 0.6, 0.36 * shape.height + 0.35 * shape.extent),
        (u - shape.offset, 6.0 + 0.45 * shape.extent),
    )


def local(a: Array, s: Array, place: Segment) -> tuple[Array, Array]:
    """Coordinates along the endplate (front to back) and along the axis (head to foot)."""
    cosine, sine = math.cos(place.tilt), math.sin(place.tilt)
    da, ds = a - place.a, s - place.s
    return da * cosine - ds * sine, da * sine + ds * cosine


def smooth_noise(
    shape: tuple[int, ...], sigma: tuple[float, ...], rng: np.random.Generator
) -> Array:
    """Draw a random field of mean 0 and SD 1, smooth over `sigma` voxels along each axis."""
    field = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma)
    return (field - field.mean()) / field.std()
