"""The ``study.yaml`` of a simulated cohort."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlr.cohort.simulation.published import published_variables
from dlr.cohort.simulation.reader import SECOND_READER

_DESCRIPTION = (
    "Simulated: clinical variables after the published baseline table of a two-centre study of "
    "surgery for lumbar disc herniation, computer-made sagittal and axial T2 images. No patient "
    "is real; no medical conclusion can be drawn."
)


def study_settings(
    name: str,
    seed: int,
    variables: Iterable[str],
    views: Iterable[str],
    components: int,
    agreement: bool,
) -> dict[str, Any]:
    """Return the settings of a simulated study, in the shape of ``study.yaml``.

    Parameters
    ----------
    name : str
        Name of the study.
    seed : int
        Seed of the study.
    variables : iterable of str
        Clinical variables, by their name in the published table.
    views : iterable of str
        Views: ``"sag"``, ``"axi"``.
    components : int
        PCA components per deep block.
    agreement : bool
        Whether there are masks of a second reader, for the ICC gate.
    """
    settings: dict[str, Any] = {
        "name": name,
        "description": _DESCRIPTION,
        "simulated": True,
        "seed": seed,
        "images": "images.csv",
        "clinical": "clinical.csv",
        "outcome": {
            "column": "surgery",
            "positive": "surgical",
            "negative": "conservative",
            "label": "surgery",
        },
        "cohorts": {"column": "cohort", "training": "training", "external": ["external"]},
        "clinical_variables": {variable: _variable(variable) for variable in variables},
        "views": {view: {"plane": "native", "margin_mm": 8.0} for view in views},
        # Arbitrary units: without a common scale the scanners could not be compared.
        "intensity": {"method": "zscore", "scale": 100.0},
        "radiomics": {"parameters": "original"},
        "embedding": {"backbone": "efficientnet_lite0", "weights": "packaged"},
        "model": {"components": components},
    }
    if agreement:
        settings["agreement"] = {"reader": SECOND_READER, "threshold": 0.75}
    return settings


def _variable(name: str) -> dict[str, Any]:
    variable = published_variables()[name]
    if not variable.categorical:
        return {"type": "continuous", "label": variable.label}
    return {
        "type": "categorical",
        "reference": variable.reference,
        "levels": list(variable.levels),
        "label": variable.label,
    }
