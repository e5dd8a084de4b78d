"""Compile the inner loops once per installation, and say so, as the radiomics engine does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dlr.features.mazda.co_occurrence import _features, _pairs
from dlr.features.mazda.engine import MazdaEngine
from dlr.features.mazda.run_length import _runs
from dlr.features.mazda.settings import MazdaSettings


def is_compiled() -> bool:
    """Say whether the machine code of an earlier run lies on disk."""
    return all(_cached(function) for function in (_features, _pairs, _runs))


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
    report = report or _to_standard_error
    first_time = not is_compiled()
    if first_time:
        report("Compiling the MaZda features once for this installation (some seconds) ...")
    start = time.perf_counter()
    pixels = np.random.default_rng(0).normal(size=(12, 12))
    MazdaEngine(MazdaSettings()).execute_arrays(pixels, np.ones((12, 12), dtype=bool))
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


def _to_standard_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")
