"""Synthetic single cases for the viewer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from dlr.case_views import CaseView, CaseViews
from dlr.results import StudyResult
from dlr.roi_pictures import RoiPicture

VIEWS = ("sag", "axi")


def make_views(count: int, total: int, method: str = "linear") -> CaseViews:
    """Return cases with noisy pictures, which compress worse than any scan."""
    random = np.random.default_rng(1)
    cases = tuple(_case(f"case<{number}>", random) for number in range(count))
    return CaseViews(cases, total, "Nomogram", "DLR", method, -0.25, 1.5)


def with_cases(result: StudyResult, count: int = 3) -> StudyResult:
    """Return a study with single cases, four more than it shows."""
    changed = replace(result)
    object.__setattr__(changed, "cases", make_views(count, count + 4))
    return changed


def _case(name: str, random: np.random.Generator) -> CaseView:
    values = np.sort(random.normal(size=12))[::-1]
    features = [f"sag.rad.original_glcm_Feature{number:02d}" for number in range(12)]
    contributions = pd.DataFrame(
        {"feature": features, "measured": 10 * values, "scaled": values, "contribution": values}
    )
    contributions = contributions.iloc[np.argsort(-np.abs(values))].reset_index(drop=True)
    score = -0.25 + float(values.sum())
    scores = pd.DataFrame(
        {
            "feature_set": ["DLR", "Nomogram"],
            "score": [score, 0.4],
            "probability": [0.5, 0.6],
            "threshold": [0.45, 0.7],
        }
    )
    points = pd.DataFrame(
        {"variable": ["ODI (%)", "DLR score"], "value": [41.0, score], "points": [12.5, 60.0]}
    )
    angles = np.linspace(0, 2 * np.pi, 180)
    ring = tuple((round(112 + 60 * np.cos(a), 1), round(112 + 50 * np.sin(a), 1)) for a in angles)
    crops = [random.integers(60, 200, (224, 224)).astype(np.uint8) for _ in VIEWS]
    pictures = tuple(RoiPicture(v, crop, (ring,)) for v, crop in zip(VIEWS, crops, strict=True))
    return CaseView(
        name, "external", "B", 1, scores, points, contributions, 2, "odi", True, pictures
    )
