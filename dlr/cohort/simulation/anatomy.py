"""The anatomy behind one simulated patient's images, drawn from the clinical row.

Lengths are in mm. The positions of the spine use three axes: ``a`` from front to back, ``s``
from head to foot and ``u`` from the patient's right to the left (0 at the midline).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

VERTEBRAE = ("L1", "L2", "L3", "L4", "L5", "S1", "S2", "S3")
DISCS = ("L1L2", "L2L3", "L3L4", "L4L5", "L5S1", "S1S2", "S2S3")
HERNIATING = ("L3L4", "L4L5", "L5S1")

_BODY_HEIGHT = (26.0, 26.5, 27.0, 27.0, 26.5, 28.0, 22.0, 18.0)
_BODY_HALF_DEPTH = (16.0, 16.5, 17.0, 17.5, 17.5, 16.0, 11.0, 8.5)
_BODY_HALF_WIDTH = (21.0, 22.0, 23.0, 24.0, 25.0, 24.0, 19.0, 15.0)
_DISC_HEIGHT = (8.5, 9.5, 10.5, 11.5, 10.5, 3.0, 1.5)
# Tilt of the endplates in degrees (positive: the back edge is higher) of L1 ... L5 at the mean
# lordosis angle, supine; the sacrum follows the sacral slope.
_TILT = (-12.0, -9.0, -3.0, 5.0, 18.0)
_MEAN_LORDOSIS = 28.0

# Expected extent of the herniation behind the disc (mm) by MSU size grade, and distance of its
# centre from the midline by MSU zone (A central, B lateral, C foraminal).
_EXTENT = {"1": 3.0, "2": 4.4, "3": 5.8}
_OFFSET = {"A": 1.0, "AB": 4.5, "B": 7.5, "C": 15.0}


@dataclass(frozen=True)
class Disc:
    """One intervertebral disc.

    Parameters
    ----------
    name : str
        Level, such as ``"L4L5"``.
    height, half_depth, half_width : float
        Size in mm.
    signal : float
        T2 signal of the nucleus, 0.15 (black disc) to 0.8 (young disc); fluid is 1.
    roughness : float
        Amplitude of the nucleus's texture, as a share of its signal.
    extent : float
        How far the herniation reaches behind the disc, in mm.
    offset : float
        Distance of its centre from the midline in mm, positive to the left.
    migration : float
        Shift of the herniated material towards the feet in mm.
    tear : bool
        High-intensity zone (annular tear) in the posterior annulus.
    modic : bool
        Bright (type 2) endplate change on both sides.
    """

    name: str
    height: float
    half_depth: float
    half_width: float
    signal: float
    roughness: float
    extent: float = 0.8
    offset: float = 0.0
    migration: float = 0.0
    tear: bool = False
    modic: bool = False


@dataclass(frozen=True)
class Segment:
    """Place of a vertebral body or disc: centre in mm, tilt in radians, size in mm."""

    a: float
    s: float
    tilt: float
    height: float
    half_depth: float
    half_width: float


@dataclass(frozen=True)
class Anatomy:
    """The spine and soft tissue of one simulated patient."""

    target: str
    bodies: tuple[Segment, ...]
    spaces: tuple[Segment, ...]
    discs: tuple[Disc, ...]
    fat_mm: float
    muscle_fat: float
    canal_mm: float

    @property
    def target_index(self) -> int:
        """Index of the target disc in `discs` and `spaces`."""
        return DISCS.index(self.target)


def draw_anatomy(
    patient: Mapping[str, object],
    rng: np.random.Generator,
    effect: float = 1.0,
    levels: Mapping[str, Mapping[str, object]] | None = None,
) -> Anatomy:
    """Draw a patient's anatomy from the clinical row and the outcome.

    The herniation follows the MSU classification, the disc's signal and height the Pfirrmann
    grade, the curve the lordosis angle and sacral slope, and so on, each with scatter; a column
    that is absent takes its commonest value. On top, a surgical outcome makes the disc darker,
    lower, rougher and its herniation larger, independently of the clinical variables: this is
    the part of the outcome that only the images carry.

    Parameters
    ----------
    patient : mapping of str to object
        A row of the clinical table.
    rng : Generator
        The patient's own source of randomness.
    effect : float
        Size of the outcome's own effect on the images; 0 for none, 1 for the usual.
    levels : mapping of str to mapping, optional
        When several discs are regions of interest: each one's own row of the clinical table, by
        level. When left out, one target disc is drawn and takes the patient's row.
    """
    target = str(rng.choice(HERNIATING, p=(0.1, 0.5, 0.4)))
    rows = {target: patient} if levels is None else dict(levels)
    size = float(rng.normal(1.0, 0.05))
    discs = tuple(
        _target_disc(index, size, rows[name], rng, effect)
        if name in rows
        else _other_disc(index, size, rng)
        for index, name in enumerate(DISCS)
    )
    bodies, spaces = _stack(patient, size, discs, rng)
    severe_fat = patient.get("mmfi") == "severe"
    return Anatomy(
        target=target,
        bodies=bodies,
        spaces=spaces,
        discs=discs,
        fat_mm=_number(patient, "fat_thickness", 13.0),
        muscle_fat=float(rng.uniform(0.3, 0.45) if severe_fat else rng.uniform(0.05, 0.15)),
        canal_mm=float(rng.normal(13.5, 1.0)),
    )


def _number(patient: Mapping[str, object], name: str, default: float) -> float:
    return float(str(patient.get(name, default)))


def _target_disc(
    index: int,
    size: float,
    row: Mapping[str, object],
    rng: np.random.Generator,
    effect: float,
) -> Disc:
    outcome = effect * (0.5 if row.get("surgery") == "surgical" else -0.5)
    grade = str(row.get("msu", "2A"))
    severe = row.get("pfirrmann") == "severe"
    degeneration = (0.60 if severe else 0.44) + 0.11 * outcome + rng.normal(0, 0.13)
    extent = _EXTENT[grade[0]] + 1.3 * outcome + rng.normal(0, 1.3)
    side = rng.choice((-1.0, 1.0))
    migrates = grade[0] == "3"
    height = _DISC_HEIGHT[index] * size * (1.12 - 0.55 * degeneration)
    return Disc(
        name=DISCS[index],
        height=float(np.clip(height + rng.normal(0, 0.9), 4.5, 14.0)),
        half_depth=17.8 * size + float(rng.normal(0, 0.6)),
        half_width=24.0 * size + float(rng.normal(0, 0.8)),
        signal=float(np.clip(0.86 - 0.95 * degeneration, 0.14, 0.85)),
        roughness=float(np.clip(0.17 + 0.09 * outcome + rng.normal(0, 0.06), 0.02, 0.5)),
        extent=float(np.clip(extent, 1.0, 10.0)),
        offset=float(side * _OFFSET[grade[1:]] + rng.normal(0, 1.0)),
        migration=float(rng.uniform(1.5, 4.0) if migrates else rng.uniform(-0.5, 0.5)),
        tear=row.get("annular_tear") == "yes",
        modic=row.get("modic") == "yes",
    )


def _other_disc(index: int, size: float, rng: np.random.Generator) -> Disc:
    degeneration = float(np.clip(rng.normal(0.28, 0.12), 0.05, 0.8))
    sacral = index >= DISCS.index("S1S2")
    return Disc(
        name=DISCS[index],
        height=_DISC_HEIGHT[index] * size * (1.08 - 0.4 * degeneration),
        half_depth=_BODY_HALF_DEPTH[index + 1] * size + (-1.5 if sacral else 0.6),
        half_width=_BODY_HALF_WIDTH[index + 1] * size,
        signal=0.35 if sacral else 0.85 - 0.9 * degeneration,
        roughness=0.15,
        extent=0.5 if sacral else float(np.clip(rng.normal(0.8, 0.6), 0.2, 2.2)),
    )


def _stack(
    patient: Mapping[str, object],
    size: float,
    discs: tuple[Disc, ...],
    rng: np.random.Generator,
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Chain bodies and discs from L1 down; the middle of L3 lies at the origin."""
    tilts = _tilts(patient, rng)
    bodies: list[Segment] = []
    spaces: list[Segment] = []
    a, s = 0.0, 0.0
    for index, tilt in enumerate(tilts):
        height = _BODY_HEIGHT[index] * size
        if index:
            disc = discs[index - 1]
            between = (tilts[index - 1] + tilt) / 2
            a, s = _down(a, s, tilts[index - 1], bodies[-1].height / 2)
            a, s = _down(a, s, between, disc.height / 2)
            place = Segment(a, s, between, disc.height, disc.half_depth, disc.half_width)
            spaces.append(place)
            a, s = _down(a, s, between, disc.height / 2)
            a, s = _down(a, s, tilt, height / 2)
        depth, width = _BODY_HALF_DEPTH[index] * size, _BODY_HALF_WIDTH[index] * size
        bodies.append(Segment(a, s, tilt, height, depth, width))
    return tuple(bodies), tuple(spaces)


def _tilts(patient: Mapping[str, object], rng: np.random.Generator) -> list[float]:
    """Tilt of every vertebral body in radians."""
    curve = 1.0 + 0.012 * (_number(patient, "lla", _MEAN_LORDOSIS) - _MEAN_LORDOSIS)
    slope = 0.8 * _number(patient, "ssa", 43.0)
    lumbar = np.array(_TILT) * np.clip(curve, 0.5, 1.5) + rng.normal(0, 1.0, len(_TILT))
    sacral = slope + np.array([4.0, 20.0, 34.0])
    return [float(tilt) for tilt in np.deg2rad(np.concatenate([lumbar, sacral]))]


def _down(a: float, s: float, tilt: float, distance: float) -> tuple[float, float]:
    """Move from a point towards the feet along an axis of the given tilt."""
    return a + distance * float(np.sin(tilt)), s + distance * float(np.cos(tilt))
