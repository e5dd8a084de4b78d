"""Whole views: what radiomics and networks get, in every dimension and storage order."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import (
    check_geometry,
    check_intensity,
    check_roi,
    largest_slice,
    prepare_view,
    read_image,
    read_label_map,
    reformat,
    select_label,
)
from dlr.settings import IntensitySettings, ViewSettings

ZSCORE = IntensitySettings(method="zscore")


def test_native_volume_is_handed_on_as_stored(ball):
    image, mask = (sitk.DICOMOrient(each, "SRA") for each in ball)
    view = prepare_view(image, mask, ViewSettings())
    np.testing.assert_array_equal(sitk.GetArrayFromImage(view.image), sitk.GetArrayFromImage(image))
    assert view.image.GetDirection() == image.GetDirection()
    assert view.crop.shape == (224, 224)


def test_slice_by_slice_views_have_the_slices_first(ball):
    image, mask = (sitk.DICOMOrient(each, "SRA") for each in ball)
    view = prepare_view(image, mask, ViewSettings(dimension="2.5d"))
    assert view.image.GetSize()[2] == 12
    assert view.image.GetSize() == view.mask.GetSize()
    flat = prepare_view(image, mask, ViewSettings(dimension="2d"))
    assert flat.image.GetSize()[2] == 1
    assert sitk.GetArrayFromImage(flat.mask).sum() == np.count_nonzero(
        sitk.GetArrayFromImage(ball[1])[6]
    )


@pytest.mark.parametrize("plane", ["native", "sagittal", "axial", "coronal"])
@pytest.mark.parametrize("code", ["RAS", "PIR", "ASL"])
def test_crop_does_not_depend_on_the_storage_order(ball, plane, code):
    settings = ViewSettings(plane=plane, margin_mm=3.0)
    expected = prepare_view(*ball, settings, ZSCORE).crop
    stored = [sitk.DICOMOrient(each, code) for each in ball]
    crop = prepare_view(*stored, settings, ZSCORE).crop
    np.testing.assert_allclose(crop, expected, atol=1e-6)


@pytest.mark.parametrize("plane", ["native", "sagittal", "axial", "coronal"])
def test_one_slice_view_equals_the_slice_of_the_whole_volume(ball, plane):
    settings = {"plane": plane, "spacing_mm": 0.4}
    flat = prepare_view(*ball, ViewSettings(dimension="2d", **settings), ZSCORE)
    whole = prepare_view(*ball, ViewSettings(dimension="3d", **settings), ZSCORE)
    index = largest_slice(whole.mask)
    np.testing.assert_allclose(
        sitk.GetArrayFromImage(flat.image)[0], sitk.GetArrayFromImage(whole.image)[index]
    )
    np.testing.assert_array_equal(flat.crop, whole.crop)


def test_thin_roi_in_an_isotropic_volume_keeps_the_slice_axis(make_image):
    # Once only the ROI's slices are left, another axis looks like the one with few slices.
    pixels = np.random.default_rng(0).normal(size=(30, 34, 38))
    drawn = np.zeros(pixels.shape, np.uint8)
    drawn[10:12, 5:25, 8:20] = 1
    drawn[10, 5, 8:12] = 0
    image, mask = make_image(pixels), make_image(drawn)
    flat = prepare_view(image, mask, ViewSettings(dimension="2d"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(flat.image)[0], pixels[11])


def test_reformatted_volume_keeps_its_full_extent(ball):
    view = prepare_view(*ball, ViewSettings(plane="sagittal"))
    expected, _ = reformat(*ball, "sagittal")
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(view.image), sitk.GetArrayFromImage(expected)
    )


def test_view_overrides_the_intensity_of_the_study(ball):
    own = ViewSettings(intensity=IntensitySettings(method="percentile"))
    assert sitk.GetArrayFromImage(prepare_view(*ball, own, ZSCORE).image).max() == 300
    assert prepare_view(*ball, ViewSettings()).image.GetPixelID() == sitk.sitkInt16


def test_picture_runs_through_as_one_slice(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65535, (50, 60), np.uint16)
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(tmp_path / "xray.png"))
    drawn = np.zeros((50, 60), np.uint8)
    drawn[20:30, 25:40] = 255
    sitk.WriteImage(sitk.GetImageFromArray(drawn), str(tmp_path / "roi.png"))
    image = read_image(tmp_path / "xray.png")
    mask = select_label(read_label_map(tmp_path / "roi.png"), None, "roi.png")
    mask = check_geometry(image, mask)
    check_roi(mask)
    check_intensity(image, mask)
    view = prepare_view(image, mask, ViewSettings(dimension="2d"), ZSCORE)
    assert view.image.GetSize() == (60, 50, 1)
    # Not turned: the crop's mean along rows follows the picture's.
    window = pixels[15 - 5 : 35 + 5, 25 - 10 + 5 - 5 : 40 + 10].mean()
    assert view.crop.mean() == pytest.approx(window / 65535, abs=0.1)


def test_empty_mask_is_refused(ball):
    image, mask = ball
    for dimension in ("2d", "3d"):
        with pytest.raises(CaseError, match="ROI is empty"):
            prepare_view(image, mask * 0, ViewSettings(dimension=dimension))


@pytest.mark.real_data
def test_real_discs_are_cut_upright_in_both_planes(data_root):
    folder = data_root / "lumbar_ivd_t2"
    image = read_image(folder / "IVD11_img.nii.gz")
    label_map = read_label_map(folder / "IVD11_mask.nii.gz")
    for label in (2, 3, 4):
        mask = check_geometry(image, select_label(label_map, label, folder))
        sagittal = prepare_view(image, mask, ViewSettings(dimension="2d"), ZSCORE).crop
        axial = prepare_view(image, mask, ViewSettings(plane="axial", dimension="2d"), ZSCORE).crop
        # Bright cerebrospinal fluid: behind the disc, hence on the right in the sagittal
        # picture and below in the axial one.
        assert sagittal[:, 168:].mean() > sagittal[:, :56].mean() + 0.2
        assert axial[168:, 84:140].mean() > axial[:56, 84:140].mean() + 0.2


@pytest.mark.real_data
def test_disc_levels_run_from_foot_to_head_in_the_picture(data_root):
    folder = data_root / "spider_lumbar" / "t2_space"
    image = read_image(folder / "110_image.nii.gz")
    label_map = read_label_map(folder / "110_mask.nii.gz")
    rows = []
    for label in (201, 203, 205):
        mask = check_geometry(image, select_label(label_map, label, folder))
        _, upright = reformat(image, mask, "sagittal")
        rows.append(np.nonzero(sitk.GetArrayFromImage(upright))[1].mean())
    assert rows[0] > rows[1] > rows[2]  # 201 is L5/S1, the lowest
