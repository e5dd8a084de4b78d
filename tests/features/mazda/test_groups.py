"""Each of the six groups equals an independent slow computation, on ordinary and odd ROIs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dlr.features.mazda import MazdaSettings
from dlr.features.mazda.engine import MazdaEngine

from . import slow


def _disc(rows: int, columns: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return ((y - rows / 2) / (rows / 2.2)) ** 2 + ((x - columns / 2) / (columns / 2.2)) ** 2 < 1


def _cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(11)
    noise = random.normal(100, 20, (24, 30))
    smooth = np.cumsum(np.cumsum(random.normal(size=(24, 30)), axis=0), axis=1)
    empty = np.zeros((24, 30), dtype=bool)
    cases = {
        "ellipse": (noise, _disc(24, 30)),
        "smooth": (smooth, _disc(24, 30)),
        "ragged": (smooth, random.random((24, 30)) < 0.7),
        "whole slice": (noise, ~empty),
        "few levels": (random.integers(0, 3, (24, 30)).astype(float), _disc(24, 30)),
        "flat": (np.full((24, 30), 0.1), _disc(24, 30)),
    }
    for name, place in {
        "one pixel": np.s_[5, 7],
        "two pixels": np.s_[5, 7:9],
        "one column": np.s_[3:20, 11],
        "one row": np.s_[6, :],
        "a square of two": np.s_[4:6, 4:6],
        "a square of three": np.s_[4:7, 4:7],
        "a square of five": np.s_[19:24, 25:30],
        "touching the border": np.s_[:9, :12],
    }.items():
        mask = empty.copy()
        mask[place] = True
        cases[name] = (noise, mask)
    apart = empty.copy()
    apart[2:8, 3:9] = apart[15:22, 20:28] = apart[0, 29] = True
    cases["disconnected"] = (smooth, apart)
    checks = np.indices((24, 30)).sum(axis=0) % 2
    cases["chequered"] = (checks.astype(float), _disc(24, 30))
    return cases


CASES = _cases()


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "-"))
def case(request) -> tuple[np.ndarray, np.ndarray]:
    return CASES[request.param]


def levels_of(intensities: np.ndarray, mask: np.ndarray, bits: int) -> slow.Pixels:
    """Normalise to mu ± 3 sigma of the ROI and quantise, in loops."""
    places = [tuple(int(k) for k in place) for place in np.argwhere(mask)]
    values = {place: float(intensities[place]) for place in places}
    mean, sd = slow.mean_and_sd(list(values.values()))
    if len(set(values.values())) == 1:
        sd = 0.0
    return slow.quantise(values, mean - 3 * sd, mean + 3 * sd, bits)


def measured(case, **settings) -> dict[str, float]:
    result = MazdaEngine(MazdaSettings(**settings)).execute_arrays(*case)
    assert set(result.problems) == {n for n, x in result.values.items() if math.isnan(x)}
    assert all(result.problems.values())
    return result.values


def assert_equal(found: dict[str, float], wanted: dict) -> None:
    for name, value in wanted.items():
        if value is None:
            assert math.isnan(found[name]), name
        else:
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_histogram(case) -> None:
    assert_equal(measured(case), slow.histogram(levels_of(*case, 8)))


def test_histogram_of_the_intensities_as_they_are(case) -> None:
    values = {tuple(place): float(case[0][tuple(place)]) for place in np.argwhere(case[1])}
    assert_equal(measured(case, histogram="original"), slow.histogram(values))


def test_gradient(case) -> None:
    assert_equal(measured(case), slow.gradient(levels_of(*case, 4)))


def test_gradient_of_the_small_neighbourhood(case) -> None:
    found = measured(case, gradient_size=3, gradient_nonzeros="percent", gradient_bits=8)
    wanted = slow.gradient(levels_of(*case, 8), reach=1)
    if wanted["GrNonZeros"] is not None:
        wanted["GrNonZeros"] *= 100
    assert_equal(found, wanted)


def test_run_length(case) -> None:
    assert_equal(measured(case), slow.run_length(levels_of(*case, 6)))


def test_co_occurrence(case) -> None:
    assert_equal(measured(case), slow.co_occurrence(levels_of(*case, 6)))


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"symmetric": False}, {"symmetric": False}),
        ({"symmetric": False, "y_axis": "up"}, {"symmetric": False, "up": True}),
        ({"first_level": 0, "log_base": "e"}, {"first": 0, "log": math.log}),
        ({"log_base": "2"}, {"log": math.log2}),
        ({"difference_variance": "marginal-mean"}, {"marginal": True}),
    ],
)
def test_co_occurrence_with_other_choices(case, settings, options) -> None:
    found = measured(case, **settings, co_occurrence_bits=5)
    assert_equal(found, slow.co_occurrence(levels_of(*case, 5), **options))


def test_co_occurrence_with_partners_outside() -> None:
    intensities, mask = CASES["disconnected"]
    values = {tuple(place): float(intensities[tuple(place)]) for place in np.argwhere(mask)}
    mean, sd = slow.mean_and_sd(list(values.values()))
    everywhere = {place: float(x) for place, x in np.ndenumerate(intensities)}
    everywhere = slow.quantise(everywhere, mean - 3 * sd, mean + 3 * sd, 6)
    wanted = slow.co_occurrence(levels_of(intensities, mask, 6), partners=everywhere)
    assert_equal(measured((intensities, mask), pairs="first-inside"), wanted)


def test_autoregressive(case) -> None:
    assert_equal(measured(case), slow.autoregressive(levels_of(*case, 8)))


def test_autoregressive_with_other_choices() -> None:
    case = CASES["ragged"]
    pixels = levels_of(*case, 8)
    wanted = slow.autoregressive(pixels)
    wanted["Teta1"], wanted["Teta3"] = wanted["Teta3"], wanted["Teta1"]
    wanted["Sigma"] /= slow.mean_and_sd(list(pixels.values()))[1]
    order = ("upper", "upper-left", "left", "upper-right")
    found = measured(case, autoregressive_neighbours=order, autoregressive_scale="standardised")
    assert_equal(found, wanted)


def test_wavelet(case) -> None:
    assert_equal(measured(case), slow.wavelet(levels_of(*case, 8), case[1].shape))


def test_wavelet_at_all_five_scales() -> None:
    random = np.random.default_rng(2)
    case = (random.normal(size=(66, 64)), np.ones((66, 64), dtype=bool))
    case[1][40:, :20] = False
    found = measured(case)
    assert_equal(found, slow.wavelet(levels_of(*case, 8), (66, 64)))
    assert not any(math.isnan(x) for x in found.values())


def test_wavelet_with_other_choices() -> None:
    case = CASES["whole slice"]
    plain, other = measured(case), measured(case, wavelet_first_letter="vertical")
    assert (other["WavEnLH_s-2"], other["WavEnHL_s-2"]) == (
        plain["WavEnHL_s-2"],
        plain["WavEnLH_s-2"],
    )
    other = measured(case, wavelet_norm="orthonormal")
    assert other["WavEnHH_s-3"] == pytest.approx(64 * plain["WavEnHH_s-3"])


def test_decimated_orthonormal_energies_add_up_as_parseval_says() -> None:
    random = np.random.default_rng(4)
    case = (random.normal(size=(64, 64)), np.ones((64, 64), dtype=bool))
    found = measured(case, wavelet_norm="orthonormal", wavelet_step="decimated")
    pixels = levels_of(*case, 8)
    energy = sum(x**2 for x in pixels.values())
    for scale in (1, 2, 3, 4, 5):
        details = sum(
            found[f"WavEn{band}_s-{s}"] * 4096 / 4**s
            for s in range(1, scale + 1)
            for band in ("LH", "HL", "HH")
        )
        assert details + found[f"WavEnLL_s-{scale}"] * 4096 / 4**scale == pytest.approx(energy)
