"""Simulated images look like lumbar discs, and carry what they should."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dlr.cohort.simulation.anatomy import DISCS, Anatomy, draw_anatomy
from dlr.cohort.simulation.axial import paint_axial
from dlr.cohort.simulation.grid import AXIAL, SAGITTAL
from dlr.cohort.simulation.reader import READERS, contour
from dlr.cohort.simulation.sagittal import Volume, paint_sagittal
from dlr.cohort.simulation.scanner import SCANNERS, acquire

PATIENT = {"subject_id": "S0001", "surgery": "conservative", "msu": "2A", "pfirrmann": "mild"}


def anatomies(n: int, effect: float = 1.0, **changes: object) -> list[Anatomy]:
    patient = PATIENT | changes
    return [draw_anatomy(patient, np.random.default_rng(seed), effect) for seed in range(n)]


def mean_of(drawn: list[Anatomy], name: str) -> float:
    return float(np.mean([getattr(a.discs[a.target_index], name) for a in drawn]))


def sagittal(anatomy: Anatomy, seed: int = 0) -> Volume:
    place = anatomy.spaces[anatomy.target_index]
    rng = np.random.default_rng(seed)
    return paint_sagittal(anatomy, SAGITTAL, (place.a + 10, place.s), (anatomy.target,), rng)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize(
    ("name", "sign"), [("extent", 1), ("roughness", 1), ("signal", -1), ("height", -1)]
)
def test_surgical_discs_are_worse_independently_of_the_grades(name: str, sign: int) -> None:
    mild = mean_of(anatomies(300), name)
    surgical = mean_of(anatomies(300, surgery="surgical"), name)
    assert sign * (surgical - mild) > 0


def test_no_effect_leaves_the_outcome_out() -> None:
    assert anatomies(5, effect=0.0) == anatomies(5, effect=0.0, surgery="surgical")


def test_herniation_follows_msu_grade_and_zone() -> None:
    small, large = anatomies(100, msu="1A"), anatomies(100, msu="3A")
    assert mean_of(large, "extent") > mean_of(small, "extent") + 1.5
    foraminal = anatomies(100, msu="2C")
    offsets = [abs(a.discs[a.target_index].offset) for a in foraminal]
    assert min(offsets) > 10  # mm: beside the canal


def test_severe_pfirrmann_is_darker_and_lower() -> None:
    mild, severe = anatomies(200), anatomies(200, pfirrmann="severe")
    assert mean_of(severe, "signal") < mean_of(mild, "signal") - 0.08
    assert mean_of(severe, "height") < mean_of(mild, "height")


def test_vertebrae_and_discs_follow_each_other_from_head_to_foot() -> None:
    for anatomy in anatomies(20):
        heads = [place.s for pair in zip(anatomy.bodies, anatomy.spaces) for place in pair]
        assert np.all(np.diff(heads) > 0)


def test_sagittal_midline_shows_bright_canal_between_darker_bone_and_muscle() -> None:
    anatomy = anatomies(1)[0]
    place = anatomy.spaces[DISCS.index("L2L3")]
    rng = np.random.default_rng(0)
    volume = paint_sagittal(anatomy, SAGITTAL, (place.a, place.s), (anatomy.target,), rng)
    row = SAGITTAL.rows // 2
    column = SAGITTAL.columns // 2 + int((place.half_depth + 8) / SAGITTAL.pixel_mm)
    patch = volume.signal[:, row - 4 : row + 4, column - 1 : column + 2].mean(axis=(1, 2))
    middle = SAGITTAL.slices // 2
    assert patch[middle] > 0.6
    # The canal is a midline structure: the outermost slices show fat and bone there.
    assert max(patch[0], patch[-1]) < patch[middle] - 0.1


def test_sagittal_region_is_a_disc_on_several_slices() -> None:
    for anatomy in anatomies(10):
        region = sagittal(anatomy).regions[anatomy.target]
        assert region.sum() > 500
        assert region.any(axis=(1, 2)).sum() >= 7
        volume_mm3 = region.sum() * SAGITTAL.pixel_mm**2 * SAGITTAL.slice_mm
        assert 5_000 < volume_mm3 < 30_000  # a lumbar disc has about 10 to 20 ml


def test_larger_herniation_makes_a_larger_region() -> None:
    anatomy = anatomies(1)[0]
    index = anatomy.target_index
    sizes = []
    for extent in (1.0, 8.0):
        discs = list(anatomy.discs)
        discs[index] = dataclasses.replace(discs[index], extent=extent, offset=0.0)
        changed = dataclasses.replace(anatomy, discs=tuple(discs))
        axial = paint_axial(changed, AXIAL, np.random.default_rng(0)).regions["canal"]
        sizes.append((sagittal(changed).regions[anatomy.target].sum(), axial.sum()))
    assert sizes[1][0] > sizes[0][0]


def test_axial_region_holds_disc_and_bright_canal() -> None:
    anatomy = anatomies(1)[0]
    volume = paint_axial(anatomy, AXIAL, np.random.default_rng(0))
    region = volume.regions["canal"]
    assert region.sum() > 1000
    assert region.any(axis=(1, 2)).sum() >= 3
    assert volume.signal[region].max() > 0.9  # cerebrospinal fluid
    assert volume.signal[region].min() < 0.2  # annulus, dura


def test_second_reader_draws_nearly_the_same_region() -> None:
    anatomy = anatomies(1)[0]
    region = sagittal(anatomy).regions[anatomy.target]
    drawn = {
        name: contour(region, SAGITTAL, reader, np.random.default_rng(seed))
        for seed, (name, reader) in enumerate(READERS.items())
    }
    assert dice(region, drawn["reader1"]) > 0.93
    assert 0.8 < dice(drawn["reader1"], drawn["reader2"]) < 0.98


def test_contour_keeps_the_slices() -> None:
    region = np.zeros(AXIAL.shape, dtype=bool)
    region[2:5, 40:60, 40:60] = True
    drawn = contour(region, AXIAL, READERS["reader1"], np.random.default_rng(0))
    assert np.array_equal(drawn.any(axis=(1, 2)), region.any(axis=(1, 2)))


def test_scanner_of_centre_b_is_brighter_noisier_and_smoother() -> None:
    square = np.full(AXIAL.shape, 0.2, dtype=np.float32)
    square[:, 30:60, 30:60] = 1.0
    images = {}
    for name, scanner in SCANNERS.items():
        flat = dataclasses.replace(scanner, bias=0.0)
        images[name] = acquire(square, AXIAL, flat, np.random.default_rng(1)) / scanner.gain
    edge = {name: np.diff(image.mean(axis=0)[45])[25:35].max() for name, image in images.items()}
    noise = {name: image[:, 40:50, 40:50].std() for name, image in images.items()}
    assert SCANNERS["B"].gain > SCANNERS["A"].gain
    assert noise["B"] > 1.5 * noise["A"]
    assert edge["B"] < edge["A"]


def test_scan_is_a_stored_magnitude_image() -> None:
    image = acquire(
        np.zeros(AXIAL.shape, dtype=np.float32), AXIAL, SCANNERS["A"], np.random.default_rng(0)
    )
    assert image.dtype == np.int16
    assert image.min() >= 0
    # Rician noise on no signal has a Rayleigh distribution: mean = SD * sqrt(pi / 2).
    assert image.mean() == pytest.approx(
        SCANNERS["A"].noise * SCANNERS["A"].gain * np.sqrt(np.pi / 2), rel=0.35
    )
