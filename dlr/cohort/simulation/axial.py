"""Paint axial T2-weighted slices through one disc, and the mask of disc and canal."""

from __future__ import annotations

import numpy as np

from dlr.cohort.simulation.anatomy import Anatomy, Disc
from dlr.cohort.simulation.grid import Grid
from dlr.cohort.simulation.sagittal import FAT, FLUID, MARROW, MUSCLE, Volume, paint_disc_tissue
from dlr.cohort.simulation.shapes import (
    Array,
    both,
    cover,
    disc,
    ellipse,
    outline,
    paint,
    paint_bone,
    smooth_noise,
)

_ROOTS = 9


def paint_axial(anatomy: Anatomy, grid: Grid, rng: np.random.Generator) -> Volume:
    """Paint the axial volume through the target disc, parallel to it.

    Slices run from foot to head, rows from front to back, columns from the patient's right to
    the left. The grid's centre lies 18 mm behind the disc's.

    Parameters
    ----------
    anatomy : Anatomy
        What to paint.
    grid : Grid
        Sampling grid.
    rng : Generator
        Source of the tissue texture.

    Returns
    -------
    Volume
        With the region ``"canal"``: the disc with its herniation and the spinal canal.
    """
    shape = anatomy.discs[anatomy.target_index]
    z, y, u = grid.axes()
    p, q = y + AXIAL_SHIFT_MM, -z
    noise = smooth_noise(grid.shape, (0.5, 1.6 / grid.pixel_mm, 1.6 / grid.pixel_mm), rng)
    back = p - shape.half_depth
    canvas = np.zeros(grid.shape, dtype=np.float32)
    canvas += 0.62 + 0.13 * smooth_noise(grid.shape, grid.in_voxels(4.0), rng) + 0.02 * noise
    _paint_soft_tissue(canvas, (p, back, u), anatomy, noise)
    _paint_posterior_arch(canvas, back, u)
    canal = _paint_canal(canvas, back, u, anatomy, noise, rng)
    _paint_bodies(canvas, (p, q, u), shape, noise)
    paint_disc_tissue(canvas, (p, q, u), shape, noise)
    region = (disc(p, q, u, shape) > 0) | (canal & (np.abs(q) < shape.height / 2 + 5.0))
    return Volume(canvas, {"canal": region})


AXIAL_SHIFT_MM = 18.0


def _paint_soft_tissue(
    canvas: Array, position: tuple[Array, Array, Array], anatomy: Anatomy, noise: Array
) -> None:
    """Vessels, psoas, back muscles, subcutaneous fat and air."""
    p, back, u = position
    lateral = np.abs(u)
    paint(canvas, cover(ellipse((u - 8.0, 8.0), (p + 27.0, 7.5))), 0.06)
    paint(canvas, cover(ellipse((u + 11.0, 9.5), (p + 26.0, 6.5))), 0.08)
    muscle = MUSCLE + 0.025 * noise
    paint(canvas, cover(ellipse((lateral - 39.0, 15.0), (p - 4.0, 18.0))), muscle)
    streaks = cover(noise - (2.2 - 4.0 * anatomy.muscle_fat), 1.0)
    fatty = muscle + (FAT - MUSCLE) * 0.85 * streaks
    erector = ellipse((lateral - 33.0, 20.0), (back - 34.0 - 0.12 * lateral, 20.0))
    multifidus = ellipse((lateral - 14.0, 12.5), (back - 35.0, 17.5))
    paint(canvas, cover(erector + 1.0), 0.1)
    paint(canvas, cover(erector), fatty)
    paint(canvas, cover(multifidus + 1.5), 0.62)
    paint(canvas, cover(multifidus), fatty)
    skin = back - 53.0 + 0.004 * u**2
    paint(canvas, cover(skin), 0.86 + 0.03 * noise)
    paint(canvas, cover(skin - anatomy.fat_mm), 0.3)
    paint(canvas, cover(skin - (anatomy.fat_mm + 2.0)), 0.0)


def _paint_posterior_arch(canvas: Array, back: Array, u: Array) -> None:
    """Facet joints, laminae and the spinous process."""
    lateral = np.abs(u)
    foramen = ellipse((lateral - 21.0, 9.0), (back + 1.0, 8.5))
    paint(canvas, cover(foramen, 2.0), FAT)
    paint(canvas, cover(ellipse((lateral - 23.0, 3.6), (back + 2.0, 3.2))), 0.38)
    spinous = ellipse((u, 4.0), (back - 34.0, 13.0))
    paint_bone(canvas, spinous, MARROW)
    # Laminae run from the facets back to the spinous process.
    along = (back - 15.0) - 0.75 * (14.0 - lateral)
    lamina = both(3.2 - np.abs(along) * 0.8, 15.0 - lateral)
    paint_bone(canvas, lamina, 0.36)
    facet = ellipse((lateral - 19.0, 8.5), (back - 13.0, 8.0))
    paint_bone(canvas, facet, 0.34)
    joint = (lateral - 19.0) * 0.8 - (back - 13.0) * 0.6 + 0.02 * (back - 13.0) ** 2
    paint(canvas, cover(both(1.9 - np.abs(joint), facet - 0.8)), 0.08)
    paint(canvas, cover(both(0.7 - np.abs(joint), facet - 1.2)), 0.85)


def _paint_canal(
    canvas: Array,
    back: Array,
    u: Array,
    anatomy: Anatomy,
    noise: Array,
    rng: np.random.Generator,
) -> np.ndarray:
    """Paint the canal and return where it is (bool)."""
    depth = anatomy.canal_mm
    lateral = np.abs(u)
    # A trefoil: the canal narrows towards the spinous process.
    half = 12.5 - 0.42 * np.clip(back - 5.0, 0.0, None)
    canal = both(back + 0.5, depth + 4.0 - back, half - lateral, sharpness=0.7)
    paint(canvas, cover(canal + 2.0), 0.08)
    paint(canvas, cover(canal), FAT - 0.05)
    sac = ellipse((u, 9.3), (back - 1.2 - depth / 2, depth / 2))
    paint(canvas, cover(sac + 0.9), 0.1)
    paint(canvas, cover(sac), FLUID - 0.05 * np.abs(noise))
    for number in range(_ROOTS):
        angle = np.pi * (number / (_ROOTS - 1)) + rng.normal(0, 0.06)
        centre_u = 6.4 * np.cos(angle)
        centre_p = 1.2 + depth / 2 + (0.30 * depth) * np.sin(angle) - 0.5 + rng.normal(0, 0.4)
        paint(canvas, cover(ellipse((u - centre_u, 1.1), (back - centre_p, 1.1))), 0.4)
    paint(canvas, cover(ellipse((lateral - 10.8, 1.9), (back - 4.0, 2.2))), 0.38)
    return (canal > 0) | (sac > 0)


def _paint_bodies(
    canvas: Array, position: tuple[Array, Array, Array], shape: Disc, noise: Array
) -> None:
    """Vertebral bodies above and below the disc."""
    p, q, u = position
    side = outline(p, u, shape.half_depth - 0.8, shape.half_width - 0.5)
    marrow = MARROW + 0.035 * noise
    if shape.modic:
        marrow = marrow + 0.22 * np.exp(-(((np.abs(q) - shape.height / 2) / 5.0) ** 2))
    paint_bone(canvas, side, marrow)
    # Endplates are dark and partly averaged into the slices beside the disc.
    endplate = both(1.6 - np.abs(np.abs(q) - shape.height / 2), side)
    paint(canvas, cover(endplate, 2.0) * 0.7, 0.1)
