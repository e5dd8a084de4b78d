"""Reading images: every format, every way a file can be wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from dlr.errors import CaseError
from dlr.imaging import read_image


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"])
def test_volume_formats_keep_values_type_and_geometry(tmp_path, ball, suffix):
    image, _ = ball
    path = tmp_path / f"scan{suffix}"
    sitk.WriteImage(image, str(path))
    read = read_image(path)
    assert read.GetPixelID() == sitk.sitkInt16
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(read.GetSpacing(), image.GetSpacing(), rtol=1e-6)
    np.testing.assert_allclose(read.GetOrigin(), image.GetOrigin(), rtol=1e-6)
    np.testing.assert_allclose(read.GetDirection(), image.GetDirection(), atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "pixel_id"), [(np.uint8, sitk.sitkUInt8), (np.uint16, sitk.sitkUInt16)]
)
def test_grey_picture_becomes_one_slice_of_its_own_depth(tmp_path, dtype, pixel_id):
    pixels = (np.arange(48).reshape(6, 8) * (5 if dtype == np.uint8 else 1300)).astype(dtype)
    path = tmp_path / "xray.png"
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(path))
    image = read_image(path)
    assert image.GetSize() == (8, 6, 1)
    assert image.GetPixelID() == pixel_id
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image)[0], pixels)


def test_colour_picture_follows_the_policy(tmp_path):
    pixels = np.zeros((5, 7, 3), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = 200, 100, 50
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    with pytest.raises(CaseError, match="3 colour channels") as caught:
        read_image(path)
    assert "masks.rgb: luma" in str(caught.value)
    luma = sitk.GetArrayFromImage(read_image(path, rgb="luma"))
    assert luma.dtype == np.uint8
    assert np.all(luma == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50))
    assert np.all(sitk.GetArrayFromImage(read_image(path, rgb="channel:1")) == 100)
    with pytest.raises(CaseError, match=r"has 3 channels \(0 to 2\)"):
        read_image(path, rgb="channel:3")


def test_colour_picture_without_colour_is_read_as_grey(tmp_path):
    grey = np.arange(35, dtype=np.uint8).reshape(5, 7)
    path = tmp_path / "grey.png"
    Image.fromarray(np.stack([grey] * 3, axis=-1)).save(path)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(path))[0], grey)


def test_missing_file_is_named(tmp_path):
    path = tmp_path / "absent.nii.gz"
    with pytest.raises(CaseError, match=re.escape(f"'{path}' does not exist")):
        read_image(path)


def test_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(CaseError, match="holds no DICOM file; give the folder of a DICOM series"):
        read_image(tmp_path)


@pytest.mark.parametrize("name", ["broken.nii.gz", "broken.nrrd", "broken.png", "broken.xyz"])
def test_unreadable_file_is_one_sentence(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"this is not an image")
    with pytest.raises(CaseError, match="cannot be read") as caught:
        read_image(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert "save it again from a viewer" in message


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"])
def test_truncated_file_is_refused(tmp_path, ball, suffix):
    # ITK reads truncated NIfTI files silently and fills the rest with zeros.
    path = tmp_path / f"cut{suffix}"
    sitk.WriteImage(ball[0], str(path))
    data = path.with_suffix(".raw") if suffix == ".mhd" else path
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(CaseError, match="cannot be read") as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


def test_truncated_nifti_says_how_much_is_there(tmp_path, ball):
    path = tmp_path / "cut.nii"
    sitk.WriteImage(ball[0], str(path))
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(CaseError, match="only 20000 of 29152 bytes are there"):
        read_image(path)


def test_time_series_is_refused_and_single_time_point_accepted(tmp_path, ball):
    image, _ = ball
    series = tmp_path / "series.nii.gz"
    sitk.WriteImage(sitk.JoinSeries([image, image]), str(series))
    with pytest.raises(CaseError, match=r"4 dimensions \(40 x 30 x 12 x 2\)"):
        read_image(series)
    single = tmp_path / "single.nrrd"
    sitk.WriteImage(sitk.JoinSeries([image]), str(single))
    assert read_image(single).GetSize() == (40, 30, 12)
