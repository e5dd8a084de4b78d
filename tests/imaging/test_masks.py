"""Reading masks: labels, segments, layers and every fault with its message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.imaging import label_values, read_label_map, read_mask, select_label
from dlr.settings import MaskSettings


def _write(path: Path, array: np.ndarray) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    return path


def _cube(value: float, dtype: type) -> np.ndarray:
    array = np.zeros((5, 6, 7), dtype)
    array[1:4, 2:5, 2:5] = value
    return array


@pytest.mark.parametrize(
    ("value", "dtype"), [(1, np.uint8), (255, np.uint8), (2, np.int16), (70000, np.int32)]
)
def test_single_value_is_the_roi_whatever_it_is(tmp_path, value, dtype):
    mask = read_mask(_write(tmp_path / "mask.nrrd", _cube(value, dtype)))
    assert mask.GetPixelID() == sitk.sitkUInt8
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask), _cube(1, np.uint8))


def test_several_labels_need_a_choice(tmp_path):
    array = _cube(300, np.int16)
    array[0, 0, 0:3] = 44  # 300 cast to 8 bits would be 44, too
    path = _write(tmp_path / "mask.nii.gz", array)
    with pytest.raises(CaseError, match=r"holds 2 labels: 44, 300; .*'mask_label'"):
        read_mask(path)
    assert sitk.GetArrayFromImage(read_mask(path, label=300)).sum() == 27
    assert sitk.GetArrayFromImage(read_mask(path, label=44)).sum() == 3


def test_absent_label_lists_the_values_present(tmp_path):
    path = _write(tmp_path / "mask.nii.gz", _cube(7, np.uint8))
    with pytest.raises(CaseError, match="no voxel of label 1; values present: 7; correct"):
        read_mask(path, label=1)
    with pytest.raises(CaseError, match="no voxel of label 300; values present: 7; correct"):
        read_mask(path, label=300)


@pytest.mark.parametrize("label", [0, 256, 257, -255, 2**40 + 1, 2**70])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
def test_labels_do_not_wrap_around(tmp_path, label, dtype):
    path = _write(tmp_path / "mask.nrrd", _cube(1, dtype))
    with pytest.raises(CaseError, match=f"no voxel of label {label}; values present: 1; correct"):
        read_mask(path, label=label)


@pytest.mark.parametrize("value", [0, 257])
def test_values_of_segments_do_not_wrap_around(tmp_path, value):
    image = sitk.GetImageFromArray(_cube(1, np.uint8))
    for key, text in (("ID", "S"), ("Name", "tumour"), ("LabelValue", str(value)), ("Layer", "0")):
        image.SetMetaData(f"Segment0_{key}", text)
    sitk.WriteImage(image, str(tmp_path / "mask.seg.nrrd"))
    with pytest.raises(CaseError, match="no voxel of segment 'tumour'"):
        read_mask(tmp_path / "mask.seg.nrrd")


def test_long_list_of_values_is_cut(tmp_path):
    path = _write(tmp_path / "mask.nrrd", np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
    with pytest.raises(CaseError, match=r"1, 2, 3, .*, 20 and 39 more"):
        read_mask(path)


@pytest.mark.parametrize("label", [None, 1])
def test_empty_mask_is_refused(tmp_path, label):
    path = _write(tmp_path / "mask.nrrd", _cube(0, np.uint8))
    with pytest.raises(CaseError, match="is empty") as caught:
        read_mask(path, label=label)
    assert str(path) in str(caught.value)


def test_missing_and_unreadable_masks_are_named(tmp_path):
    with pytest.raises(CaseError, match=r"mask file .*absent\.nii' does not exist"):
        read_mask(tmp_path / "absent.nii")
    (tmp_path / "broken.nii").write_bytes(b"nonsense")
    with pytest.raises(CaseError, match=r"mask file .*broken\.nii' cannot be read"):
        read_mask(tmp_path / "broken.nii")


def test_float_file_of_whole_numbers_is_a_label_map(tmp_path):
    path = _write(tmp_path / "mask.nii.gz", _cube(201.0, np.float64))
    assert label_values(read_label_map(path)) == [201]
    assert sitk.GetArrayFromImage(read_mask(path, label=201)).sum() == 27


@pytest.mark.parametrize("value", [0.0039, 0.5, np.nan])
def test_mask_that_is_not_integer_is_refused(tmp_path, value):
    path = _write(tmp_path / "mask.nrrd", _cube(value, np.float32))
    with pytest.raises(CaseError, match=r"not made of integers .*set 'masks\.threshold'"):
        read_mask(path)


def test_threshold_binarises_a_probability_map(tmp_path):
    array = _cube(0.6, np.float32)
    array[0, 0, 0] = 0.4
    path = _write(tmp_path / "mask.nrrd", array)
    mask = read_mask(path, settings=MaskSettings(threshold=0.5))
    assert sitk.GetArrayFromImage(mask).sum() == 27


def test_picture_mask_with_255_is_read(tmp_path):
    path = _write(tmp_path / "mask.png", _cube(255, np.uint8)[2])
    mask = read_mask(path)
    assert mask.GetSize() == (7, 6, 1)
    assert sitk.GetArrayFromImage(mask).sum() == 9


def test_overlapping_segments_are_each_found_in_their_layer(layered_segmentation):
    tumour = sitk.GetArrayFromImage(read_mask(layered_segmentation, segment="tumour"))
    edema = sitk.GetArrayFromImage(read_mask(layered_segmentation, segment="edema"))
    assert tumour.sum() == edema.sum() == 32
    assert np.logical_and(tumour, edema).sum() == 8
    assert tumour[1, 2, 2] == 1
    assert edema[1, 2, 2] == 0


def test_segment_is_chosen_by_unambiguous_value(layered_segmentation):
    for choice in ({"label": 2}, {"segment": "2"}):
        node = read_mask(layered_segmentation, **choice)
        assert sitk.GetArrayFromImage(node).sum() == 4
        assert node.GetOrigin() == (1.0, 2.0, 3.0)
        assert node.GetSpacing() == (1.0, 1.0, 2.0)


@pytest.mark.parametrize("layer", [7, -1])
def test_layer_that_is_not_there_is_refused(layered_segmentation, layer):
    content = layered_segmentation.read_bytes()
    content = content.replace(b"Segment1_Layer:=1", b"Segment1_Layer:=%d" % layer)
    layered_segmentation.write_bytes(content)
    with pytest.raises(CaseError, match=f"has 2 layers, .* into layer {layer}"):
        read_mask(layered_segmentation, segment="edema")


def test_names_that_look_like_dates_are_not_told(layered_segmentation):
    content = layered_segmentation.read_bytes()
    layered_segmentation.write_bytes(content.replace(b"=node", b"=node 2021-09-08"))
    with pytest.raises(CaseError, match=r"'edema' \(label 1\), 'roi2' \(label 2\)"):
        read_mask(layered_segmentation)
    assert read_mask(layered_segmentation, segment="node 2021-09-08").GetSize() == (9, 8, 4)


def test_ambiguous_or_absent_segments_are_listed(layered_segmentation):
    listed = r"'tumour' \(label 1\), 'edema' \(label 1\), 'node' \(label 2\)"
    with pytest.raises(CaseError, match=f"holds 3 segments .*{listed}"):
        read_mask(layered_segmentation)
    with pytest.raises(CaseError, match=f"holds 2 segments where label 1 .*{listed}"):
        read_mask(layered_segmentation, label=1)
    with pytest.raises(CaseError, match=f"no segment 'necrosis'; segments present: {listed}"):
        read_mask(layered_segmentation, segment="necrosis")


def test_segment_name_for_a_plain_mask_is_explained(tmp_path):
    path = _write(tmp_path / "mask.nrrd", _cube(1, np.uint8))
    with pytest.raises(CaseError, match="has no named segments, so segment 'tumour'"):
        read_mask(path, segment="tumour")


@pytest.mark.real_data
def test_all_discs_of_a_spine_come_from_one_reading(data_root):
    path = data_root / "spider_lumbar" / "t2_space" / "107_mask.nii.gz"
    label_map = read_label_map(path)
    assert label_values(label_map) == [1, 100, *range(201, 208)]
    union = np.zeros(sitk.GetArrayViewFromImage(label_map).shape, int)
    for label in range(201, 208):
        one = sitk.GetArrayFromImage(select_label(label_map, label, path))
        np.testing.assert_array_equal(one, sitk.GetArrayFromImage(read_mask(path, label)))
        union += one
    assert union.max() == 1
    with pytest.raises(CaseError, match="values present: 1, 100, 201, 202"):
        select_label(label_map, 209, path)
