"""Filtering a crop gives what filtering the whole image gives."""

import numpy as np
import pytest
import pywt
import SimpleITK as sitk

from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.filters.images import filtered_images
from dlr.features.radiomics.native.intensities import Intensities, Normalisation
from dlr.features.radiomics.options import ExtractionSettings

SPACING = (3.0, 0.7, 0.9)
MIDDLE = Box((6, 40, 50), (11, 60, 75))
CORNER = Box((0, 0, 100), (3, 10, 121))


@pytest.fixture(scope="module")
def volume():
    """A smooth, textured volume as an MR image, of odd size along x."""
    random = np.random.default_rng(3)
    image = sitk.GetImageFromArray(random.normal(0, 1, (18, 110, 121)).astype(np.float32))
    image = sitk.SmoothingRecursiveGaussian(image, 1.2) * 900 + 500
    image = sitk.Cast(image, sitk.sitkInt16)
    image.SetSpacing(SPACING[::-1])
    return image


def cropped(volume, image_type, box, **options):
    settings = ExtractionSettings(**options)
    images = filtered_images(image_type, Intensities.of(volume, settings), box, settings)
    return {image.name: image.voxels for image in images}


@pytest.mark.parametrize("box", [MIDDLE, CORNER], ids=["middle", "corner"])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 5.0])
def test_log_of_a_crop_equals_log_of_the_image(volume, box, sigma):
    whole = sitk.LaplacianRecursiveGaussian(volume, sigma, True)
    expected = sitk.GetArrayFromImage(whole)[box.slices]
    (found,) = cropped(volume, "LoG", box, sigma=[sigma]).values()
    assert found.dtype == np.float32
    # one unit in the last place of single precision, of values as large as the region's spread
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=2e-7 * expected.std())
    assert (found == expected).mean() > 0.95


def test_log_works_on_the_smallest_image_it_is_defined_for():
    array = np.random.default_rng(0).integers(0, 99, (4, 4, 4)).astype(np.int16)
    image = sitk.GetImageFromArray(array)
    expected = sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(image, 1.0, True))
    (found,) = cropped(image, "LoG", Box((1, 1, 1), (2, 3, 3)), sigma=[1.0]).values()
    np.testing.assert_array_equal(found, expected[1:2, 1:3, 1:3])


@pytest.mark.parametrize("box", [MIDDLE, CORNER], ids=["middle", "corner"])
@pytest.mark.parametrize("wavelet", ["coif1", "haar", "db4"])
def test_wavelet_of_a_crop_equals_wavelet_of_the_image(volume, box, wavelet):
    array = sitk.GetArrayFromImage(volume).astype(np.float64)
    padded = np.pad(array, ((0, 0), (0, 0), (0, 1)), "wrap")
    bands = pywt.swtn(padded, wavelet, level=1, axes=(2, 1, 0))[0]
    found = cropped(volume, "Wavelet", box, wavelet=wavelet)
    for letters, band in bands.items():
        name = "wavelet-" + letters.replace("a", "L").replace("d", "H")
        np.testing.assert_array_equal(found[name], band[box.slices])


@pytest.mark.parametrize("use_spacing", [True, False])
def test_gradient_of_a_crop_equals_gradient_of_the_image(volume, use_spacing):
    expected = sitk.GetArrayFromImage(sitk.GradientMagnitude(volume, use_spacing))
    for box in (MIDDLE, CORNER):
        found = cropped(volume, "Gradient", box, gradientUseSpacing=use_spacing)["gradient"]
        np.testing.assert_array_equal(found, expected[box.slices])


@pytest.mark.parametrize("dtype", [sitk.sitkUInt8, sitk.sitkInt16, sitk.sitkFloat32])
def test_normalisation_equals_that_of_simpleitk(volume, dtype):
    image = sitk.Cast(sitk.Clamp(volume, lowerBound=0, upperBound=255), dtype)
    settings = ExtractionSettings(normalize=True, normalizeScale=100)
    expected = sitk.GetArrayFromImage(sitk.Normalize(image) * 100)
    found = Normalisation.of(image, settings).apply(sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-12)
