"""Names, slices, directions, normalisation and reasons of the MaZda engine."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from pydantic import ValidationError

from dlr.errors import CaseError
from dlr.features.mazda import MazdaSettings, column_name, feature_names, make_mazda_engine


@pytest.fixture(scope="module")
def engine():
    return make_mazda_engine()


def _volume(pixels: np.ndarray, direction=None) -> sitk.Image:
    image = sitk.GetImageFromArray(pixels)
    image.SetSpacing((1.0, 1.0, 4.0))
    if direction is not None:
        image.SetDirection(direction)
    return image


@pytest.fixture
def volume() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    mask = np.zeros((5, 40, 50), np.uint8)
    mask[1, 10:20, 10:20] = 1
    mask[2, 8:30, 9:35] = 1
    mask[3, 10:22, 10:20] = 1
    return random.normal(300, 40, mask.shape), mask


def test_there_are_279_names_as_mazda_prints_them() -> None:
    names = feature_names()
    assert len(names) == len(set(names)) == 279
    assert {"Perc.01%", "GrNonZeros", "Vertl_RLNonUni", "S(5,-5)DifVarnc", "S(0,2)SumOfSqs"} <= set(
        names
    )
    assert {"Teta4", "Sigma", "WavEnLL_s-1", "WavEnHH_s-5"} <= set(names)
    counts = [
        sum(bool(re.match(pattern, name)) for name in names)
        for pattern in (r"Mean|Var|Skew|Kurt|Perc", "Gr", ".*_(RL|GL|Ln|Sh|Fr)", r"S\(", "Teta|Sig")
    ]
    assert counts == [9, 5, 20, 220, 5]


def test_column_names_are_plain_and_unique() -> None:
    columns = [column_name(name) for name in feature_names()]
    assert len(set(columns)) == 279
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", column) for column in columns)


def test_every_name_has_a_value_in_the_fixed_order(engine, volume) -> None:
    result = engine.execute(_volume(volume[0]), _volume(volume[1]))
    assert list(result.values) == engine.feature_names()
    assert set(result.problems) == {n for n, x in result.values.items() if math.isnan(x)}
    assert result.problems == {
        f"WavEn{band}_s-5": "a window of 32 x 32 pixels exceeds half of the slice"
        for band in ("LL", "LH", "HL", "HH")
    }


def test_the_slice_with_the_largest_roi_is_measured(engine, volume) -> None:
    pixels, mask = volume
    whole = engine.execute(_volume(pixels), _volume(mask))
    one = engine.execute(_volume(pixels)[:, :, 2:3], _volume(mask)[:, :, 2:3])
    assert whole.values == pytest.approx(one.values, nan_ok=True, rel=0)


def test_the_order_in_which_a_file_stores_its_axes_does_not_matter(engine, volume) -> None:
    image, mask = (_volume(each) for each in volume)
    wanted = engine.execute(image, mask).values
    for orientation in ("RAS", "LAI", "SLP", "PIR"):
        turned = [sitk.DICOMOrient(each, orientation) for each in (image, mask)]
        assert engine.execute(*turned).values == pytest.approx(wanted, nan_ok=True, rel=1e-12)


def test_stored_orientation_keeps_the_rows_of_the_file(volume) -> None:
    stored = make_mazda_engine(MazdaSettings(orientation="stored"))
    pixels, mask = (array[2:3] for array in volume)
    plain = stored.execute(_volume(pixels), _volume(mask)).values
    turned = stored.execute(
        _volume(pixels.transpose(0, 2, 1).copy()), _volume(mask.transpose(0, 2, 1).copy())
    ).values
    assert turned["Vertl_RLNonUni"] == plain["Horzl_RLNonUni"]
    assert turned["S(3,0)Contrast"] == pytest.approx(plain["S(0,3)Contrast"])
    assert turned["WavEnLH_s-1"] == pytest.approx(plain["WavEnHL_s-1"])


def test_values_do_not_depend_on_the_unit_of_the_intensities(engine, volume) -> None:
    pixels, mask = volume
    wanted = engine.execute(_volume(pixels), _volume(mask)).values
    other = engine.execute(_volume(pixels * 4 - 1024), _volume(mask)).values
    assert other == pytest.approx(wanted, nan_ok=True, rel=1e-9)


def test_what_lies_outside_the_roi_does_not_matter(engine, volume) -> None:
    pixels, mask = volume
    wanted = engine.execute(_volume(pixels), _volume(mask)).values
    other = np.where(mask == 1, pixels, np.nan)
    assert engine.execute(_volume(other), _volume(mask)).values == pytest.approx(
        wanted, nan_ok=True, rel=0
    )


def test_normalisations_differ_as_described() -> None:
    pixels = np.arange(100.0).reshape(10, 10)
    mask = np.zeros((10, 10), dtype=bool)
    mask[:5] = True  # intensities 0 to 49

    def mean(**settings: object) -> float:
        found = make_mazda_engine(MazdaSettings(**settings)).execute_arrays(pixels, mask)
        return found.values["Mean"]

    assert mean() == pytest.approx(127.5, abs=0.5)
    assert mean(normalisation="none", histogram_bits=1) == pytest.approx(0)
    assert mean(normalisation="none", intensity_range=(0, 256)) == pytest.approx(24.5)
    assert mean(normalisation="percentile", percentiles=(0, 100), histogram_bits=1) == 0.5
    shifted = mean(normalisation_region="image")
    assert 85 < shifted < 92  # 25 below the slice's mean of 49.5, whose SD is 28.9


def test_small_and_flat_regions_say_what_is_missing(engine) -> None:
    pixels, mask = np.random.default_rng(1).normal(size=(40, 40)), np.zeros((40, 40), dtype=bool)
    mask[3:6, 3:6] = True
    problems = engine.execute_arrays(pixels, mask).problems
    assert problems["GrMean"] == "no neighbourhood of 5 x 5 pixels lies in the ROI"
    assert problems["S(5,-5)DifVarnc"] == "no two pixels of the ROI lie (5,-5) apart"
    assert problems["Teta1"] == "fewer than four pixels have their four neighbours in the ROI"
    assert problems["WavEnHL_s-2"] == "no window of 4 x 4 pixels lies in the ROI"
    assert "Skewness" not in problems
    flat = engine.execute_arrays(np.full((40, 40), 7.0), np.ones((40, 40), dtype=bool))
    assert flat.problems["Skewness"] == "the gray levels do not vary in the ROI"
    assert flat.problems["Sigma"].startswith("the neighbours' gray levels are linearly dependent")
    assert flat.values["S(1,0)Correlat"] == 1.0
    assert flat.values["S(1,0)Entropy"] == 0.0


def test_unusable_rois_are_refused(engine, volume) -> None:
    pixels, mask = volume
    with pytest.raises(CaseError, match="The ROI is empty"):
        engine.execute(_volume(pixels), _volume(np.zeros_like(mask)))
    holed = pixels.copy()
    holed[2, 15, 15] = np.nan
    with pytest.raises(CaseError, match="infinite or missing intensities"):
        engine.execute(_volume(holed), _volume(mask))
    with pytest.raises(CaseError, match="must be a volume with one value per voxel"):
        engine.execute(sitk.GetImageFromArray(pixels[0]), sitk.GetImageFromArray(mask[0]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"autoregressive_neighbours": ("left",) * 4}, "must name each once"),
        ({"percentiles": (99, 1)}, "must be rising"),
        ({"intensity_range": (5, 5)}, "must be rising"),
        ({"log_bas": "2"}, "Extra inputs"),
        ({"co_occurrence_bits": 12}, "less than or equal to 8"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message) -> None:
    with pytest.raises(ValidationError, match=message):
        MazdaSettings(**settings)


def test_settings_record_tells_settings_apart() -> None:
    plain = make_mazda_engine(MazdaSettings()).settings_record()
    assert plain == make_mazda_engine().settings_record()
    assert plain != make_mazda_engine(MazdaSettings(log_base="e")).settings_record()


def test_settings_load_without_heavy_imports() -> None:
    code = (
        "import sys; from dlr.features.mazda.settings import MazdaSettings; "
        "assert not {'numba', 'SimpleITK', 'torch', 'dlr.config'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.real_data
def test_real_discs_have_all_but_the_coarse_wavelet_scales(engine, data_root) -> None:
    folder = data_root / "lumbar_ivd_t2"
    image = sitk.ReadImage(str(folder / "IVD11_img.nii.gz"))
    labels = sitk.ReadImage(str(folder / "IVD11_mask.nii.gz"))
    for label in (1, 3):
        result = engine.execute(image, sitk.Equal(labels, label))
        assert all(re.match(r"WavEn.._s-[345]", name) for name in result.problems)


def test_a_mask_on_another_grid_is_refused(engine, volume) -> None:
    image, mask = (_volume(each) for each in volume)
    mask.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(CaseError, match="lie on different grids"):
        engine.execute(image, mask)
    image, mask = (_volume(each) for each in volume)
    with pytest.raises(CaseError, match="lie on different grids"):
        engine.execute(image, mask[1:, :, :])
