"""DICOM masks: segmentation objects and structure sets, their choice, place and faults."""

from __future__ import annotations

import highdicom
import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.path import Path as Outline
from PIL import Image
from pydicom import dcmread
from skimage.measure import grid_points_in_poly

from dlr.dicom import input_sha256
from dlr.dicom.rasterise import Contour, fill_contours, fill_polygon
from dlr.errors import CaseError
from dlr.imaging import check_geometry, read_image, read_label_map, read_mask, select_label
from dlr.settings import MaskSettings

from .dicom_samples import (
    SHAPE,
    Scan,
    box,
    in_patient,
    oblique,
    pixels,
    put_palette,
    write_enhanced,
    write_radiograph,
    write_segmentation,
    write_series,
    write_structures,
)

FRACTIONAL = highdicom.seg.SegmentationTypeValues.FRACTIONAL
LABELMAP = highdicom.seg.SegmentationTypeValues.LABELMAP


def array(mask: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(mask).astype(bool)


def two_masks() -> dict[str, np.ndarray]:
    """Return two ROIs that overlap, each on some of the slices only."""
    tumour, edema = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    tumour[1:4, 3:9, 4:12] = 1
    edema[2:5, 5:14, 2:9] = 1
    return {"Tumour": tumour, "Edema": edema}


@pytest.mark.parametrize("axes", [np.eye(3), oblique()])
def test_segments_by_name_and_number_overlap(tmp_path, axes) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan(axes=axes))
    masks = two_masks()
    path = write_segmentation(tmp_path / "seg.dcm", paths, masks)
    image = read_image(tmp_path / "image")
    for number, (name, expected) in enumerate(masks.items(), 1):
        for choice in ({"segment": name}, {"segment": str(number)}, {"label": number}):
            mask = read_mask(path, **choice, reference=image)
            np.testing.assert_array_equal(array(mask), expected)
            assert mask.GetPixelID() == sitk.sitkUInt8
            check_geometry(image, mask)
    with pytest.raises(CaseError, match=r"no segment 'Node'; .* 'Tumour' \(label 1\), 'Edema'"):
        read_mask(path, segment="Node", reference=image)
    with pytest.raises(CaseError, match=r"holds 2 segments .* 'mask_segment'"):
        read_mask(path, reference=image)


def test_label_map_of_a_segmentation_is_read_once_for_all(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    masks = two_masks()
    path = write_segmentation(tmp_path / "seg.dcm", paths, masks)
    label_map = read_label_map(path, reference=read_image(tmp_path / "image"))
    assert label_map.GetNumberOfComponentsPerPixel() == 2
    for number, expected in enumerate(masks.values(), 1):
        np.testing.assert_array_equal(array(select_label(label_map, number, path)), expected)


def test_segments_that_do_not_overlap_share_a_layer(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    masks = two_masks()
    masks["Edema"] &= ~masks["Tumour"] & 1
    path = write_segmentation(tmp_path / "seg.dcm", paths, masks)
    label_map = read_label_map(path, reference=read_image(tmp_path / "image"))
    assert label_map.GetNumberOfComponentsPerPixel() == 1


def test_without_image_a_segmentation_keeps_its_own_slices(tmp_path) -> None:
    scan = Scan(axes=oblique())
    paths = write_series(tmp_path / "image", pixels(), scan)
    expected = two_masks()["Tumour"]
    expected[2] = 0  # a slice that was left out
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"Tumour": expected})
    mask = read_mask(path)
    np.testing.assert_array_equal(array(mask), expected[1:4])
    np.testing.assert_allclose(mask.GetOrigin(), np.array(scan.position(1), float), atol=1e-6)
    np.testing.assert_allclose(mask.GetSpacing(), scan.spacing, atol=1e-6)


def test_invented_position_is_no_allocation(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"T": two_masks()["Tumour"]})
    dataset = dcmread(path)
    last = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    last.ImagePositionPatient = [-11.5, 20.25, 3.3e8 + 7]
    dataset.save_as(path)
    with pytest.raises(CaseError, match="which no scan has"):
        read_mask(path)


def test_frame_of_no_segment_is_damage(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    path = write_segmentation(tmp_path / "seg.dcm", paths, two_masks())
    dataset = dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence
    dataset.save_as(path)
    with pytest.raises(CaseError, match=r"seg.dcm' cannot be read \(ValueError\)"):
        read_mask(path)


def test_our_reading_equals_that_of_highdicom(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan(axes=oblique()))
    path = write_segmentation(tmp_path / "seg.dcm", paths, two_masks())
    theirs = highdicom.seg.segread(path).get_volume(
        segment_numbers=[2], combine_segments=True, allow_missing_positions=True
    )
    assert theirs.array.sum() == 2 * array(read_mask(path, label=2)).sum()


@pytest.mark.parametrize("kind", [FRACTIONAL, LABELMAP])
def test_other_kinds_of_segmentations(tmp_path, kind) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    masks = two_masks()
    masks["Edema"] &= ~masks["Tumour"] & 1
    path = write_segmentation(tmp_path / "seg.dcm", paths, masks, kind)
    image = read_image(tmp_path / "image")
    for name, expected in masks.items():
        mask = read_mask(path, segment=name, reference=image)
        np.testing.assert_array_equal(array(mask), expected)


def test_fractions_need_a_threshold(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    fractions = np.linspace(0, 1, np.prod(SHAPE)).reshape(SHAPE)
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"Tumour": fractions}, FRACTIONAL)
    image = read_image(tmp_path / "image")
    with pytest.raises(CaseError, match=r"holds fractions, .* 'masks.threshold'"):
        read_mask(path, reference=image)
    mask = read_mask(path, settings=MaskSettings(threshold=0.5), reference=image)
    assert abs(array(mask).mean() - 0.5) < 0.01


def test_segmentation_goes_onto_an_image_stored_along_other_axes(tmp_path) -> None:
    """Converters turn slices over; the voxels are the same ones."""
    paths = write_series(tmp_path / "image", pixels(), Scan(axes=oblique()))
    expected = two_masks()["Tumour"]
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"Tumour": expected})
    image = read_image(tmp_path / "image")
    for order in ("RAS", "PIR", "SLA", "LIP"):
        turned = sitk.DICOMOrient(image, order)
        mask = check_geometry(turned, read_mask(path, reference=turned))
        back = sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor)
        np.testing.assert_array_equal(array(back), expected)


def test_segmentation_of_another_series_is_compared_not_forced(tmp_path) -> None:
    scan = Scan()
    paths = write_series(tmp_path / "a", pixels(), scan)
    other = Scan(frame_of_reference=scan.frame_of_reference, spacing=(0.75, 0.5, 2.2))
    write_series(tmp_path / "b", pixels(), other)
    path = write_segmentation(tmp_path / "seg.dcm", paths, two_masks())
    image = read_image(tmp_path / "b")
    mask = read_mask(path, label=1, reference=image)
    with pytest.raises(CaseError, match=r"lie on different grids"):
        check_geometry(image, mask, MaskSettings(), "b", path)


def thick_on_thin(tmp_path, step: float = 5.0, **kept: float):
    """Write a series of 1 mm, and a segmentation drawn on its slices of `step` mm."""
    thin = Scan(spacing=(0.75, 0.5, 1.0))
    thick = Scan(
        spacing=(0.75, 0.5, step), study=thin.study, frame_of_reference=thin.frame_of_reference
    )
    thin_path = write_enhanced(tmp_path / "thin.dcm", np.tile(pixels(), (5, 1, 1)), thin)
    paths = write_series(tmp_path / "thick", pixels(), thick)
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"T": two_masks()["Tumour"]})
    dataset = dcmread(path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        if keyword in measures:
            delattr(measures, keyword)
    for keyword, value in kept.items():
        setattr(measures, keyword, value)
    dataset.save_as(path)
    return path, read_image(thin_path)


@pytest.mark.parametrize(
    "kept", [{"SpacingBetweenSlices": 5.0, "SliceThickness": 5.0}, {"SliceThickness": 5.0}, {}]
)
def test_thick_slices_do_not_become_stripes_on_a_thin_series(tmp_path, kept) -> None:
    path, image = thick_on_thin(tmp_path, **kept)
    mask = read_mask(path, reference=image)
    assert mask.GetSpacing()[2] == 5
    with pytest.raises(CaseError, match=r"drawn on slices 5 mm apart; .*'masks.resample: true'"):
        check_geometry(image, mask)
    aligned = check_geometry(image, mask, MaskSettings(resample=True))
    assert np.count_nonzero(array(aligned).any(axis=(1, 2))) == 3 * 5


def test_slices_without_roi_between_others_are_no_other_grid(tmp_path) -> None:
    scan = Scan()
    paths = write_series(tmp_path / "image", pixels(), scan)
    expected = two_masks()["Tumour"]
    expected[2] = 0
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"T": expected})
    image = read_image(tmp_path / "image")
    np.testing.assert_array_equal(array(read_mask(path, reference=image)), expected)


@pytest.mark.parametrize("named", [True, False])
def test_one_slice_with_a_gap_belongs_to_the_series_it_names(tmp_path, named) -> None:
    """A thickness of 2.5 mm is no distance of 3.3 mm; only the series named makes it certain."""
    paths = write_series(tmp_path / "image", pixels(), Scan())
    expected = two_masks()["Tumour"]
    expected[[1, 3]] = 0
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"T": expected})
    dataset = dcmread(path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices
    measures.SliceThickness = 2.5
    if not named:
        del dataset.ReferencedSeriesSequence
    dataset.save_as(path)
    image = read_image(tmp_path / "image")
    mask = read_mask(path, reference=image)
    if named:
        np.testing.assert_array_equal(array(mask), expected)
    else:
        with pytest.raises(CaseError, match="lie on different grids"):
            check_geometry(image, mask)


@pytest.mark.parametrize("all_of_them", [True, False])
def test_frames_without_positions_are_not_piled_up(tmp_path, all_of_them) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    path = write_segmentation(tmp_path / "seg.dcm", paths, {"T": two_masks()["Tumour"]})
    dataset = dcmread(path)
    for group in list(dataset.PerFrameFunctionalGroupsSequence)[slice(None if all_of_them else 1)]:
        del group.PlanePositionSequence
    dataset.save_as(path)
    image = read_image(tmp_path / "image")
    for reference in (image, image[:, :, :1], None):
        with pytest.raises(CaseError, match="does not say where its slices lie"):
            read_mask(path, reference=reference)


def test_label_map_with_a_palette_holds_numbers(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    masks = two_masks()
    masks["Edema"] &= ~masks["Tumour"] & 1
    path = write_segmentation(tmp_path / "seg.dcm", paths, masks, LABELMAP)
    dataset = dcmread(path)
    put_palette(dataset, np.arange(256)[::-1] * 250)
    dataset.save_as(path)
    image = read_image(tmp_path / "image")
    for name, expected in masks.items():
        mask = read_mask(path, segment=name, reference=image)
        np.testing.assert_array_equal(array(mask), expected)


def test_another_frame_of_reference_is_refused(tmp_path) -> None:
    scan = Scan()
    paths = write_series(tmp_path / "a", pixels(), scan)
    write_series(tmp_path / "b", pixels(), Scan())
    seg = write_segmentation(tmp_path / "seg.dcm", paths, {"T": two_masks()["Tumour"]})
    plan = write_structures(tmp_path / "rs.dcm", scan, {"T": [(2, box(3, 3, 9, 9))]})
    image = read_image(tmp_path / "b")
    for path in (seg, plan):
        with pytest.raises(CaseError, match="drawn in another frame of reference than its image"):
            read_mask(path, reference=image)


def test_mask_in_the_image_column_is_named(tmp_path) -> None:
    paths = write_series(tmp_path / "image", pixels(), Scan())
    path = write_segmentation(tmp_path / "seg.dcm", paths, two_masks())
    with pytest.raises(CaseError, match=r"is a SEG object, .* in the column 'mask'"):
        read_image(path)


def test_mask_may_be_the_folder_that_holds_it(tmp_path) -> None:
    paths = write_series(tmp_path / "p", pixels(), Scan())
    masks = {"T": two_masks()["Tumour"]}
    first = write_segmentation(tmp_path / "p" / "seg.dcm", paths, masks)
    image = read_image(tmp_path / "p")
    np.testing.assert_array_equal(array(read_mask(tmp_path / "p", reference=image)), masks["T"])
    assert input_sha256(tmp_path / "p", "mask") == input_sha256(first)
    assert input_sha256(tmp_path / "p") != input_sha256(first)
    write_segmentation(tmp_path / "p" / "seg2.dcm", paths, masks)
    with pytest.raises(CaseError, match=r"2 DICOM masks: seg.dcm \(SEG\), seg2.dcm \(SEG\); name"):
        read_mask(tmp_path / "p", reference=image)


def test_label_map_kept_as_an_image_series(tmp_path) -> None:
    scan = Scan()
    labels = (two_masks()["Tumour"] * 3).astype(np.uint8)
    write_series(tmp_path / "labels", labels, scan)
    np.testing.assert_array_equal(array(read_mask(tmp_path / "labels", label=3)), labels == 3)


def test_segmentation_of_a_radiograph_takes_its_pixels(tmp_path) -> None:
    image_path = write_radiograph(tmp_path / "x.dcm", np.eye(16, dtype=np.uint16))
    series = write_series(tmp_path / "s", pixels()[:1], Scan())
    roi = np.zeros((1, 16, 16), np.uint8)
    roi[0, 2:7, 3:12] = 1
    path = write_segmentation(tmp_path / "seg.dcm", series, {"T": roi})
    dataset = dcmread(path)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        del group.PlanePositionSequence
    del dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    del dataset.FrameOfReferenceUID
    dataset.save_as(path)
    image = read_image(image_path)
    mask = check_geometry(image, read_mask(path, reference=image))
    np.testing.assert_array_equal(array(mask), roi)


def test_picture_mask_takes_the_geometry_of_its_radiograph(tmp_path) -> None:
    image = read_image(write_radiograph(tmp_path / "x.dcm", np.eye(16, dtype=np.uint16)))
    roi = np.zeros((16, 16), np.uint8)
    roi[4:9, 5:11] = 255
    Image.fromarray(roi).save(tmp_path / "mask.png")
    mask = check_geometry(image, read_mask(tmp_path / "mask.png", reference=image))
    assert mask.GetSpacing() == image.GetSpacing()
    np.testing.assert_array_equal(array(mask)[0], roi > 0)


# Structure sets.


def structures(tmp_path, rois, scan=None, **options):
    scan = scan or Scan(axes=oblique())
    write_series(tmp_path / "image", pixels(), scan)
    path = write_structures(tmp_path / "rs.dcm", scan, rois, **options)
    return path, read_image(tmp_path / "image")


def test_box_has_exactly_the_voxels_whose_centres_it_encloses(tmp_path) -> None:
    contours = [(index, box(2.6, 3.4, 9.4, 7.6)) for index in (1, 2, 4)]
    path, image = structures(tmp_path, {"T": contours})
    expected = np.zeros(SHAPE, bool)
    expected[[1, 2, 4], 4:8, 3:10] = True
    np.testing.assert_array_equal(array(read_mask(path, reference=image)), expected)


def test_corners_on_pixel_centres_belong_to_one_side(tmp_path) -> None:
    """Two boxes that share an edge on pixel centres share no voxel and leave none out."""
    rois = {"left": [(2, box(2, 3, 6, 9))], "right": [(2, box(6, 3, 10, 9))]}
    path, image = structures(tmp_path, rois)
    left, right = (array(read_mask(path, segment=name, reference=image)) for name in rois)
    assert left.sum() == right.sum() == 4 * 6
    assert not np.any(left & right)
    np.testing.assert_array_equal(np.nonzero((left | right)[2].any(axis=0))[0], range(2, 10))


def test_hole_and_island_in_it(tmp_path) -> None:
    nested = [(2, box(5.5, 5.5, 9.5, 9.5)), (2, box(1.5, 1.5, 13.5, 13.5))]
    nested.append((2, box(6.5, 6.5, 7.5, 7.5)))
    for name, kind in (("a", "CLOSED_PLANAR"), ("b", "CLOSEDPLANAR_XOR")):
        path, image = structures(tmp_path / name, {"T": nested}, kind=kind)
        mask = array(read_mask(path, reference=image))[2]
        assert mask.sum() == 12 * 12 - 4 * 4 + 1
        assert not mask[6, 8]
        assert mask[7, 7]


def test_parts_that_overlap_are_joined_and_copies_count_once(tmp_path) -> None:
    first, second = box(1.5, 1.5, 7.5, 7.5), box(4.5, 4.5, 10.5, 10.5)
    path, image = structures(tmp_path, {"T": [(2, first), (2, second), (2, np.roll(first, 1, 0))]})
    assert array(read_mask(path, reference=image)).sum() == 36 + 36 - 9


def test_keyhole_cuts_a_hole(tmp_path) -> None:
    outer, inner = box(1.5, 1.5, 13.5, 13.5), box(5.5, 5.5, 9.5, 9.5)[::-1]
    keyhole = np.concatenate([outer, outer[:1], inner, inner[:1]])
    path, image = structures(tmp_path, {"T": [(2, keyhole)]})
    assert array(read_mask(path, reference=image)).sum() == 12 * 12 - 4 * 4


@pytest.mark.parametrize("order", ["RAS", "PIR", "SLA"])
def test_contours_go_onto_an_image_stored_along_other_axes(tmp_path, order) -> None:
    scan = Scan()
    rois = {"T": [(index, box(2.5, 3.5, 9.5, 6.5)) for index in (1, 2)]}
    path, image = structures(tmp_path, rois, scan)
    expected = sitk.DICOMOrient(read_mask(path, reference=image), order)
    mask = read_mask(path, reference=sitk.DICOMOrient(image, order))
    np.testing.assert_array_equal(array(mask), array(expected))


def test_contours_need_an_image(tmp_path) -> None:
    path, _ = structures(tmp_path, {"T": [(2, box(2, 3, 6, 9))]})
    with pytest.raises(CaseError, match="become voxels only on an image"):
        read_mask(path)


def test_absent_roi_lists_those_present(tmp_path) -> None:
    path, image = structures(tmp_path, {"GTV": [(2, box(2, 3, 6, 9))], "Cord": []})
    with pytest.raises(CaseError, match=r"no segment 'CTV'; .*'GTV' \(label 1\), 'Cord' \(label 2"):
        read_mask(path, segment="CTV", reference=image)
    with pytest.raises(CaseError, match=r"'Cord' in .* has no closed contour"):
        read_mask(path, segment="Cord", reference=image)


def test_names_of_patients_in_names_of_rois_are_not_told(tmp_path) -> None:
    contours = [(2, box(2, 3, 6, 9))]
    rois = {"Musterfrau GTV": contours, "GTV 20210908": [], "Cord": []}
    path, image = structures(tmp_path, rois)
    paths = sorted((tmp_path / "image").iterdir())
    masks = dict(zip(rois, [two_masks()["Tumour"]] * 3, strict=True))
    segmentation = write_segmentation(tmp_path / "seg.dcm", paths, masks)
    listed = r"'roi1' \(label 1\), 'roi2' \(label 2\), 'Cord' \(label 3\)"
    for mask in (path, segmentation):
        with pytest.raises(CaseError, match=f"no label 9; segments present: {listed}"):
            read_mask(mask, label=9, reference=image)
        assert array(read_mask(mask, segment="Musterfrau GTV", reference=image)).any()
    with pytest.raises(CaseError, match="The ROI 'roi2' in"):
        read_mask(path, label=2, reference=image)


def test_only_the_chosen_roi_has_to_be_right(tmp_path) -> None:
    rois = {"off": [(2.5, box(2, 3, 6, 9))], "GTV": [(2, box(2, 3, 6, 9))]}
    path, image = structures(tmp_path, rois, Scan())
    label_map = read_label_map(path, reference=image)
    assert array(select_label(label_map, 2, path)).sum() == 24
    with pytest.raises(CaseError, match=r"'off' .* 1 of 1 contours off the slices .*8.25 mm from"):
        select_label(label_map, 1, path)


def test_every_roi_has_its_own_frame_of_reference(tmp_path) -> None:
    contours = [(2, box(2, 3, 6, 9))]
    scan, elsewhere = Scan(), Scan()
    path, image = structures(tmp_path, {"here": contours, "elsewhere": contours}, scan)
    dataset = dcmread(path)
    uid = elsewhere.frame_of_reference
    dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = uid
    dataset.save_as(path)
    assert array(read_mask(path, label=1, reference=image)).sum() == 24
    with pytest.raises(CaseError, match=r"'elsewhere' .* is drawn in another frame of reference"):
        read_mask(path, label=2, reference=image)
    label_map = read_label_map(path, reference=image)
    with pytest.raises(CaseError, match=r"'elsewhere' .* is drawn in another frame of reference"):
        select_label(label_map, 2, path)


@pytest.mark.parametrize("index", [-1, 6, 2.4])
def test_contours_off_the_slices_are_refused(tmp_path, index) -> None:
    path, image = structures(tmp_path, {"T": [(index, box(2, 3, 6, 9)), (2, box(2, 3, 6, 9))]})
    with pytest.raises(CaseError, match="1 of 2 contours off the slices of the image"):
        read_mask(path, reference=image)


def test_contours_beyond_the_image_are_refused(tmp_path) -> None:
    path, image = structures(tmp_path, {"T": [(2, box(2, 3, 22, 9))]})
    with pytest.raises(CaseError, match=r"reaches 6.5 pixels beyond the image"):
        read_mask(path, reference=image)


def test_contour_between_pixel_centres_is_refused(tmp_path) -> None:
    path, image = structures(tmp_path, {"T": [(2, box(2.1, 3.1, 2.9, 3.9))]})
    with pytest.raises(CaseError, match="encloses no voxel centre"):
        read_mask(path, reference=image)


def star(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    angle = np.sort(generator.uniform(0, 2 * np.pi, 40))
    radius = generator.uniform(3, 14, 40)
    return np.column_stack([15.3 + radius * np.cos(angle), 14.7 + radius * np.sin(angle)])


@pytest.mark.parametrize("seed", range(20))
def test_filling_equals_independent_point_in_polygon_tests(seed) -> None:
    points = star(seed)
    ours = fill_polygon(points, 30, 31)
    row, column = np.mgrid[:30, :31]
    centres = np.column_stack([column.ravel(), row.ravel()])
    by_matplotlib = Outline(points, closed=False).contains_points(centres).reshape(30, 31)
    np.testing.assert_array_equal(ours, by_matplotlib)
    np.testing.assert_array_equal(ours, grid_points_in_poly((30, 31), points[:, ::-1]))


def test_filling_tiles_the_plane() -> None:
    """Every pixel belongs to exactly one of the triangles that a square is cut into."""
    generator = np.random.default_rng(1)
    corners = box(0, 0, 20, 20)
    for _ in range(50):
        middle = np.round(generator.uniform(1, 19, 2) * 2) / 2
        count = sum(
            fill_polygon(np.array([corners[i], corners[(i + 1) % 4], middle]), 22, 22).astype(int)
            for i in range(4)
        )
        np.testing.assert_array_equal(count[:20, :20], 1)
        assert count.sum() == 400


def test_contours_of_no_extent_fill_nothing() -> None:
    point = Contour(np.array([[3.0, 3.0]]))
    line = Contour(np.array([[1.0, 3.0], [9.0, 3.0]]))
    assert not fill_contours([point, line], 12, 12).any()
    assert not fill_contours([], 12, 12).any()


@pytest.mark.real_data
def test_real_structure_set(data_root) -> None:
    folder = data_root / "dicom_rtstruct"
    image = read_image(folder / "image")
    mask = read_mask(folder / "mask" / "RS.dcm", segment="GTV_Mass_MR_T1", reference=image)
    check_geometry(image, mask)
    dataset = dcmread(folder / "mask" / "RS.dcm")
    contours = [
        np.reshape(np.array(contour.ContourData, float), (-1, 3))
        for contour in dataset.ROIContourSequence[0].ContourSequence
    ]
    # The series is axial and upright, so that mm and pixels need no rotation here.
    origin, spacing = np.array(image.GetOrigin()), np.array(image.GetSpacing())
    columns, rows, count = image.GetSize()
    row, column = np.mgrid[:rows, :columns]
    centres = np.column_stack([column.ravel(), row.ravel()]) * spacing[:2] + origin[:2]
    expected = np.zeros((count, rows, columns), bool)
    volume = 0.0
    for points in contours:
        place = round((points[0, 2] - origin[2]) / spacing[2])
        inside = Outline(points[:, :2], closed=False).contains_points(centres)
        expected[place] |= inside.reshape(rows, columns)
        x, y = points[:, 0], points[:, 1]
        volume += abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2 * spacing[2]
    found = array(mask)
    # Every slice that was drawn, and no other.
    drawn = sorted({round((points[0, 2] - origin[2]) / spacing[2]) for points in contours})
    assert np.nonzero(found.any(axis=(1, 2)))[0].tolist() == drawn == list(range(13, 30))
    # The two differ only where an outline runs through pixel centres.
    assert np.count_nonzero(found != expected) <= 0.001 * expected.sum()
    assert found.sum() * spacing.prod() == pytest.approx(volume, rel=0.002)


def test_patient_coordinates_of_the_samples_are_those_of_itk(tmp_path) -> None:
    scan = Scan(axes=oblique())
    image = scan.image(pixels())
    expected = image.TransformContinuousIndexToPhysicalPoint((3.5, 2.0, 4.0))
    np.testing.assert_allclose(in_patient(scan, 4, np.array([[3.5, 2.0]]))[0], expected)
    del tmp_path
