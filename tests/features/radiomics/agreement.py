"""Compare two engines on one case."""

from __future__ import annotations

import math
from typing import Any

import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.features.radiomics import RadiomicsResult, make_engine
from dlr.features.radiomics.reader import parse_settings

# PyRadiomics gives 0 for these when no two voxels are neighbours and all else is NaN
UNDEFINED_WITHOUT_NEIGHBOURS = ("glcm_InverseVariance", "glrlm_RunEntropy", "glrlm_RunVariance")
# roots of eigenvalues that are 0 up to rounding
ROOTS_OF_ROUNDING = ("Flatness", "LeastAxisLength", "MinorAxisLength", "Elongation")
# two axes of equal length: PyRadiomics' routine for general matrices may give a complex pair
COMPLEX_AXES = (*ROOTS_OF_ROUNDING, "MajorAxisLength")


def run_both(
    raw: dict[str, Any], image: sitk.Image, mask: sitk.Image, dimension: str = "3d"
) -> tuple[RadiomicsResult | None, RadiomicsResult | None]:
    """Run the native engine and PyRadiomics; None for one that refuses the case."""
    parameters = parse_settings(raw, "test.yaml")
    results = []
    for name in ("native", "pyradiomics"):
        try:
            results.append(make_engine(name, parameters, dimension).execute(image, mask))
        except CaseError:
            results.append(None)
    return results[0], results[1]


def disagreements(
    native: RadiomicsResult, upstream: RadiomicsResult, relative: float = 1e-8
) -> dict[str, tuple[float, float]]:
    """Return the features on which two results differ, with both values."""
    assert list(native.values) == list(upstream.values)
    found = {}
    for name, value in native.values.items():
        expected = upstream.values[name]
        if math.isnan(value) and (math.isnan(expected) or _undefined(name, expected)):
            continue
        if math.isnan(expected) and name.endswith(COMPLEX_AXES):
            continue
        absolute = 1e-6 if name.endswith(ROOTS_OF_ROUNDING) else 1e-10
        if not abs(value - expected) <= max(relative * abs(expected), absolute):
            found[name] = (value, expected)
    return found


def _undefined(name: str, expected: float) -> bool:
    return expected == 0 and name.endswith(UNDEFINED_WITHOUT_NEIGHBOURS)
