"""Local binary patterns of the native engine are those of PyRadiomics and its libraries."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import special

from dlr.features.radiomics import make_engine
from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.filters.images import filtered_images
from dlr.features.radiomics.native.filters.lbp3d import spherical_harmonics
from dlr.features.radiomics.native.filters.lbp_sphere import icosphere
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.radiomics.reader import parse_settings

from .agreement import disagreements
from .baseline import read_case

TEXTURES = {name: [] for name in ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")}
MIDDLE, CORNER = Box((2, 20, 31), (6, 33, 45)), Box((0, 0, 50), (2, 9, 61))
REFERENCE = json.loads(Path(__file__).with_name("lbp3d_reference.json").read_text("utf-8"))


def volume(dtype=np.int16, flat=False):
    random = np.random.default_rng(5)
    array = random.integers(-40, 200, (8, 50, 61))
    if flat:  # neighbours that are equal, so that rounding decides
        array = array // 120
    image = sitk.GetImageFromArray(np.clip(array, *limits(dtype)).astype(dtype))
    image.SetSpacing((0.8, 0.7, 3.0))
    return image


def limits(dtype):
    return (0, 255) if dtype == np.uint8 else (-1000, 1000)


def cut(image, image_type, box, **options):
    settings = ExtractionSettings(**options)
    images = list(filtered_images(image_type, Intensities.of(image, settings), box, settings))
    return {found.name: found.voxels for found in images}, images


def slices_by_scikit_image(image, axis, samples, radius, method):
    """What PyRadiomics does: every slice in turn, written into an array of the image's type."""
    from skimage.feature import local_binary_pattern

    array = sitk.GetArrayFromImage(image)
    turned = array.swapaxes(0, axis)
    with np.errstate(invalid="ignore"):
        for i in range(len(turned)):
            values = turned[i].astype(np.float64)
            with pytest.warns(UserWarning, match="floating-point images"):
                turned[i] = local_binary_pattern(values, samples, radius, method)
    return array


@pytest.mark.parametrize("method", ["default", "ror", "uniform", "var"])
@pytest.mark.parametrize(("samples", "radius"), [(8, 1), (5, 2.5), (13, 3)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_patterns_of_a_crop_equal_those_of_scikit_image(method, samples, radius, axis):
    for image in (volume(), volume(np.float64, flat=True)):
        expected = slices_by_scikit_image(image, axis, samples, radius, method)
        options = {"lbp2DMethod": method, "lbp2DSamples": samples, "lbp2DRadius": radius}
        for box in (MIDDLE, CORNER):
            found, _ = cut(image, "LBP2D", box, force2Ddimension=axis, **options)
            assert found["lbp-2D"].dtype == expected.dtype
            np.testing.assert_array_equal(found["lbp-2D"], expected[box.slices])


def test_eight_bit_image_keeps_its_type():
    image = volume(np.uint8)
    expected = slices_by_scikit_image(image, 0, 8, 1, "default")
    found, _ = cut(image, "LBP2D", MIDDLE, lbp2DMethod="default")
    np.testing.assert_array_equal(found["lbp-2D"], expected[MIDDLE.slices])


def test_codes_of_too_many_bits_are_not_made_and_say_why():
    _, (image,) = cut(volume(), "LBP2D", MIDDLE, lbp2DMethod="ror", lbp2DSamples=32)
    assert image.voxels is None
    assert "at most 31 samples (lbp2DSamples), not 32" in image.problem


@pytest.mark.parametrize("radius", [1, 1.5, 2])
@pytest.mark.parametrize("subdivisions", [0, 1, 2, 3])
def test_sphere_is_that_of_trimesh(subdivisions, radius):
    from trimesh.creation import icosphere as reference

    expected = np.array(reference(subdivisions, radius).vertices)
    np.testing.assert_array_equal(icosphere(subdivisions, radius), expected)


def test_harmonics_are_those_of_scipy_with_the_angles_exchanged():
    vertices = icosphere(2, 1.5)
    azimuth = np.arccos(vertices[:, 2] / 1.5)
    polar = np.arctan2(vertices[:, 1], vertices[:, 0])
    found, degrees = spherical_harmonics(vertices, 1.5, 4)
    expected = [
        special.sph_harm_y(n, m, np.abs(polar), azimuth) for n in range(4) for m in range(-n, n + 1)
    ]
    np.testing.assert_allclose(found, np.array(expected).T, atol=1e-15)
    assert degrees.tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3]


def test_patterns_of_a_box_equal_those_of_the_whole_volume():
    random = np.random.default_rng(1)
    for array in (random.normal(0, 30, (9, 150, 140)), random.integers(0, 3, (9, 150, 140))):
        image = sitk.GetImageFromArray(array.astype(np.float64))
        whole, _ = cut(image, "LBP3D", Box((0, 50, 60), (9, 100, 80)))
        small = Box((3, 70, 65), (5, 80, 72))
        part, _ = cut(image, "LBP3D", small)
        for name, values in part.items():
            inner = whole[name][3:5, 20:30, 5:12]
            np.testing.assert_allclose(values, inner, rtol=1e-12, atol=1e-12)


def test_sphere_without_contrast_has_no_kurtosis():
    image = sitk.GetImageFromArray(np.full((7, 9, 9), 5, np.int16))
    found, _ = cut(image, "LBP3D", Box((2, 3, 3), (5, 6, 6)))
    assert np.isnan(found["lbp-3D-k"]).all()
    assert np.isfinite(found["lbp-3D-m1"]).all()


@pytest.mark.real_data
@pytest.mark.parametrize("record", REFERENCE["settings"], ids=["default", "fine sphere"])
@pytest.mark.parametrize("case", ["breast1", "brain2"])
def test_volume_patterns_give_the_stored_values_of_pyradiomics(data_root, record, case):
    """Values that PyRadiomics gave with SciPy 1.14, the last with the function it needs."""
    engine = make_engine("native", parse_settings(record["parameters"], "a.yaml"))
    values = engine.execute(*read_case(data_root / "pyradiomics_baseline", case)).values
    assert list(values) == list(record["values"][case])
    for name, expected in record["values"][case].items():
        assert values[name] == pytest.approx(expected, rel=1e-9, abs=1e-12), name


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("kinds", "setting"),
    [
        ({"LBP2D": {"binWidth": 1}, "LBP3D": {"binWidth": 0.5}}, {}),
        (
            {"LBP2D": {"lbp2DMethod": "var", "binCount": 16}, "LBP3D": {"binCount": 42}},
            {"normalize": True, "normalizeScale": 100},
        ),
        (
            {
                "LBP2D": {"lbp2DMethod": "default", "lbp2DSamples": 6, "lbp2DRadius": 2},
                "LBP3D": {"lbp3DLevels": 4, "lbp3DIcosphereSubdivision": 0},
            },
            {"resampledPixelSpacing": [1, 1, 1], "binWidth": 2},
        ),
        (
            {"LBP2D": {"force2Ddimension": 1, "lbp2DMethod": "ror"}, "LBP3D": {}},
            {"force2D": True, "preCrop": True, "binWidth": 1, "resegmentRange": [0]},
        ),
    ],
)
@pytest.mark.parametrize("case", ["breast1", "brain2"])
def test_features_agree_with_pyradiomics(data_root, sph_harm_for_pyradiomics, kinds, setting, case):
    raw = {"imageType": kinds, "featureClass": TEXTURES, "setting": setting}
    pair = read_case(data_root / "pyradiomics_baseline", case)
    parameters = parse_settings(raw, "a.yaml")
    native, upstream = (
        make_engine(name, parameters).execute(*pair) for name in ("native", "pyradiomics")
    )
    assert not native.problems
    assert disagreements(native, upstream, 1e-8) == {}


@pytest.mark.real_data
def test_disc_agrees_with_pyradiomics(data_root, sph_harm_for_pyradiomics):
    folder = data_root / "lumbar_ivd_t2"
    image = sitk.ReadImage(str(folder / "IVD11_img.nii.gz"))
    mask = sitk.ReadImage(str(folder / "IVD11_mask.nii.gz")) == 3
    raw = {"imageType": {"LBP2D": {}, "LBP3D": {}}, "setting": {"binWidth": 1}}
    parameters = parse_settings({**raw, "featureClass": TEXTURES}, "a.yaml")
    engines = [make_engine(name, parameters) for name in ("native", "pyradiomics")]
    native, upstream = (engine.execute(image, mask) for engine in engines)
    assert [name.split("_")[0] for name in native.values][::93] == [
        "lbp-2D", "lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k",
    ]  # fmt: skip
    assert disagreements(native, upstream, 1e-8) == {}
