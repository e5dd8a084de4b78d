"""Both engines agree on random images, masks and settings, degenerate ones included."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .agreement import disagreements, run_both

EXTENT = st.integers(1, 7)
TEXTURES = {name: [] for name in ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")}
QUIET = {"additionalInfo": False}

# every option of issue-relevant preprocessing and texture, mostly left at its default
OPTIONS = st.fixed_dictionaries(
    {"binWidth": st.sampled_from([25, 5, 3.3, 1]), "minimumROIDimensions": st.sampled_from([1, 2])},
    optional={
        "binCount": st.sampled_from([2, 8, 16]),
        "distances": st.sampled_from([[2], [1, 2], [1, 3]]),
        "weightingNorm": st.sampled_from(["manhattan", "euclidean", "infinity", "no_weighting"]),
        "symmetricalGLCM": st.just(False),
        "gldm_a": st.sampled_from([1, 2]),
        "voxelArrayShift": st.just(300),
    },
)
PREPARATION = st.one_of(
    st.just({}),
    st.just({"normalize": True, "normalizeScale": 100, "removeOutliers": 1.5}),
    st.just({"resegmentRange": [-1, 1], "resegmentMode": "sigma"}),
    st.just({"resegmentRange": [0.5], "resegmentMode": "relative", "resegmentShape": True}),
    st.just({"resegmentRange": [90, 130]}),
    st.just({"resampledPixelSpacing": [1.1, 1.1, 0], "interpolator": "sitkLinear"}),
    st.just({"resampledPixelSpacing": [2, 2, 2]}),
    st.just({"preCrop": True, "padDistance": 1}),
)
SLICES = st.one_of(
    st.just({}), st.integers(0, 2).map(lambda axis: {"force2D": True, "force2Ddimension": axis})
)
FILTERS = st.sampled_from(
    [
        {"Original": {}},
        {"Original": {}, "LoG": {"sigma": [1.0, 2.5]}},
        {"Wavelet": {}},
        {"Wavelet": {"wavelet": "db2", "level": 2}},
        {"Wavelet": {"wavelet": "haar", "start_level": 1}},
        {"Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}},
        {"Gradient": {}},
        {"Gradient": {"gradientUseSpacing": False}},
        {"LBP2D": {"binWidth": 1}},
        {"LBP2D": {"lbp2DMethod": "default", "lbp2DSamples": 5, "lbp2DRadius": 1.5}},
        {"LBP2D": {"lbp2DMethod": "ror"}, "LBP3D": {"binWidth": 0.5}},
        {"LBP2D": {"lbp2DMethod": "var"}},
        {"LBP3D": {"lbp3DLevels": 3, "lbp3DIcosphereSubdivision": 0, "binCount": 8}},
    ]
)


@st.composite
def cases(draw):
    """A small image and a mask: random, flat or two-valued; dense, sparse or touching borders."""
    shape = (draw(EXTENT), draw(EXTENT), draw(EXTENT))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = draw(st.sampled_from(["normal", "flat", "two", "ramp"]))
    array = {
        "normal": random.normal(100, 30, shape).clip(0, 250),
        "flat": np.full(shape, 100.0),
        "two": np.where(random.random(shape) < 0.5, 100.0, 130.0),
        "ramp": np.arange(np.prod(shape)).reshape(shape) % 200.0,
    }[values]
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.int32, np.float32, np.float64]))
    image = sitk.GetImageFromArray(array.astype(dtype))
    label = draw(st.sampled_from([1, 2, 40000]))
    region = random.random(shape) < draw(st.sampled_from([0.15, 0.5, 0.9, 1.0]))
    mask = sitk.GetImageFromArray(region.astype(np.uint16) * np.uint16(label))
    spacing = [draw(st.sampled_from([0.5, 1.0, 2.2])) for _ in range(3)]
    for volume in (image, mask):
        volume.SetSpacing(spacing)
    return image, mask, label


def check(raw, image, mask):
    native, upstream = run_both(raw, image, mask)
    if upstream is None:  # it gives up on a whole case where one image cannot be binned
        return
    assert native is not None
    assert disagreements(native, upstream) == {}


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases(), OPTIONS, SLICES)
def test_textures_agree_for_all_options(case, options, slices):
    image, mask, label = case
    raw = {"featureClass": TEXTURES, "setting": {**QUIET, **options, **slices, "label": label}}
    check(raw, image, mask)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases(), PREPARATION)
def test_preparation_and_shape_agree(case, preparation):
    image, mask, label = case
    raw = {
        "featureClass": {"shape": [], "firstorder": [], "glcm": [], "gldm": []},
        "setting": {**QUIET, **preparation, "label": label},
    }
    check(raw, image, mask)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases(), FILTERS, SLICES)
def test_filters_agree(sph_harm_for_pyradiomics, case, filters, slices):
    image, mask, label = case
    raw = {
        "imageType": filters,
        "featureClass": {"firstorder": [], "glcm": [], "glszm": []},
        "setting": {**QUIET, **slices, "label": label},
    }
    check(raw, image, mask)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 9), st.integers(2, 9), st.floats(0.3, 1.0), st.integers(0, 10**6))
def test_shape_of_a_slice_agrees(height, width, density, seed):
    random = np.random.default_rng(seed)
    region = random.random((1, height, width)) < density
    image = sitk.GetImageFromArray(random.integers(0, 99, region.shape).astype(np.int16))
    mask = sitk.GetImageFromArray(region.astype(np.uint8))
    for volume in (image, mask):
        volume.SetSpacing((0.7, 1.3, 4.0))
    raw = {"featureClass": {"shape2D": []}, "setting": {**QUIET, "minimumROIDimensions": 1}}
    native, upstream = run_both(raw, image, mask, "2d")
    assert (native is None) == (upstream is None)
    if native is not None and upstream is not None:
        assert disagreements(native, upstream) == {}


def _one_voxel(shape):
    region = np.zeros(shape, bool)
    region[tuple(n // 2 for n in shape)] = True
    return region


def _row(shape):
    region = np.zeros(shape, bool)
    region[shape[0] // 2, shape[1] // 2] = True
    return region


def _pair_of_corners(shape):
    region = np.zeros(shape, bool)
    region[0, 0, 0] = region[-1, -1, -1] = True
    return region


def _slice_along(axis):
    def region(shape):
        places = np.indices(shape)[axis]
        return places == shape[axis] // 2

    return region


def _two_blobs(shape):
    region = np.zeros(shape, bool)
    region[:2, :2, :2] = region[-2:, -3:, -2:] = True
    return region


def _checkerboard(shape):
    return np.indices(shape).sum(0) % 2 == 0


def _hollow(shape):
    region = np.ones(shape, bool)
    region[1:-1, 1:-1, 1:-1] = False
    return region


REGIONS = {
    "one voxel": (_one_voxel, "refused"),
    "one row": (_row, "refused"),
    "two corners": (_pair_of_corners, "measured"),
    "slice along z": (_slice_along(0), "measured"),
    "slice along y": (_slice_along(1), "measured"),
    "slice along x": (_slice_along(2), "measured"),
    "two blobs": (_two_blobs, "measured"),
    "checkerboard": (_checkerboard, "measured"),
    "every border": (np.ones, "measured"),
    "hollow": (_hollow, "measured"),
}
VALUES = {
    "noise": lambda random, shape: random.normal(100, 30, shape),
    "flat": lambda _, shape: np.full(shape, 100.0),
    "two values": lambda random, shape: np.where(random.random(shape) < 0.5, 100.0, 130.0),
    "one outlier": lambda random, shape: 100.0 + 900.0 * (random.random(shape) < 0.02),
}


@pytest.mark.parametrize("kind", REGIONS)
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32 - 1),
    values=st.sampled_from(sorted(VALUES)),
    label=st.sampled_from([1, 255, 65535, 2**31 - 1]),
    setting=st.sampled_from(
        [{}, {"binCount": 8}, {"distances": [1, 2]}, {"weightingNorm": "euclidean"}]
    ),
    slices=SLICES,
)
def test_degenerate_regions_agree(kind, seed, values, label, setting, slices):
    make, outcome = REGIONS[kind]
    random = np.random.default_rng(seed)
    shape = tuple(int(n) for n in random.integers(4, 8, 3))
    image = sitk.GetImageFromArray(VALUES[values](random, shape).astype(np.int16))
    mask = sitk.GetImageFromArray(make(shape).astype(np.uint32) * np.uint32(label))
    for volume in (image, mask):
        volume.SetSpacing((0.7, 1.1, 2.3))
    classes = {"shape": [], **TEXTURES}
    raw = {"featureClass": classes, "setting": {**QUIET, **setting, **slices, "label": label}}
    native, upstream = run_both(raw, image, mask)
    if outcome == "refused":
        assert native is None
        assert upstream is None
    else:
        assert native is not None
        assert upstream is not None
        assert disagreements(native, upstream) == {}
