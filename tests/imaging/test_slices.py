"""The slice with the largest ROI."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import largest_slice, roi_slice


def test_largest_slice_is_found(ball):
    assert largest_slice(ball[1]) == 6


def test_ties_go_to_the_middle_of_the_roi(make_image):
    array = np.zeros((9, 5, 5), np.uint8)
    array[2:7, 1:3, 1:3] = 1
    assert largest_slice(make_image(array)) == 4


def test_pair_stays_where_it_was_in_space(ball):
    image, mask = ball
    one, one_mask = roi_slice(image, mask)
    assert one.GetSize() == one_mask.GetSize() == (40, 30, 1)
    assert one.GetOrigin() == image.TransformIndexToPhysicalPoint((0, 0, 6))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(one)[0], sitk.GetArrayFromImage(image)[6])


def test_empty_mask_is_refused(make_image):
    with pytest.raises(CaseError, match="ROI is empty"):
        largest_slice(make_image(np.zeros((3, 3, 3), np.uint8)))
