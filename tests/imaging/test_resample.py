"""Resampling a mask onto its image: what is recorded of it."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import align_mask, check_geometry
from dlr.settings import MaskSettings

RESAMPLE = MaskSettings(resample=True)


def test_equal_grids_change_nothing(ball) -> None:
    image, mask = ball
    aligned = align_mask(image, mask)
    audit = aligned.audit
    count = int(sitk.GetArrayFromImage(mask).sum())
    assert not audit.resampled
    assert audit.voxels_before == audit.voxels_after == count
    assert audit.volume_before_mm3 == pytest.approx(count * 0.75)
    assert (audit.share_outside, audit.dice, audit.volume_ratio) == (0.0, 1.0, 1.0)


def test_finer_mask_keeps_its_volume(ball) -> None:
    image, mask = ball
    fine = sitk.Expand(mask, [2, 2, 1], sitk.sitkNearestNeighbor)
    with pytest.raises(CaseError, match="lie on different grids"):
        align_mask(image, fine)
    aligned = align_mask(image, fine, RESAMPLE)
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(aligned.mask), sitk.GetArrayFromImage(mask)
    )
    audit = aligned.audit
    assert audit.resampled
    assert audit.voxels_before == 4 * audit.voxels_after
    assert audit.volume_ratio == pytest.approx(1)
    assert audit.dice == pytest.approx(1)
    assert audit.to_frame().loc[0, "volume_ratio"] == pytest.approx(1)


def test_loss_is_measured(ball) -> None:
    image, mask = ball
    # Moved by 0.6 slices: the first slice of the ROI now ends just beyond the image.
    moved = sitk.Image(mask)
    pixels = np.zeros(sitk.GetArrayFromImage(mask).shape, np.uint8)
    pixels[0:4, 5:15, 5:15] = 1
    moved = sitk.GetImageFromArray(pixels)
    moved.CopyInformation(image)
    moved.SetOrigin((-10.0, 5.0, 20.0 - 0.6 * 3.0))
    audit = align_mask(image, moved, RESAMPLE).audit
    assert audit.gap_voxels == pytest.approx(0.6)
    assert audit.share_outside == pytest.approx(0.25)
    assert audit.voxels_before == 400
    assert audit.voxels_after == 300
    assert 0 < audit.dice < 1


def test_same_mask_as_check_geometry(ball) -> None:
    image, mask = ball
    fine = sitk.Expand(mask, [2, 2, 1], sitk.sitkNearestNeighbor)
    ours, theirs = align_mask(image, fine, RESAMPLE).mask, check_geometry(image, fine, RESAMPLE)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(ours), sitk.GetArrayFromImage(theirs))
