"""The native engine gives PyRadiomics' numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError, InputError
from dlr.features.radiomics import load_settings, make_engine
from dlr.features.radiomics.native import is_compiled, warm_up
from dlr.features.radiomics.native.mcc import maximal_correlation
from dlr.features.radiomics.reader import parse_settings
from dlr.features.radiomics.settings import ImageType

from .agreement import disagreements
from .baseline import CLASSES, read_baseline, read_case


def case(shape=(9, 10, 11), seed=0, dtype=np.int16, spacing=(0.9, 0.9, 2.0)):
    random = np.random.default_rng(seed)
    image = sitk.GetImageFromArray(random.normal(100, 30, shape).astype(dtype))
    region = random.random(shape) < 0.7
    region[[0, -1]] = False
    mask = sitk.GetImageFromArray(region.astype(np.uint8))
    for volume in (image, mask):
        volume.SetSpacing(spacing)
    return image, mask


@pytest.mark.real_data
@pytest.mark.parametrize("feature_class", CLASSES)
def test_upstream_baseline_values(data_root, feature_class):
    folder = data_root / "pyradiomics_baseline"
    pairs = {}
    for baseline in read_baseline(folder):
        if baseline.feature_class != feature_class:
            continue
        if baseline.image not in pairs:
            pairs[baseline.image] = read_case(folder, baseline.image)
        values = make_engine("native", baseline.parameters).execute(*pairs[baseline.image]).values
        for name, expected in baseline.expected.items():
            assert values[name] == pytest.approx(expected, rel=1e-9, abs=1e-12), (
                baseline.case,
                name,
            )


@pytest.mark.real_data
@pytest.mark.parametrize("image", ["brain2", "breast1"])
@pytest.mark.parametrize("dimension", ["3d", "2.5d"])
def test_whole_default_set_agrees_with_pyradiomics(data_root, image, dimension):
    pair = read_case(data_root / "pyradiomics_baseline", image)
    parameters = load_settings("original-log-wavelet")
    native = make_engine("native", parameters, dimension).execute(*pair)
    upstream = make_engine("pyradiomics", parameters, dimension).execute(*pair)
    assert not native.problems
    assert disagreements(native, upstream, 1e-7) == {}


@pytest.mark.real_data
def test_discs_of_one_spine_agree_with_pyradiomics(data_root):
    folder = data_root / "lumbar_ivd_t2"
    image = sitk.ReadImage(str(folder / "IVD11_img.nii.gz"))
    labels = sitk.ReadImage(str(folder / "IVD11_mask.nii.gz"))
    masks = [labels == label for label in (1, 3)]
    parameters = load_settings("original")
    results = make_engine("native", parameters).execute_many(image, masks)
    for mask, native in zip(masks, results):
        upstream = make_engine("pyradiomics", parameters).execute(image, mask)
        assert disagreements(native, upstream) == {}


@pytest.mark.parametrize(
    ("preset", "dimension", "count"),
    [
        ("original", "3d", 107),
        ("original", "2.5d", 107),
        ("original", "2d", 102),
        ("original-log-wavelet", "3d", 1316),
        ("original-log-wavelet", "2.5d", 944),
    ],
)
def test_columns_are_known_before_any_case(preset, dimension, count):
    engine = make_engine("native", load_settings(preset), dimension)
    image, mask = case()
    if dimension == "2d":
        image, mask = image[:, :, 4:5], mask[:, :, 4:5]
    result = engine.execute(image, mask)
    assert engine.feature_names() == list(result.values)
    assert len(result.values) == count
    assert not result.problems
    assert all(math.isfinite(value) for value in result.values.values())


def test_results_do_not_depend_on_other_regions_of_the_image():
    image, mask = case()
    other = case(seed=1)[1]
    engine = make_engine("native", load_settings("original-log-wavelet"))
    first, second = engine.execute_many(image, [mask, other])
    assert first.values == engine.execute(image, mask).values
    assert second.values == engine.execute(image, other).values


def test_image_too_small_for_a_width_gives_nan_with_reason():
    parameters = parse_settings({"imageType": {"LoG": {"sigma": [40.0]}}}, "a.yaml")
    result = make_engine("native", parameters).execute(*case())
    name = "log-sigma-40-0-mm-3D_glcm_Contrast"
    assert math.isnan(result.values[name])
    assert "sigma 40 mm needs an image of (21, 46, 46) voxels" in result.problems[name]


def test_flat_region_without_neighbours_gives_nan_with_reason():
    image = sitk.GetImageFromArray(np.full((3, 5, 5), 7, np.int16))
    array = np.zeros((3, 5, 5), np.uint8)
    array[0, 0, 0] = array[2, 4, 4] = 1
    result = make_engine("native", parse_settings({}, "a.yaml")).execute(
        image, sitk.GetImageFromArray(array)
    )
    assert math.isnan(result.values["original_glcm_Contrast"])
    assert "too few neighbouring voxels" in result.problems["original_glcm_Contrast"]
    assert result.values["original_ngtdm_Coarseness"] == 1e6


def test_bin_width_far_too_small_gives_nan_with_reason():
    image, mask = case(dtype=np.float64)
    parameters = parse_settings({"setting": {"binWidth": 1e-9}}, "a.yaml")
    result = make_engine("native", parameters).execute(image, mask)
    assert "choose a larger binWidth" in result.problems["original_firstorder_Entropy"]
    assert math.isfinite(result.values["original_shape_MeshVolume"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"label": 3}, "label 3 is not in the mask; it holds 1"),
        ({"minimumROISize": 5000}, r"needs more than 5000 \(minimumROISize\)"),
        ({"resegmentRange": [5000.0]}, "resegmentation keeps 0 voxels"),
    ],
)
def test_unusable_region_is_a_case_error(setting, message):
    engine = make_engine("native", parse_settings({"setting": setting}, "a.yaml"))
    with pytest.raises(CaseError, match=message):
        engine.execute(*case())


def test_single_voxel_and_line_are_refused():
    image, mask = case()
    engine = make_engine("native", load_settings("original"))
    array = np.zeros((9, 10, 11), np.uint8)
    array[4, 5, 5] = 1
    with pytest.raises(CaseError, match="single voxel"):
        engine.execute(image, like(array, mask))
    array[4, 5, :] = 1
    with pytest.raises(CaseError, match="extends in 1 of at least 2 dimensions"):
        engine.execute(image, like(array, mask))


def like(array, image):
    volume = sitk.GetImageFromArray(array)
    volume.CopyInformation(image)
    return volume


def test_grids_that_differ_are_refused_with_the_numbers():
    image, mask = case()
    mask.SetOrigin((0.5, 0, 0))
    engine = make_engine("native", load_settings("original"))
    with pytest.raises(CaseError, match=r"origins \(0\.0, 0\.0, 0\.0\) and \(0\.5, 0\.0, 0\.0\)"):
        engine.execute(image, mask)
    tolerant = parse_settings({"setting": {"geometryTolerance": 1.0}}, "a.yaml")
    make_engine("native", tolerant).execute(image, mask)


def test_constant_image_cannot_be_normalised():
    image, mask = case()
    with pytest.raises(CaseError, match="constant"):
        make_engine("native", load_settings("original")).execute(image * 0, mask)


def test_colour_image_is_refused():
    image, mask = case()
    with pytest.raises(CaseError, match="one value per voxel"):
        make_engine("native", load_settings("original")).execute(sitk.Compose(image, image), mask)


def test_channel_of_a_vector_mask_is_chosen():
    image, mask = case()
    parameters = parse_settings({"setting": {"label_channel": 1}}, "a.yaml")
    both = sitk.Compose(mask * 0, mask)
    chosen = make_engine("native", parameters).execute(image, both).values
    plain = make_engine("native", parse_settings({}, "a.yaml")).execute(image, mask).values
    assert chosen == plain
    wrong = parse_settings({"setting": {"label_channel": 2}}, "a.yaml")
    with pytest.raises(CaseError, match="the mask has 2 channels"):
        make_engine("native", wrong).execute(image, both)


def test_unsupported_image_type_is_refused():
    parameters = replace(load_settings("original"), image_types=(ImageType("Voronoi"),))
    with pytest.raises(InputError, match="does not make the image type Voronoi"):
        make_engine("native", parameters)


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"resampledPixelSpacing": [1, 1, 1], "normalize": True},
        {"resegmentRange": [-1, 1], "resegmentMode": "sigma", "preCrop": True},
    ],
)
def test_diagnostics_are_those_of_pyradiomics(setting):
    image, mask = case()
    parameters = parse_settings({"setting": setting, "featureClass": {"ngtdm": []}}, "a.yaml")
    native = make_engine("native", parameters).execute(image, mask).diagnostics
    upstream = make_engine("pyradiomics", parameters).execute(image, mask).diagnostics
    facts = {name for name in upstream if "_Image-" in name or "_Mask-" in name}
    assert facts == {name for name in native if "_Image-" in name or "_Mask-" in name}
    for name in facts:
        if isinstance(upstream[name], str):
            assert native[name] == upstream[name], name
        else:
            assert native[name] == pytest.approx(upstream[name], rel=1e-12, abs=1e-12), name
    assert native["diagnostics_Versions_Numpy"] == upstream["diagnostics_Versions_Numpy"]
    quiet = make_engine("native", load_settings("original")).execute(image, mask)
    assert quiet.diagnostics == {}


def test_warm_up_reports_nothing_once_compiled():
    make_engine("native", load_settings("original"))
    lines = []
    assert is_compiled()
    assert warm_up(lines.append) > 0
    assert lines == []


def singular_value(matrix):
    """Return the second singular value, by LAPACK: the coefficient by its definition."""
    px, py = matrix.sum(1), matrix.sum(0)
    scaled = matrix / np.sqrt(px[:, None] * py)
    return np.linalg.svd(scaled, compute_uv=False)[1]


def test_no_pattern_of_gray_levels_hides_its_maximal_correlation():
    # Equal sums, and the vector (1, -1, -1, 1), which a start of evenly spaced fractions misses.
    a, b, c = 0.00215306, 0.24734697, 0.00049997
    matrix = np.array([[0, a, b, c], [a, 0, c, b], [b, c, 0, a], [c, b, a, 0]])
    matrices = [matrix / matrix.sum()]
    random = np.random.default_rng(0)
    for levels in (3, 4, 5, 6, 8):
        for _ in range(400):
            counts = random.integers(0, 3, (levels, levels)).astype(float)
            counts += counts.T + np.eye(levels)
            matrices.append(counts / counts.sum())
    for matrix in matrices:
        sums = matrix.sum(1)
        # The error of the coefficient is about the square root of what is left of its square.
        assert maximal_correlation(matrix, sums, sums, True) == pytest.approx(
            singular_value(matrix), abs=1e-7
        )


def test_a_feature_listed_twice_is_computed_once():
    raw = {"featureClass": {"firstorder": ["Mean", "Mean"], "glcm": ["Contrast"]}}
    engine = make_engine("native", parse_settings(raw, "a.yaml"))
    assert engine.feature_names() == ["original_firstorder_Mean", "original_glcm_Contrast"]
    image, mask = case()
    array = np.zeros((9, 10, 11), np.uint8)
    array[2, 2, 2] = array[6, 8, 8] = 1
    result = engine.execute(image, like(array, mask))
    assert math.isfinite(result.values["original_firstorder_Mean"])
    assert list(result.problems) == ["original_glcm_Contrast"]


@pytest.mark.parametrize("setting", [{"distances": [1, 1]}, {"sigma": [1.0, 3.0, 1.0]}])
def test_a_value_given_twice_is_refused(setting):
    with pytest.raises(InputError, match="each value may be given once only"):
        parse_settings({"setting": setting}, "a.yaml")


def test_an_image_of_two_slices_is_not_resampled_with_splines():
    image, mask = case(shape=(4, 10, 11))
    image, mask = image[:, :, 1:3], mask[:, :, 1:3]
    setting = {"resampledPixelSpacing": [0.7, 0.7, 0]}
    spline = make_engine("native", parse_settings({"setting": setting}, "a.yaml"))
    with pytest.raises(CaseError, match="two slices cannot be resampled with B-splines"):
        spline.execute(image, mask)
    linear = {**setting, "interpolator": "sitkLinear"}
    make_engine("native", parse_settings({"setting": linear}, "a.yaml")).execute(image, mask)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda image, mask: (image, mask[:, :, 0]), "the mask has 2 dimensions"),
        (lambda image, mask: (image, sitk.Cast(mask, sitk.sitkFloat32) * 1.4), "between whole"),
        (
            lambda image, mask: (sitk.Cast(image, sitk.sitkComplexFloat32), mask),
            "holds complex numbers",
        ),
        (
            lambda image, mask: (sitk.Cast(image, sitk.sitkFloat32) * math.nan, mask),
            "holds infinite or missing intensities",
        ),
    ],
)
def test_images_and_masks_that_say_nothing_are_refused(change, message):
    engine = make_engine("native", load_settings("original"))
    with pytest.raises(CaseError, match=message):
        engine.execute(*change(*case()))
