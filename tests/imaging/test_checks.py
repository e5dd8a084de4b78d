"""ROIs too small or too flat to be measured."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.errors import CaseError
from dlr.imaging import check_intensity, check_roi
from dlr.settings import MaskSettings


def _mask(make_image, *slices):
    array = np.zeros((8, 20, 20), np.uint8)
    array[slices] = 1
    return make_image(array)


def test_one_voxel_roi_is_refused(make_image):
    mask = _mask(make_image, 3, 4, 5)
    with pytest.raises(CaseError, match=r"in 'm\.nii' has 1 voxel, fewer than the 10 asked for"):
        check_roi(mask, path="m.nii")
    with pytest.raises(CaseError, match=r"single line of 1 voxels"):
        check_roi(mask, MaskSettings(minimum_voxels=1))


def test_minimum_is_inclusive(make_image):
    mask = _mask(make_image, 3, slice(0, 2), slice(0, 5))
    check_roi(mask, MaskSettings(minimum_voxels=10))
    with pytest.raises(CaseError, match=r"has 10 voxels, fewer than the 11 .*minimum_voxels"):
        check_roi(mask, MaskSettings(minimum_voxels=11))


def test_line_of_voxels_is_refused(make_image):
    with pytest.raises(CaseError, match="single line of 15 voxels"):
        check_roi(_mask(make_image, 3, 4, slice(2, 17)))


def test_empty_roi_is_refused(make_image):
    with pytest.raises(CaseError, match="is empty"):
        check_roi(_mask(make_image, slice(0, 0)))


def test_constant_roi_is_refused(ball, make_image):
    _, mask = ball
    blank = make_image(np.full((12, 30, 40), 7, np.int16))
    with pytest.raises(CaseError, match=r"image 'i\.nii' is constant .*every value is 7"):
        check_intensity(blank, mask, "i.nii")


def test_values_that_are_not_finite_are_refused(ball, make_image):
    image, mask = ball
    check_intensity(image, mask)
    pixels = np.random.default_rng(0).normal(size=(12, 30, 40))
    pixels[6, 12, 22] = np.nan
    with pytest.raises(CaseError, match="1 values inside the ROI that are not finite"):
        check_intensity(make_image(pixels), mask)
