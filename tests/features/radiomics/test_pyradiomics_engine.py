"""PyRadiomics behind dlr's interface: upstream's numbers, fixed columns, nothing left changed."""

import logging
import math
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from dlr.errors import CaseError, DlrError, MissingDependencyError
from dlr.features.radiomics import load_settings, make_engine
from dlr.features.radiomics.reader import parse_settings

from .baseline import CLASSES, read_baseline, read_case


def small_case(shape=(6, 9, 11), seed=0):
    random = np.random.default_rng(seed)
    image = sitk.GetImageFromArray(random.integers(0, 200, shape).astype(np.int16))
    array = np.zeros(shape, np.uint8)
    array[tuple(slice(1 if n > 2 else 0, max(n - 1, 1)) for n in shape)] = 1
    mask = sitk.GetImageFromArray(array)
    return image, mask


@pytest.mark.real_data
@pytest.mark.parametrize("feature_class", CLASSES)
def test_upstream_baseline_values(data_root, feature_class):
    folder = data_root / "pyradiomics_baseline"
    pairs = {}
    for case in read_baseline(folder):
        if case.feature_class != feature_class:
            continue
        if case.image not in pairs:
            pairs[case.image] = read_case(folder, case.image)
        engine = make_engine("pyradiomics", case.parameters)
        values = engine.execute(*pairs[case.image]).values
        for name, expected in case.expected.items():
            assert values[name] == pytest.approx(expected, rel=1e-9, abs=1e-12), (case.case, name)


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
    engine = make_engine("pyradiomics", load_settings(preset), dimension)
    image, mask = small_case((1, 9, 11) if dimension == "2d" else (8, 9, 11))
    result = engine.execute(image, mask)
    assert engine.feature_names() == list(result.values)
    assert len(result.values) == count
    assert not result.problems
    assert list(engine._extractor().execute(image, mask)) == engine.feature_names()


def test_every_other_image_type_has_known_columns():
    kinds = {"Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {}}
    kinds["Wavelet"] = {"level": 2, "start_level": 1, "wavelet": "haar"}
    parameters = parse_settings({"imageType": kinds, "featureClass": {"ngtdm": []}}, "a.yaml")
    image, mask = small_case((8, 8, 8))
    result = make_engine("pyradiomics", parameters).execute(image, mask)
    assert len(result.values) == (5 + 15) * 5
    assert not result.problems


def test_feature_that_cannot_be_computed_is_nan_with_reason():
    parameters = parse_settings(
        {"imageType": {"LoG": {"sigma": [9.0]}}, "featureClass": {"firstorder": ["Mean"]}}, "a.yaml"
    )
    result = make_engine("pyradiomics", parameters).execute(*small_case())
    name = "log-sigma-9-0-mm-3D_firstorder_Mean"
    assert math.isnan(result.values[name])
    assert "must be greater than the size" in result.problems[name]
    assert result.to_frame().loc[name, "problem"] == result.problems[name]


def test_unusable_region_is_a_case_error():
    image, mask = small_case()
    engine = make_engine("pyradiomics", load_settings("original"))
    with pytest.raises(CaseError, match="No labels found in this mask"):
        engine.execute(image, mask * 0)


def test_eight_bit_image_gives_the_values_of_the_same_image_in_sixteen_bit():
    image, mask = small_case()
    image = image + 50
    parameters = parse_settings({"setting": {"binWidth": 25}}, "a.yaml")
    engine = make_engine("pyradiomics", parameters)
    narrow = engine.execute(sitk.Cast(image, sitk.sitkUInt8), mask).values
    assert narrow == engine.execute(image, mask).values


def test_logging_and_tolerance_are_left_as_they_were(capfd):
    parameters = parse_settings({"setting": {"geometryTolerance": 0.5}}, "a.yaml")
    engine = make_engine("pyradiomics", parameters)
    logger = logging.getLogger("radiomics")
    before = (list(logger.handlers), logger.propagate, logger.level)
    tolerance = sitk.ProcessObject.GetGlobalDefaultCoordinateTolerance()
    image, mask = small_case()
    mask.SetOrigin((0.1, 0, 0))
    engine.execute(image, mask)
    assert (list(logger.handlers), logger.propagate, logger.level) == before
    assert sitk.ProcessObject.GetGlobalDefaultCoordinateTolerance() == tolerance
    assert capfd.readouterr() == ("", "")


def test_diagnostics_come_only_when_asked_for():
    image, mask = small_case()
    full = make_engine("pyradiomics", parse_settings({}, "a.yaml")).execute(image, mask)
    assert full.diagnostics["diagnostics_Mask-original_VoxelNum"] == 4 * 7 * 9
    assert (
        not make_engine("pyradiomics", load_settings("original")).execute(image, mask).diagnostics
    )


def test_missing_package_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "radiomics", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "dlr\[pyradiomics\]"'):
        make_engine("pyradiomics", load_settings("original"))


def test_filter_without_its_package_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    parameters = parse_settings({"imageType": {"LBP2D": {}}}, "a.yaml")
    with pytest.raises(
        MissingDependencyError, match="LBP2D of the engine pyradiomics needs scikit"
    ):
        make_engine("pyradiomics", parameters)


def test_unknown_engine_or_dimension_is_refused():
    with pytest.raises(DlrError, match="engine must be one of native, pyradiomics"):
        make_engine("other", load_settings("original"))
    with pytest.raises(DlrError, match=r"dimension must be one of 3d, 2\.5d, 2d"):
        make_engine("pyradiomics", load_settings("original"), "4d")
