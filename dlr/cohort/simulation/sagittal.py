"""Paint a sagittal T2-weighted lumbar spine and the masks of its discs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlr.cohort.simulation.anatomy import Anatomy, Disc, Segment
from dlr.cohort.simulation.grid import Grid
from dlr.cohort.simulation.shapes import (
    Array,
    body,
    both,
    cover,
    disc,
    ellipse,
    herniation,
    local,
    paint,
    paint_bone,
    plain_disc,
    smooth_noise,
)

MUSCLE = 0.2
FAT = 0.78
FLUID = 1.0
MARROW = 0.42


@dataclass(frozen=True)
class Volume:
    """A painted volume.

    Parameters
    ----------
    signal : ndarray of shape (slices, rows, columns)
        T2 signal; fluid is 1.
    regions : dict of str to bool ndarray
        Regions of interest by name, of the same shape.
    """

    signal: Array
    regions: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Field:
    """Coordinates of a sagittal volume: `behind` is the distance behind the posterior wall."""

    a: Array
    s: Array
    u: Array
    behind: Array
    noise: Array
    lumps: Array
    streaks: Array


def paint_sagittal(
    anatomy: Anatomy,
    grid: Grid,
    centre: tuple[float, float],
    levels: tuple[str, ...],
    rng: np.random.Generator,
) -> Volume:
    """Paint the sagittal volume of a patient.

    Slices run from the patient's left to the right, rows from head to foot, columns from front
    to back.

    Parameters
    ----------
    anatomy : Anatomy
        What to paint.
    grid : Grid
        Sampling grid.
    centre : tuple of float
        Position (a, s) in mm of the grid's centre; it lies on the midline.
    levels : tuple of str
        Discs whose regions are returned.
    rng : Generator
        Source of the tissue texture.
    """
    x, y, z = grid.axes()[2], grid.axes()[1], grid.axes()[0]
    a, s, u = x + centre[0], y + centre[1], -z
    field = _Field(
        a=a,
        s=s,
        u=u,
        behind=_behind(anatomy, a, s),
        noise=smooth_noise(grid.shape, grid.in_voxels(1.6), rng),
        lumps=smooth_noise(grid.shape, grid.in_voxels(4.5), rng),
        streaks=smooth_noise(grid.shape, (0.3, 6.0 / grid.pixel_mm, 0.8 / grid.pixel_mm), rng),
    )
    canvas = np.zeros(grid.shape, dtype=np.float32)
    _paint_front(canvas, field, anatomy)
    _paint_back(canvas, field, anatomy)
    _paint_canal(canvas, field, anatomy)
    _paint_arches(canvas, field, anatomy)
    for place in anatomy.bodies:
        _paint_body(canvas, field, place)
    regions: dict[str, np.ndarray] = {}
    for place, shape in zip(anatomy.spaces, anatomy.discs):
        distance = _paint_disc(canvas, field, place, shape)
        if shape.name in levels:
            regions[shape.name] = distance > 0
    return Volume(canvas, regions)


def _wall(anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posterior wall from head to foot: a and s in mm, and its tilt."""
    places = [place for pair in zip(anatomy.bodies, anatomy.spaces) for place in pair]
    places.append(anatomy.bodies[-1])
    a = np.array([p.a + p.half_depth * np.cos(p.tilt) for p in places])
    s = np.array([p.s - p.half_depth * np.sin(p.tilt) for p in places])
    return a, s, np.array([p.tilt for p in places])


def _behind(anatomy: Anatomy, a: Array, s: Array) -> Array:
    """Distance in mm behind the posterior wall of the spine, negative in front of it."""
    wall_a, wall_s, tilt = _wall(anatomy)
    flat = s.ravel()
    edge = np.interp(flat, wall_s, wall_a)
    # Beyond the last body the wall goes on with its own slope.
    edge += np.where(flat > wall_s[-1], (flat - wall_s[-1]) * np.tan(tilt[-1]), 0.0)
    cosine = np.cos(np.interp(flat, wall_s, tilt))
    return ((a - edge.reshape(s.shape)) * cosine.reshape(s.shape)).astype(np.float32)


def _paint_front(canvas: Array, field: _Field, anatomy: Anatomy) -> None:
    """Abdominal fat and bowel, with the great vessels along the front of the spine."""
    canvas += np.clip(0.45 + 0.17 * field.lumps + 0.03 * field.noise, 0.1, 0.85)
    ahead = -field.behind - 2 * anatomy.bodies[2].half_depth
    # The great vessels divide at the lower edge of L4.
    division = anatomy.spaces[3].s - 4.0
    vessel = both(7.0 - np.abs(ahead - 10.5), 9.0 - np.abs(np.abs(field.u) - 12.0))
    vessel = both(vessel, division - field.s, sharpness=0.4)
    paint(canvas, cover(vessel, 1.6), 0.08)
    ligament = both(1.2 - np.abs(ahead - 0.6), anatomy.bodies[6].s - field.s)
    paint(canvas, cover(ligament, 1.6), 0.1)


def _paint_back(canvas: Array, field: _Field, anatomy: Anatomy) -> None:
    """Muscle with fat streaks, subcutaneous fat, skin and air behind the spine."""
    threshold = 2.2 - 4.0 * anatomy.muscle_fat
    fatty = cover(field.streaks - threshold, 1.0)
    muscle = MUSCLE + 0.03 * field.noise + (FAT - MUSCLE) * 0.8 * fatty
    paint(canvas, cover(field.behind - 2.0), muscle)
    lateral = np.abs(field.u)
    # Interspinous ligaments with fat between the spinous processes on the midline.
    midline = 0.45 + 0.16 * field.streaks
    paint(canvas, cover(4.0 - lateral, 3.0) * cover(field.behind - 18.0, 2.0), midline)
    back = field.behind - 54.0
    paint(canvas, cover(back + 1.5, 1.5), 0.08)
    paint(canvas, cover(back), 0.86 + 0.03 * field.noise)
    paint(canvas, cover(back - anatomy.fat_mm), 0.3)
    paint(canvas, cover(back - (anatomy.fat_mm + 2.0)), 0.0)


def _paint_canal(canvas: Array, field: _Field, anatomy: Anatomy) -> None:
    """Epidural fat, dural sac with the cauda equina, ligaments of the canal."""
    taper_start = anatomy.bodies[5].s
    tip = anatomy.bodies[6].s + 4.0
    taper = np.clip((tip - field.s) / (tip - taper_start), 0.0, 1.0) ** 0.6
    width = anatomy.canal_mm * taper
    half = 10.5 * np.clip(taper, 0.35, 1.0)
    lateral = half - np.abs(field.u)
    paint(canvas, cover(both(9.0 - np.abs(field.behind - 8.5), 12.0 - np.abs(field.u))), 0.62)
    gap = 1.2 + 2.5 * (1.0 - taper)
    sac = both(field.behind - gap, gap + width - field.behind, lateral, sharpness=0.9)
    sac = np.where(taper > 0.02, sac, -5.0)
    paint(canvas, cover(sac + 0.9), 0.1)
    # The roots of the cauda equina lie dorsally when the patient lies on the back.
    depth = np.clip((field.behind - gap) / np.maximum(width, 1.0), 0.0, 1.0)
    strands = np.clip(0.5 + 0.8 * field.streaks, 0.0, 1.0) * depth**1.2 * 0.6
    paint(canvas, cover(sac), FLUID * (1.0 - strands) - 0.06 * np.abs(field.noise))
    conus_end = anatomy.spaces[0].s
    conus = both(2.6 - np.abs(field.behind - gap - 0.55 * width), conus_end - field.s)
    paint(canvas, cover(both(conus, 4.0 - np.abs(field.u))), 0.45)
    paint(canvas, cover(0.9 - np.abs(field.behind - 0.3)) * cover(lateral, 2.0), 0.1)


def _paint_arches(canvas: Array, field: _Field, anatomy: Anatomy) -> None:
    """Spinous processes on the midline, pedicles, facets and roots beside it."""
    lateral = np.abs(field.u)
    for index, place in enumerate(anatomy.bodies[:6]):
        p, q = local(field.a, field.s, place)
        p = p - place.half_depth
        sacral = index == 5
        drop = q - 9.0 - 0.28 * (p - 30.0)
        spinous = both(ellipse((p - 33.0, 15.0), (drop, 5.0 if sacral else 8.5)), 3.6 - lateral)
        paint_bone(canvas, spinous, MARROW + 0.03 * field.noise)
        lamina = both(ellipse((p - 19.0, 4.0), (q - 9.0, 10.0)), 12.0 - lateral, lateral - 3.0)
        paint_bone(canvas, lamina, 0.35)
        _paint_side(canvas, field, lateral, p, q)


def _paint_side(canvas: Array, field: _Field, lateral: Array, p: Array, q: Array) -> None:
    """Foramen with its nerve root, pedicle and articular processes of one vertebra."""
    beside = both(lateral - 11.0, 21.0 - lateral)
    foramen = both(ellipse((p - 6.0, 7.5), (q - 15.0, 13.0)), beside)
    paint(canvas, cover(foramen), FAT)
    root = both(ellipse((p - 5.5, 3.6), (q - 10.5, 3.6)), beside)
    paint(canvas, cover(root), 0.38)
    facet_below = both(ellipse((p - 17.0 + 0.3 * (q - 18.0), 4.5), (q - 18.0, 12.0)), beside)
    paint_bone(canvas, facet_below, 0.36)
    facet_above = both(ellipse((p - 12.5 + 0.3 * (q + 12.0), 4.0), (q + 12.0, 11.0)), beside)
    paint_bone(canvas, facet_above, 0.36)
    pedicle = both(p + 4.0, 13.0 - p, 7.5 - np.abs(q + 4.5), beside)
    paint_bone(canvas, pedicle, MARROW + 0.03 * field.noise)


def _paint_body(canvas: Array, field: _Field, place: Segment) -> None:
    p, q = local(field.a, field.s, place)
    distance = body(p, q, field.u, place)
    marrow = MARROW + 0.035 * field.noise
    paint_bone(canvas, distance, marrow)
    vein = both(ellipse((p - (place.half_depth - 3.0), 6.0), (q, 1.8)), 7.0 - np.abs(field.u))
    paint(canvas, cover(np.minimum(vein, distance - 0.5)) * 0.7, 0.75)


def _paint_disc(canvas: Array, field: _Field, place: Segment, shape: Disc) -> Array:
    """Paint one disc and return the distance to it."""
    p, q = local(field.a, field.s, place)
    u = field.u
    if shape.modic:
        band = both(5.5 - (np.abs(q) - shape.height / 2), place.half_depth - 3.0 - np.abs(p + 3.0))
        band = both(band, place.half_width - 4.0 - np.abs(u), np.abs(q) - shape.height / 2 - 0.8)
        paint(canvas, cover(band, 3.0) * 0.85, 0.72)
    paint_disc_tissue(canvas, (p, q, u), shape, field.noise)
    return disc(p, q, u, shape)


def paint_disc_tissue(
    canvas: Array, position: tuple[Array, Array, Array], shape: Disc, noise: Array
) -> None:
    """Paint annulus, nucleus, herniation and annular tear of a disc, in place.

    Parameters
    ----------
    canvas : ndarray
        The volume.
    position : tuple of ndarray
        Coordinates (p, q, u) of the disc: front to back, head to foot, right to left.
    shape : Disc
        The disc.
    noise : ndarray
        Texture of mean 0 and SD 1, of the canvas's shape.
    """
    p, q, u = position
    plain, bulge = plain_disc(p, q, u, shape), herniation(p, q, u, shape)
    paint(canvas, cover(np.maximum(plain, bulge) + 0.8), 0.05)
    paint(canvas, cover(np.maximum(plain, bulge)), 0.12)
    texture = 1.0 + shape.roughness * noise
    paint(canvas, cover(bulge - 1.0, 2.0), (0.14 + 0.35 * shape.signal) * texture)
    nucleus = ellipse(
        (p - 1.0, 0.72 * shape.half_depth),
        (u, 0.72 * shape.half_width),
        (q, 0.46 * shape.height),
    )
    # A young disc has a dark cleft through its bright nucleus.
    cleft = 0.45 * np.clip(shape.signal - 0.4, 0.0, 1.0) * np.exp(-((q / 1.1) ** 2))
    paint(canvas, cover(nucleus, 3.0), (shape.signal - cleft) * texture)
    if shape.tear:
        zone = ellipse(
            (p - (shape.half_depth - 2.0), 1.6), (q - 0.12 * shape.height, 2.0), (u, 5.0)
        )
        paint(canvas, cover(zone), 0.85)
