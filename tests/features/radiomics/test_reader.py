"""The parameter file: presets, PyRadiomics' own syntax, and what is refused with which words."""

from pathlib import Path

import pytest

from dlr.errors import InputError
from dlr.features.radiomics import PRESETS, load_settings
from dlr.features.radiomics.reader import parse_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_presets_normalise_mr_intensities_and_bin_by_five():
    for preset in PRESETS:
        settings = load_settings(preset).settings
        assert settings.normalize
        assert (settings.normalizeScale, settings.binWidth) == (100, 5)


def test_file_of_pyradiomics_is_read_verbatim(tmp_path):
    text = """
imageType:
  Original: {}
  LoG: {sigma: [1, 2.5], binWidth: 10}
featureClass:
  shape:
  firstorder: [Mean, StandardDeviation]
  glcm: []
setting:
  binWidth: 25
  resampledPixelSpacing: [1, 1, 0]
  interpolator: sitkLinear
  weightingNorm:
"""
    parameters = load_settings(write(tmp_path, text))
    assert parameters.settings.resampledPixelSpacing == (1, 1, 0)
    log = parameters.settings_of(parameters.image_types[1])
    assert (log.binWidth, log.sigma) == (10, (1, 2.5))
    assert parameters.feature_classes[1].features == ("Mean", "StandardDeviation")
    assert len(parameters.feature_classes[2].features) == 24


def test_json_is_read_too(tmp_path):
    path = tmp_path / "params.json"
    path.write_text('{"setting": {"binCount": 32}}')
    assert load_settings(path).settings.binCount == 32


def test_number_of_an_interpolator_means_the_one_it_has_in_the_documentation(tmp_path):
    parameters = load_settings(write(tmp_path, "setting: {interpolator: 3}"))
    assert parameters.settings.interpolator == "sitkBSpline"


def test_empty_sections_mean_original_image_and_all_classes(tmp_path):
    parameters = load_settings(write(tmp_path, "setting: {binWidth: 3}"))
    assert [kind.name for kind in parameters.image_types] == ["Original"]
    assert len(parameters.feature_classes) == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("setting: {binwidth: 5}", r"unknown option 'binwidth'; did you mean 'binWidth'\?"),
        ("setting: {binWidth: -5}", r"'binWidth': Input should be greater than 0, but got -5"),
        ("settings: {binWidth: 5}", r"unknown section 'settings'; did you mean 'setting'\?"),
        ("voxelSetting: {kernelRadius: 1}", "voxel maps"),
        ("imageType: {Log: {}}", r"unknown image type 'Log'; did you mean 'LoG'\?"),
        ("imageType: {LoG: {}}", "LoG needs 'sigma'"),
        ("imageType: {Wavelet: {wavelet: morl}}", "must be a discrete wavelet"),
        ("imageType: {Wavelet: {normalize: true}}", "no effect within an image type"),
        ("imageType: {Wavelet: {levl: 2}}", r"unknown option 'levl'; did you mean 'level'\?"),
        ("imageType: {Wavelet: 3}", "must be a mapping of options"),
        ("imageType: [Original]", "'imageType' must be a mapping"),
        ("featureClass: {GLCM: []}", r"unknown feature class 'GLCM'; did you mean 'glcm'\?"),
        ("featureClass: {glcm: [Homogeneity1]}", "unknown feature 'Homogeneity1'"),
        ("featureClass: {glcm: 3}", "must be a list of features"),
        ("featureClass: [glcm]", "'featureClass' must be a mapping"),
        ("setting: [1]", "'setting' must be a mapping"),
        ("setting: {interpolator: cubic}", "must be one of sitkNearestNeighbor"),
        ("setting: {interpolator: 11}", "a number from 1 to 10"),
        ("setting: {resampledPixelSpacing: [1, 1, -1]}", "spacings must be positive"),
        ("- a", "must be a mapping with the sections"),
        ("a: [", "not readable YAML"),
    ],
)
def test_fault_is_named_with_remedy(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as error:
        load_settings(path)
    assert "params.yaml" in str(error.value)


def test_all_faults_are_listed_at_once(tmp_path):
    text = "setting: {binwidth: 5, levle: 2}\nfeatureClass: {GLCM: []}"
    with pytest.raises(InputError) as error:
        load_settings(write(tmp_path, text))
    assert len(error.value.faults) == 3


def test_missing_file_names_the_presets(tmp_path):
    with pytest.raises(InputError, match="does not exist; give a file, or a preset: original"):
        load_settings(tmp_path / "absent.yaml")


def test_slices_get_shape2d_and_slice_by_slice_gets_force2d():
    parameters = load_settings("original")
    flat = parameters.for_dimension("2d")
    assert flat.settings.force2D
    assert flat.feature_classes[0].name == "shape2D"
    assert parameters.for_dimension("2.5d").feature_classes[0].name == "shape"
    assert parameters.for_dimension("3d") is parameters


def test_file_with_both_shape_classes_serves_every_dimension():
    both = parse_settings({"featureClass": {"shape": [], "shape2D": []}}, "both.yaml")
    assert [c.name for c in both.for_dimension("3d").feature_classes] == ["shape"]
    assert [c.name for c in both.for_dimension("2d").feature_classes] == ["shape2D"]


@pytest.mark.parametrize(
    ("raw", "dimension", "message"),
    [
        ({"featureClass": {"shape2D": []}}, "3d", "list shape beside it"),
        ({"featureClass": {"shape": ["MeshVolume"]}}, "2d", "list shape2D beside it"),
        ({"setting": {"force2Ddimension": 1}}, "2.5d", "always takes array axis 0"),
        ({"imageType": {"LoG": {"sigma": [1]}}}, "2d", "needs a volume of at least 4 slices"),
    ],
)
def test_contradiction_with_dimension_is_refused(raw, dimension, message):
    parameters = parse_settings(raw, "params.yaml")
    with pytest.raises(InputError, match=message):
        parameters.for_dimension(dimension)


def test_canonical_text_tells_settings_apart():
    first = parse_settings({"setting": {"binWidth": 5}}, "a.yaml")
    same = parse_settings({"setting": {"binWidth": 5, "label": 1}}, "b.yaml")
    other = parse_settings({"setting": {"binWidth": 6}}, "a.yaml")
    assert first.canonical() == same.canonical()
    assert first.canonical() != other.canonical()
