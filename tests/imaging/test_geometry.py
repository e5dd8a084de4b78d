"""Image and mask on one grid: tolerance, causes named, audited resampling."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import check_geometry, geometry_gap
from dlr.settings import MaskSettings

RESAMPLE = MaskSettings(resample=True)


def _moved(mask: sitk.Image, origin=None, spacing=None) -> sitk.Image:
    moved = sitk.Image(mask)
    if origin is not None:
        moved.SetOrigin(origin)
    if spacing is not None:
        moved.SetSpacing(spacing)
    return moved


def test_rounding_differences_pass_and_are_removed(ball):
    image, mask = ball
    shifted = _moved(mask, origin=np.add(mask.GetOrigin(), 1e-4), spacing=(0.500001, 0.5, 3.0))
    aligned = check_geometry(image, shifted)
    assert aligned.GetOrigin() == image.GetOrigin()
    assert aligned.GetSpacing() == image.GetSpacing()
    assert shifted.GetOrigin() != image.GetOrigin()  # the caller's mask is left alone


def test_gap_is_measured_in_voxels(ball):
    image, mask = ball
    assert geometry_gap(image, mask) == 0
    assert geometry_gap(image, _moved(mask, origin=(-9.0, 5.0, 20.0))) == pytest.approx(2.0)


def test_spacing_error_counts_at_the_far_end(ball):
    image, mask = ball
    # 1e-4 of a voxel per step is 39e-4 at the 40th column: more than the tolerance.
    with pytest.raises(CaseError, match=r"spacing \(0\.5, 0\.5, 3\) against \(0\.50005, 0\.5, 3\)"):
        check_geometry(image, _moved(mask, spacing=(0.50005, 0.5, 3.0)))


def test_shifted_mask_is_refused_with_numbers_and_option(ball):
    image, mask = ball
    with pytest.raises(CaseError) as caught:
        check_geometry(image, _moved(mask, origin=(-10.0, 5.0, 23.0)), None, "a.nii", "b.nii")
    message = str(caught.value)
    assert "Image 'a.nii' and mask 'b.nii'" in message
    assert "origin (-10, 5, 20) against (-10, 5, 23)" in message
    assert "spacing" not in message
    assert "masks.resample: true" in message
    assert "\n" not in message


def test_lost_slice_is_recognised(ball):
    image, mask = ball
    with pytest.raises(CaseError, match=r"size \(40, 30, 12\) against \(40, 30, 11\).*slice was"):
        check_geometry(image, mask[:, :, 1:])


def test_swapped_axes_are_recognised_and_resampled_exactly(ball):
    image, mask = ball
    swapped = sitk.PermuteAxes(mask, [2, 0, 1])
    with pytest.raises(CaseError, match="axes were probably stored in another order"):
        check_geometry(image, swapped)
    restored = check_geometry(image, swapped, RESAMPLE)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(restored), sitk.GetArrayFromImage(mask))


def test_flipped_storage_is_recognised_and_resampled_exactly(ball):
    image, mask = ball
    flipped = sitk.DICOMOrient(mask, "RAS")
    with pytest.raises(CaseError, match="both cover the same space"):
        check_geometry(image, flipped)
    restored = check_geometry(image, flipped, RESAMPLE)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(restored), sitk.GetArrayFromImage(mask))
    assert restored.GetDirection() == image.GetDirection()


def test_mask_saved_without_geometry_is_recognised(ball):
    image, mask = ball
    bare = sitk.GetImageFromArray(sitk.GetArrayFromImage(mask))
    with pytest.raises(CaseError, match="saved without geometry") as caught:
        check_geometry(image, bare)
    assert "masks.resample" not in str(caught.value)  # it would put the ROI somewhere else


def test_cropped_mask_is_resampled_into_place(ball):
    image, mask = ball
    cropped = mask[10:35, 3:22, :]
    with pytest.raises(CaseError, match="size"):
        check_geometry(image, cropped)
    restored = check_geometry(image, cropped, RESAMPLE)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(restored), sitk.GetArrayFromImage(mask))


def test_roi_outside_the_image_is_refused_after_all(ball):
    image, mask = ball
    away = _moved(mask, origin=(500.0, 5.0, 20.0))
    with pytest.raises(CaseError, match=r"reaches \d.* voxels beyond the image"):
        check_geometry(image, away, RESAMPLE)


def test_roi_that_vanishes_is_refused(make_image):
    image = make_image(np.ones((4, 4, 4), np.int16), spacing=(10.0, 10.0, 10.0))
    tiny = np.zeros((40, 40, 40), np.uint8)
    tiny[14:16, 14:16, 14:16] = 1  # lies between the centres of the image's voxels
    with pytest.raises(CaseError, match="vanishes"):
        check_geometry(image, make_image(tiny), RESAMPLE)


@pytest.mark.real_data
def test_real_pairs_share_their_grid(data_root):
    pairs = [
        ("spider_lumbar/t2_space/107_image.nii.gz", "spider_lumbar/t2_space/107_mask.nii.gz"),
        ("lumbar_ivd_t2/IVD11_img.nii.gz", "lumbar_ivd_t2/IVD11_mask.nii.gz"),
        ("pyradiomics_baseline/brain1_image.nrrd", "pyradiomics_baseline/brain1_label.nrrd"),
    ]
    for image, mask in pairs:
        read = [sitk.ReadImage(str(data_root / name)) for name in (image, mask)]
        assert check_geometry(*read).GetSize() == read[0].GetSize()
