"""Intensity normalisation against its definitions."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import normalise_intensity
from dlr.settings import IntensitySettings


def _normalised(image, mask, **settings) -> np.ndarray:
    return sitk.GetArrayFromImage(normalise_intensity(image, mask, IntensitySettings(**settings)))


def test_none_keeps_the_image_as_read(ball):
    image, mask = ball
    assert normalise_intensity(image, mask).GetPixelID() == image.GetPixelID()


def test_zscore_equals_itk_times_scale(ball):
    image, mask = ball
    expected = sitk.GetArrayFromImage(sitk.Normalize(sitk.Cast(image, sitk.sitkFloat64))) * 100
    result = _normalised(image, mask, method="zscore")
    np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-9)
    assert normalise_intensity(image, mask, IntensitySettings(method="zscore")).GetOrigin() == (
        image.GetOrigin()
    )


def test_roi_region_uses_the_roi_only(ball):
    image, mask = ball
    inside = sitk.GetArrayFromImage(mask) == 1
    result = _normalised(image, mask, method="zscore", region="roi", scale=1)
    assert result[inside].mean() == pytest.approx(0, abs=1e-12)
    assert result[inside].std(ddof=1) == pytest.approx(1)
    assert result[~inside].mean() < -3
    with pytest.raises(CaseError, match="needs a mask"):
        normalise_intensity(image, None, IntensitySettings(method="zscore", region="roi"))


def test_musigma_limits_the_zscore(ball):
    image, mask = ball
    zscore = _normalised(image, mask, method="zscore")
    result = _normalised(image, mask, method="musigma", sigmas=1.5)
    np.testing.assert_allclose(result, np.clip(zscore, -150, 150))


def test_percentile_maps_the_window_to_the_same_range(ball):
    image, mask = ball
    pixels = sitk.GetArrayFromImage(image)
    low, high = np.percentile(pixels, [1, 99])
    result = _normalised(image, mask, method="percentile")
    np.testing.assert_allclose(result, np.interp(pixels, [low, high], [-300, 300]), atol=1e-9)


@pytest.mark.parametrize("method", ["zscore", "musigma", "percentile"])
def test_result_does_not_depend_on_the_scanner_scale(ball, method):
    image, mask = ball
    rescaled = sitk.Cast(image, sitk.sitkFloat64) * 3.7 + 55
    np.testing.assert_allclose(
        _normalised(image, mask, method=method),
        _normalised(rescaled, mask, method=method),
        atol=1e-8,
    )


@pytest.mark.parametrize("method", ["zscore", "musigma", "percentile"])
@pytest.mark.parametrize("region", ["image", "roi"])
def test_constant_image_is_refused(ball, make_image, method, region):
    blank = make_image(np.full((12, 30, 40), 5, np.int16))
    with pytest.raises(CaseError, match=f"do not vary .*'{method}'"):
        _normalised(blank, ball[1], method=method, region=region)
