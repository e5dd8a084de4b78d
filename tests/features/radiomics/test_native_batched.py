"""The batched path gives the values of the native engine."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from dlr.errors import CaseError, DlrError
from dlr.features.radiomics import load_settings, make_engine
from dlr.features.radiomics.native.batched import (
    BatchedEngine,
    TextureRegion,
    intensity_features_many,
)
from dlr.features.radiomics.native.batched.glszm import glszm_many
from dlr.features.radiomics.native.batched.packing import Packed
from dlr.features.radiomics.native.discretisation import discretise
from dlr.features.radiomics.native.features import intensity_features
from dlr.features.radiomics.native.glszm import glszm
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.radiomics.reader import parse_settings

SPACING = (3.0, 0.7, 0.9)
CLASSES = tuple(
    chosen
    for chosen in parse_settings({}, "a.yaml").feature_classes
    if not chosen.name.startswith("shape")
)


def regions(n=14, seed=0):
    """Regions of different size, density, spread and type of intensities."""
    random = np.random.default_rng(seed)
    found = []
    for i in range(n):
        shape = tuple(int(size) for size in random.integers(2, 10, 3))
        mask = random.random(shape) < random.choice([0.3, 0.7, 1.0])
        mask[0, 0, 0] = mask[-1, -1, -1] = True
        spread = random.choice([4.0, 30.0, 90.0])
        voxels = random.normal(150, spread, shape).astype([np.int16, np.float32, np.float64][i % 3])
        found.append(TextureRegion(voxels, mask, SPACING))
    return found


def degenerate():
    """Regions in which rounding decides, or nothing is defined."""
    flat = np.full((4, 5, 6), 0.1)
    everything = np.ones((4, 5, 6), bool)
    corners = np.zeros((4, 5, 6), bool)
    corners[0, 0, 0] = corners[-1, -1, -1] = True
    apart = np.zeros((3, 5, 5), bool)
    apart[1, 1, ::2] = True
    random = np.random.default_rng(3)
    outlier = random.normal(100, 20, (4, 5, 6))
    outlier[2, 2, 2] = 1e6
    halves = np.where(np.indices((4, 4, 4)).sum(0) % 2, 50.0, 120.0)
    infinite = np.full((4, 5, 6), np.nan)
    return [
        TextureRegion(flat, everything, SPACING),
        TextureRegion(outlier, corners, SPACING),
        TextureRegion(outlier, everything, SPACING),
        TextureRegion(random.normal(0, 50, (3, 5, 5)), apart, SPACING),
        TextureRegion(halves, np.ones((4, 4, 4), bool), SPACING),
        TextureRegion(infinite, everything, SPACING),
    ]


def check(cases, settings, **options):
    many = intensity_features_many(cases, CLASSES, settings, **options)
    assert len(many) == len(cases)
    for case, found in zip(cases, many):
        expected = intensity_features(case.voxels, case.mask, CLASSES, settings, case.spacing)
        if isinstance(expected, str):
            assert found == expected
            continue
        assert list(found) == list(expected)
        for name, value in expected.items():
            absolute = 1e-8 if name == "glcm_MCC" else 1e-11
            assert found[name] == pytest.approx(value, rel=1e-9, abs=absolute, nan_ok=True), name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"binWidth": 5},
        {"binCount": 12, "distances": [1, 2]},
        {"weightingNorm": "euclidean", "gldm_a": 2},
        {"weightingNorm": "no_weighting", "symmetricalGLCM": False},
        {"symmetricalGLCM": False, "distances": [2], "voxelArrayShift": 300},
        {"force2D": True, "force2Ddimension": 1, "binWidth": 10},
        {"ibsi": True},
    ],
)
def test_values_are_those_of_the_engine(options):
    settings = ExtractionSettings(**options)
    check([*regions(), *degenerate()], settings)


@pytest.mark.parametrize("options", [{"binWidth": 60}, {"force2D": True, "binWidth": 40}])
def test_zones_joined_on_a_device_are_those_that_the_engine_follows(options):
    settings = ExtractionSettings(**options)
    found = [
        discretise(case.voxels[case.mask], case.mask, 1, settings) for case in regions(20, seed=4)
    ]
    random = np.random.default_rng(2)
    winding = np.zeros((1, 41, 41), np.int16)  # one long zone, the slowest to join
    winding[0, ::2] = winding[0, 1::4, -1] = winding[0, 3::4, 0] = 99
    inside = np.ones(winding.shape, bool)
    found.append(discretise(winding[inside], inside, 1, settings))
    order = random.permutation(len(found))
    packed = Packed.of([found[i] for i in order], torch.device("cpu"))
    for i, row in zip(order, glszm_many(packed, settings)):
        expected = glszm(found[i], settings)
        assert row == pytest.approx(expected, rel=1e-11, abs=1e-12)


def test_order_and_size_of_parts_do_not_matter():
    cases = [*regions(), *degenerate()]
    settings = ExtractionSettings(binWidth=10)
    whole = intensity_features_many(cases, CLASSES, settings)
    reversed_ = intensity_features_many(cases[::-1], CLASSES, settings, elements=1)[::-1]
    for first, second in zip(whole, reversed_):
        if isinstance(first, str):
            assert first == second
            continue
        for name, value in first.items():
            assert second[name] == pytest.approx(value, rel=1e-10, abs=1e-9, nan_ok=True), name


def test_regions_that_bins_do_not_fit_say_why():
    case = TextureRegion(np.linspace(0, 1, 64).reshape(4, 4, 4), np.ones((4, 4, 4), bool), SPACING)
    (found,) = intensity_features_many([case], CLASSES, ExtractionSettings(binWidth=1e-9))
    assert "choose a larger binWidth" in found


def test_no_regions_give_no_rows():
    assert intensity_features_many([], CLASSES, ExtractionSettings()) == []


def pairs(n):
    """Images of different size with a region, one of them empty."""
    random = np.random.default_rng(8)
    for i in range(n):
        shape = tuple(int(size) for size in random.integers(7, 12, 3))
        image = sitk.GetImageFromArray(random.normal(100, 40, shape).astype(np.int16))
        array = (random.random(shape) < 0.8).astype(np.uint8)
        mask = sitk.GetImageFromArray(array * (i != 2))
        for volume in (image, mask):
            volume.SetSpacing((0.8, 0.8, 2.0))
        yield image, mask


@pytest.mark.parametrize(("dimension", "threads"), [("3d", 2), ("2.5d", 1)])
def test_engine_gives_the_results_of_the_native_one_in_order(dimension, threads):
    raw = {
        "imageType": {"Original": {}, "LoG": {"sigma": [1.0, 60.0]}, "Wavelet": {"binWidth": 10}},
        "setting": {"normalize": True, "normalizeScale": 100, "binWidth": 8},
    }
    parameters = parse_settings(raw, "a.yaml").for_dimension(dimension)
    batched = BatchedEngine(parameters, cases=3, threads=threads)
    native = make_engine("native", parse_settings(raw, "a.yaml"), dimension)
    assert batched.feature_names() == native.feature_names()
    outcomes = list(batched.execute_all(pairs(5)))
    assert isinstance(outcomes[2], CaseError)
    for (image, mask), outcome in zip(pairs(5), outcomes):
        if isinstance(outcome, CaseError):
            continue
        expected = native.execute(image, mask)
        assert list(outcome.values) == list(expected.values)
        assert outcome.problems == expected.problems
        assert outcome.diagnostics == expected.diagnostics
        for name, value in expected.values.items():
            assert outcome.values[name] == pytest.approx(value, rel=1e-8, abs=1e-8, nan_ok=True), (
                name
            )


def test_engine_refuses_a_single_unusable_case():
    engine = BatchedEngine(load_settings("original").for_dimension("3d"))
    image, mask = list(pairs(3))[2]
    with pytest.raises(CaseError, match="it is empty"):
        engine.execute(image, mask)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("tpu", "must be cpu or cuda"),
        ("mps", "needs 64-bit floats"),
        ("cuda:99", "no graphics card 'cuda:99'"),
    ],
)
def test_unusable_device_is_refused(device, message):
    with pytest.raises(DlrError, match=message):
        BatchedEngine(load_settings("original").for_dimension("3d"), device)


@pytest.mark.real_data
def test_real_regions_agree(data_root):
    folder = data_root / "lumbar_ivd_t2"
    image = sitk.ReadImage(str(folder / "IVD11_img.nii.gz"))
    labels = sitk.ReadImage(str(folder / "IVD11_mask.nii.gz"))
    parameters = load_settings("original-log-wavelet").for_dimension("3d")
    cases = [(image, labels == label) for label in (1, 2, 3)]
    native = make_engine("native", parameters)
    for (_, mask), found in zip(cases, BatchedEngine(parameters).execute_all(cases)):
        expected = native.execute(image, mask)
        assert found.problems == expected.problems
        for name, value in expected.values.items():
            assert found.values[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name


def test_many_levels_and_smooth_images_settle():
    """Smooth images have a second eigenvalue near the first, which takes the most iterations."""
    z, y, x = np.indices((6, 20, 20))
    smooth = 300 + 200 * np.sin(x / 6) * np.cos(y / 7) + 10 * z
    case = TextureRegion(smooth, np.ones(smooth.shape, bool), SPACING)
    check([case] * 3, ExtractionSettings(binWidth=3))
