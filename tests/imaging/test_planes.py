"""Slice axes from direction cosines, and reformatting in space rather than by index."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import plane_of, reformat, slice_axis, upright

CODES = ["LPS", "RAS", "PIR", "PIL", "ASL", "LIP", "SRA"]


@pytest.fixture
def landmarks(make_image):
    """Volume of 20 mm cubes' worth: value = 100 * left + 10 * back + head, in 10 mm steps."""
    z, y, x = np.mgrid[:6, :8, :10]
    mask = np.zeros(z.shape, np.uint8)
    mask[2:4, 3:6, 4:8] = 1
    spacing = (1.0, 1.0, 1.0)
    return make_image((100 * x + 10 * y + z).astype(np.int16), spacing), make_image(mask, spacing)


def test_thick_slices_give_the_axis_away_in_any_storage_order(ball):
    image, _ = ball  # 0.5 x 0.5 x 3 mm, axial
    for code in CODES:
        stored = sitk.DICOMOrient(image, code)
        axis = slice_axis(stored)
        assert stored.GetSpacing()[2 - axis] == 3.0
        assert plane_of(stored) == "axial"


def test_fewer_slices_give_the_axis_away_when_voxels_are_isotropic(make_image):
    sagittal = make_image(np.zeros((14, 60, 50), np.uint8), code="PIR")
    for code in CODES:
        assert plane_of(sitk.DICOMOrient(sagittal, code)) == "sagittal"


def test_a_cube_is_stacked_along_the_first_array_axis(make_image):
    cube = make_image(np.zeros((20, 20, 20), np.uint8), code="LIP")
    assert slice_axis(cube) == 0
    assert plane_of(cube) == "coronal"


def test_single_slice_has_its_axis_where_the_size_is_one(make_image):
    assert slice_axis(make_image(np.zeros((9, 1, 8), np.uint8), spacing=(4.0, 1.0, 1.0))) == 1


def test_oblique_scan_gets_the_nearest_plane(make_image):
    image = make_image(np.zeros((5, 20, 20), np.uint8), spacing=(1, 1, 4), code="PIR")
    tilt = np.deg2rad(20)
    turn = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    image.SetDirection((turn @ np.reshape(image.GetDirection(), (3, 3))).ravel())
    assert plane_of(image) == "sagittal"


@pytest.mark.parametrize(
    ("plane", "right", "down"),
    [("sagittal", 10, -1), ("axial", 100, 10), ("coronal", 100, -1)],
)
@pytest.mark.parametrize("code", CODES)
def test_pictures_are_upright_from_any_storage_order(landmarks, plane, right, down, code):
    image, mask = (sitk.DICOMOrient(each, code) for each in landmarks)
    cut, cut_mask = reformat(image, mask, plane)
    pixels = sitk.GetArrayFromImage(cut).astype(int)
    # Sagittal: right in the picture is the back (+10), down is the feet (-1), and so on.
    assert np.all(np.diff(pixels, axis=2) == right)
    assert np.all(np.diff(pixels, axis=1) == down)
    assert plane_of(cut, axis=0) == plane
    assert sitk.GetArrayFromImage(cut_mask).sum() == 24
    assert cut.GetPixelID() == image.GetPixelID()  # nothing was interpolated


def test_native_brings_the_slices_first_without_interpolation(ball):
    image, mask = ball
    stored = [sitk.DICOMOrient(each, "SRA") for each in (image, mask)]
    turned, turned_mask = reformat(*stored, "native")
    assert stored[0].GetSize() == (12, 40, 30)
    assert turned.GetSize() == turned_mask.GetSize() == (40, 30, 12)
    assert turned.GetSpacing() == pytest.approx((0.5, 0.5, 3.0))
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(turned), sitk.GetArrayFromImage(stored[0]).transpose(2, 0, 1)
    )


def test_reformatted_slices_have_square_pixels_of_the_finer_spacing(ball):
    image, mask = ball
    cut, cut_mask = reformat(image, mask, "sagittal")
    assert cut.GetSpacing() == pytest.approx((0.5, 0.5, 0.5))
    assert cut.GetSize() == (30, 72, 40)
    assert cut_mask.GetSize() == cut.GetSize()
    assert cut_mask.GetPixelID() == sitk.sitkUInt8
    volume = sitk.GetArrayFromImage(mask).sum() * 0.75
    assert sitk.GetArrayFromImage(cut_mask).sum() * 0.125 == pytest.approx(volume)


def test_spacing_is_set_within_the_slice_only(ball):
    cut, _ = reformat(*ball, "axial", spacing_mm=1.0)
    assert cut.GetSpacing() == pytest.approx((1.0, 1.0, 3.0))
    assert cut.GetSize() == (20, 15, 12)


def test_interpolation_reproduces_a_linear_field_in_space(make_image):
    z, y, x = np.mgrid[:7, :12, :10]
    image = make_image(3.0 * z + 2.0 * y - x, spacing=(0.8, 1.1, 3.0), origin=(5.0, -3.0, 8.0))
    mask = make_image(np.ones(z.shape, np.uint8), spacing=(0.8, 1.1, 3.0), origin=(5.0, -3.0, 8.0))
    cut, cut_mask = reformat(image, mask, "coronal", spacing_mm=0.7)
    assert sitk.GetArrayFromImage(cut_mask).min() == 1
    for index in [(2, 5, 3), (4, 20, 7), (8, 9, 10)]:
        there = cut.TransformIndexToPhysicalPoint(index)
        column, row, layer = image.TransformPhysicalPointToContinuousIndex(there)
        assert cut[index] == pytest.approx(3 * layer + 2 * row - column, abs=1e-9)


def test_a_picture_cannot_be_reformatted(make_image):
    picture = make_image(np.zeros((1, 30, 40), np.uint8))
    with pytest.raises(CaseError, match="single axial slice and cannot be cut in the sagittal"):
        reformat(picture, picture, "sagittal")


def test_unknown_plane_is_refused(ball):
    with pytest.raises(ValueError, match="plane must be native, sagittal, axial or coronal"):
        reformat(*ball, "transverse")


@pytest.mark.real_data
def test_sagittal_spine_files_are_recognised(data_root):
    for name in ["spider_lumbar/t2_space/107_image.nii.gz", "lumbar_ivd_t2/IVD11_img.nii.gz"]:
        image = sitk.ReadImage(str(data_root / name))
        assert slice_axis(image) == 0
        assert plane_of(image) == "sagittal"
        assert plane_of(upright(image, "axial"), axis=0) == "axial"
