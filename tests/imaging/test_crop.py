"""The ROI crop: position, proportions, padding and window."""

from __future__ import annotations

import numpy as np
import pytest

from dlr.imaging import CROP_SIZE, roi_crop


def _box(shape, rows, columns) -> np.ndarray:
    roi = np.zeros(shape, bool)
    roi[rows, columns] = True
    return roi


def test_crop_has_fixed_size_type_and_range():
    pixels = np.random.default_rng(1).normal(size=(60, 80)) * 1000
    crop = roi_crop(pixels, _box(pixels.shape, slice(20, 30), slice(30, 50)), (1.0, 1.0))
    assert crop.shape == (CROP_SIZE, CROP_SIZE)
    assert crop.dtype == np.float32
    assert crop.min() >= 0
    assert crop.max() <= 1
    assert crop.flags.writeable


def test_square_is_centred_on_the_roi_with_the_margin_in_mm():
    # A bright 20 x 20 mm square, margin 10 mm: the crop shows 40 mm, the square its middle half.
    pixels = np.zeros((200, 100))
    roi = _box(pixels.shape, slice(80, 120), slice(30, 50))  # rows 0.5 mm, columns 1 mm apart
    pixels[roi] = 1
    crop = roi_crop(pixels, roi, (0.5, 1.0), margin_mm=10.0)
    quarter = CROP_SIZE // 4
    edge = 6
    assert np.all(crop[quarter + edge : -quarter - edge, quarter + edge : -quarter - edge] == 1)
    outside = crop.copy()
    outside[quarter - edge : -quarter + edge, quarter - edge : -quarter + edge] = 0
    assert np.all(outside == 0)


def test_proportions_are_those_of_the_body():
    rows, columns = np.mgrid[:100, :200]
    disc = ((rows - 50) * 2.0) ** 2 + ((columns - 100) * 1.0) ** 2 < 30**2
    crop = roi_crop(disc.astype(float), disc, (2.0, 1.0), margin_mm=5.0)
    height, width = (np.count_nonzero(crop.max(axis=axis) > 0.5) for axis in (1, 0))
    assert height == pytest.approx(width, abs=8)


def test_border_is_padded_with_its_own_pixels():
    pixels = np.tile(np.linspace(0, 1, 50), (50, 1))
    crop = roi_crop(pixels, _box(pixels.shape, slice(0, 10), slice(0, 10)), (1, 1), margin_mm=20)
    assert np.all(crop[:, : CROP_SIZE // 4] == crop[:1, :1])  # left of the slice: first column
    assert np.all(np.diff(crop[100]) >= 0)


def test_window_is_the_percentiles_of_the_whole_slice():
    pixels = np.random.default_rng(2).uniform(0, 100, size=(200, 200))
    roi = _box(pixels.shape, slice(90, 110), slice(90, 110))
    pixels[roi] = 50.0
    pixels[0, 0] = 1e9
    crop = roi_crop(pixels, roi, (1, 1), margin_mm=0)
    low, high = np.percentile(pixels, [1, 99])
    # Away from the rim, where bilinear interpolation reaches the ROI's neighbours.
    np.testing.assert_allclose(crop[12:-12, 12:-12], (50 - low) / (high - low), rtol=1e-5)


def test_small_object_on_an_empty_slice_stays_visible():
    pixels = np.zeros((300, 300))
    pixels[100:104, 100:104] = 7
    crop = roi_crop(pixels, pixels > 0, (1, 1), margin_mm=4)
    assert crop.max() == 1


def test_constant_slice_gives_zeros():
    roi = _box((30, 30), slice(5, 9), slice(5, 9))
    assert not roi_crop(np.full((30, 30), 4.0), roi, (1, 1)).any()


def test_scaling_the_intensities_changes_nothing():
    pixels = np.random.default_rng(5).normal(size=(60, 80))
    roi = _box(pixels.shape, slice(20, 30), slice(30, 50))
    np.testing.assert_allclose(
        roi_crop(pixels, roi, (1, 1)), roi_crop(pixels * 7 - 3, roi, (1, 1)), atol=1e-6
    )
