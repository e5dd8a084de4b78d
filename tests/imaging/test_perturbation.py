"""Perturbed copies: the same whoever makes them, never empty, on the grid they came from."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from pydantic import ValidationError

from dlr.errors import CaseError
from dlr.imaging.perturbation import PerturbedPair, Perturber
from dlr.imaging.perturbation_images import noise_level, reposition
from dlr.imaging.perturbation_masks import Supervoxels, change_volume
from dlr.imaging.perturbation_settings import STEPS, PerturbationSettings

ALL = PerturbationSettings(steps=STEPS)


def array(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def dice(a: sitk.Image, b: sitk.Image) -> float:
    first, second = array(a) > 0, array(b) > 0
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def assert_same_grid(copy: PerturbedPair, image: sitk.Image) -> None:
    for found in (copy.image, copy.mask):
        assert found.GetSize() == image.GetSize()
        assert found.GetSpacing() == image.GetSpacing()
        assert found.GetOrigin() == image.GetOrigin()
        assert found.GetDirection() == image.GetDirection()


def test_the_same_seed_gives_the_same_copy_in_any_order(ball):
    image, mask = ball
    forwards = [Perturber(image, mask, ALL).draw(3, "P1", r) for r in (1, 2, 3)]
    perturber = Perturber(image, mask, ALL)
    backwards = [perturber.draw(3, "P1", r) for r in (3, 2, 1)][::-1]
    for one, two in zip(forwards, backwards, strict=True):
        assert np.array_equal(array(one.image), array(two.image))
        assert np.array_equal(array(one.mask), array(two.mask))
    other_seed, other_case = perturber.draw(4, "P1", 1), perturber.draw(3, "P2", 1)
    assert other_seed.degrees != forwards[0].degrees != other_case.degrees


def test_copies_differ_and_stay_on_their_grid(ball, make_image):
    for code in ("LPS", "PIR"):
        pixels, roi = (array(each) for each in ball)
        geometry = {"spacing": (0.5, 0.5, 3.0), "origin": (-10.0, 5.0, 20.0), "code": code}
        image, mask = make_image(pixels, **geometry), make_image(roi, **geometry)
        perturber = Perturber(image, mask, ALL)
        copies = [perturber.draw(0, "P1", r) for r in range(1, 6)]
        assert len({array(copy.mask).tobytes() for copy in copies}) == 5
        for copy in copies:
            assert_same_grid(copy, image)
            assert set(np.unique(array(copy.mask))) == {0, 1}
            assert dice(copy.mask, mask) > 0.6


def test_repetition_zero_is_the_original(ball):
    image, mask = ball
    copy = Perturber(image, mask, ALL).draw(0, "P1", 0)
    assert copy.image is image
    assert np.array_equal(array(copy.mask), array(mask))


def test_changes_of_the_roi_leave_the_image_alone(ball):
    image, mask = ball
    settings = PerturbationSettings(steps=("contour", "volume"))
    copy = Perturber(image, mask, settings).draw(0, "P1", 1)
    assert copy.image is image
    assert 0.7 < dice(copy.mask, mask) < 1
    assert (copy.noise, copy.degrees, copy.shift) == (0.0, 0.0, (0.0, 0.0))


@pytest.mark.parametrize("fraction", [-0.9999, -0.3, -0.05, 0.05, 0.3, 2.0, 1e6])
def test_volume_changes_by_exactly_the_fraction(ball, fraction):
    roi = array(ball[1]) != 0
    changed = change_volume(roi, (3.0, 0.5, 0.5), fraction, np.random.default_rng(0))
    assert changed.sum() == min(max(1, round(roi.sum() * (1 + fraction))), roi.size)
    assert (changed >= roi).all() if fraction > 0 else (changed <= roi).all()


def test_growth_is_measured_in_millimetres():
    roi = np.zeros((5, 21, 21), bool)
    roi[2, 10, 10] = True
    changed = change_volume(roi, (4.0, 1.0, 1.0), 12.0, np.random.default_rng(0))
    assert changed[2].sum() == 13  # all within 2 mm, before the neighbours at 4 mm
    assert changed.sum() == 13


def test_an_roi_without_outside_can_shrink():
    roi = np.ones((4, 6, 6), bool)
    changed = change_volume(roi, (1.0, 1.0, 1.0), -0.5, np.random.default_rng(0))
    assert changed.sum() == 72
    assert changed[1:3, 1:5, 1:5].all()


def test_supervoxels_end_at_edges_of_the_image():
    z, y, x = np.mgrid[:20, :40, :40]
    inside = (z - 10) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 64
    image = np.where(inside, 100.0, 0.0) + np.random.default_rng(0).normal(0, 1, inside.shape)
    found = Supervoxels.around(image, inside, (1.0, 1.0, 1.0), across=5.0)
    share = np.bincount(found.labels.ravel(), inside[found.where].ravel())
    share /= np.bincount(found.labels.ravel())
    assert ((share < 0.2) | (share > 0.8)).mean() > 0.9
    assert np.unique(found.labels).size == found.labels.max() + 1


def test_redrawing_keeps_what_is_surely_inside_and_never_empties():
    labels = np.repeat(np.arange(4), 10).reshape(1, 4, 10)
    found = Supervoxels(labels, (slice(0, 1), slice(0, 4), slice(0, 10)))
    roi = np.zeros((1, 4, 10), bool)
    roi[0, 0, :] = True  # wholly inside
    roi[0, 1, :5] = True  # half inside
    roi[0, 2, :1] = True  # hardly
    counts = np.zeros(4)
    for seed in range(400):
        redrawn = found.redraw(roi, 0.2, 0.9, np.random.default_rng(seed))
        counts += redrawn[0, :, 0]
        assert (redrawn[0].all(axis=1) == redrawn[0].any(axis=1)).all()
    assert counts[0] == 400
    assert 160 < counts[1] < 240
    assert counts[2] == counts[3] == 0
    roi[0, :2] = False
    assert found.redraw(roi, 0.2, 0.9, np.random.default_rng(0)).sum() == 10


@pytest.mark.parametrize("level", [2.0, 15.0])
def test_noise_level_is_found_under_structure(make_image, level):
    y, x = np.mgrid[:64, :64]
    structure = 200.0 * (x > 30) + 3.0 * y
    noise = np.random.default_rng(1).normal(0, level, (6, 64, 64))
    mask = np.zeros((6, 64, 64), np.uint8)
    mask[2:4, 20:40, 20:40] = 1
    pixels = structure + noise
    pixels[0] = 0.0  # a slice blanked by the scanner
    image = make_image(pixels, spacing=(1.0, 1.0, 4.0))
    found = noise_level(image, make_image(mask, spacing=(1.0, 1.0, 4.0)))
    assert found == pytest.approx(level, rel=0.1)


def test_added_noise_has_the_level_asked_for(ball):
    image, mask = ball
    copy = Perturber(image, mask, PerturbationSettings(steps=("noise",), noise=2)).draw(0, "a", 1)
    difference = array(copy.image) - array(image)
    assert copy.noise == pytest.approx(2 * noise_level(image, mask))
    assert difference.std() == pytest.approx(copy.noise, rel=0.05)
    assert abs(difference.mean()) < 0.2 * copy.noise


def test_an_image_without_noise_gets_none(make_image):
    image = make_image(np.zeros((3, 20, 20)))
    mask = make_image(np.ones((3, 20, 20), np.uint8))
    copy = Perturber(image, mask, PerturbationSettings(steps=("noise",))).draw(0, "a", 1)
    assert copy.noise == 0
    assert copy.image is image


@pytest.mark.parametrize("code", ["LPS", "PIR", "LIP"])
def test_shift_of_one_voxel_moves_image_and_roi_by_one(make_image, code):
    generator = np.random.default_rng(0)
    pixels = generator.normal(size=(5, 12, 14)).astype(np.float32)
    roi = np.zeros((5, 12, 14), np.uint8)
    roi[2, 4:8, 5:9] = 1
    geometry = {"spacing": (0.7, 0.9, 4.0), "code": code}
    image, mask = make_image(pixels, **geometry), make_image(roi, **geometry)
    moved, moved_roi = reposition(image, mask, 0.0, (0.0, 1.0))  # rows, columns
    np.testing.assert_allclose(array(moved)[:, :, :-1], pixels[:, :, 1:], atol=1e-4)
    assert np.array_equal(array(moved_roi)[:, :, :-1], roi[:, :, 1:])
    np.testing.assert_allclose(array(moved)[:, :, -1], pixels[:, :, -1], atol=1e-4)


def test_rotation_stays_in_the_slice_plane(make_image):
    pixels = np.broadcast_to(np.arange(5.0)[:, None, None], (5, 20, 20))
    roi = np.zeros((5, 20, 20), np.uint8)
    roi[2, 9:11, 2:18] = 1
    image = make_image(pixels, spacing=(1.0, 1.0, 5.0))
    moved, turned = reposition(image, make_image(roi, spacing=(1.0, 1.0, 5.0)), 45.0, (0.0, 0.0))
    np.testing.assert_allclose(array(moved), pixels, atol=1e-5)
    found = array(turned)
    assert found[[0, 1, 3, 4]].sum() == 0
    assert 24 <= found.sum() <= 40
    rows, columns = np.nonzero(found[2])
    assert abs(np.corrcoef(rows, columns)[0, 1]) > 0.8


@pytest.mark.parametrize("shape", [(1, 9, 9), (4, 3, 3), (1, 1, 1), (2, 40, 2)])
def test_tiny_rois_never_become_empty(make_image, shape):
    roi = np.zeros(shape, np.uint8)
    roi[-1, -1, -1] = 1  # one voxel in the corner
    image = make_image(np.random.default_rng(0).normal(size=shape), spacing=(1.0, 1.0, 3.0))
    strong = ALL.model_copy(update={"rotation_degrees": 45.0, "translation": 1.0, "volume": 0.9})
    perturber = Perturber(image, make_image(roi, spacing=(1.0, 1.0, 3.0)), strong)
    for repetition in range(1, 15):
        copy = perturber.draw(0, "tiny", repetition)
        assert array(copy.mask).any()
        assert_same_grid(copy, image)


def test_an_empty_roi_is_refused(make_image):
    image = make_image(np.zeros((2, 3, 3)))
    with pytest.raises(CaseError, match="The ROI is empty"):
        Perturber(image, make_image(np.zeros((2, 3, 3), np.uint8)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": ()}, "at least 1 item"),
        ({"steps": ("volume", "volume")}, "can be named once"),
        ({"steps": ("blur",)}, "Input should be 'noise'"),
        ({"always_outside": 0.9, "always_inside": 0.2}, "must not be above"),
        ({"angle": 5}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        PerturbationSettings(**settings)
