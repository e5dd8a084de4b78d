"""Compile the engine once per installation, and say so, instead of stalling on the first case."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from dlr.features.radiomics.native.filters.recursive_lines import filter_lines
from dlr.features.radiomics.native.glcm import _features
from dlr.features.radiomics.settings import Dimension

# Settings that together reach every compiled function
SETTINGS: tuple[tuple[dict[str, Any], Dimension], ...] = (
    (
        {
            "imageType": {"Original": {}, "LoG": {"sigma": [1.0]}, "Wavelet": {}, "LBP2D": {}},
            "setting": {"normalize": True, "normalizeScale": 100},
        },
        "3d",
    ),
    ({"setting": {"weightingNorm": "euclidean"}}, "3d"),
    ({"featureClass": {"shape2D": []}}, "2d"),
)


def is_compiled() -> bool:
    """Say whether the machine code of an earlier run lies on disk."""
    return all(_cached(function) for function in (filter_lines, _features))


def warm_up(report: Callable[[str], None] | None = None) -> float:
    """Run every compiled function once, so that its machine code is made or loaded.

    Parameters
    ----------
    report : callable, optional
        Receives a line before and after; writes to standard error when left out. Nothing is
        reported when the machine code is there already.

    Returns
    -------
    float
        Seconds that it took.
    """
    from dlr.features.radiomics.native.engine import NativeEngine
    from dlr.features.radiomics.reader import parse_settings

    report = report or _to_standard_error
    first_time = not is_compiled()
    if first_time:
        report("Compiling the radiomics engine once for this installation (under a minute) ...")
    start = time.perf_counter()
    image, mask = _small_case()
    for raw, dimension in SETTINGS:
        engine = NativeEngine(parse_settings(raw, "warm-up").for_dimension(dimension))
        slices = slice(4, 5) if dimension == "2d" else slice(None)
        for kind in (sitk.sitkInt16, sitk.sitkUInt16, sitk.sitkUInt8):
            engine.execute(sitk.Cast(image, kind)[:, :, slices], mask[:, :, slices])
    seconds = time.perf_counter() - start
    if first_time:
        report(f"... done in {seconds:.0f} s.")
    return seconds


def _cached(function: object) -> bool:
    """Look for numba's index file of one function."""
    stats = getattr(function, "stats", None)
    if stats is None:  # numba is switched off: nothing to compile
        return True
    name = function.__qualname__  # type: ignore[attr-defined]
    return any(Path(stats.cache_path).glob(f"*.{name}-*.nbi"))


def _small_case() -> tuple[sitk.Image, sitk.Image]:
    random = np.random.default_rng(0)
    image = sitk.GetImageFromArray(random.integers(0, 250, (9, 10, 11)).astype(np.int16))
    region = np.zeros((9, 10, 11), np.uint8)
    region[2:7, 2:8, 2:9] = 1
    return image, sitk.GetImageFromArray(region)


def _to_standard_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")
