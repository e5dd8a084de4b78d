"""Honest deep-learning radiomics: from images, ROI masks and a spreadsheet to a validated study.

The public names load on first use, so that ``import dlr`` stays quick and imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.cohort import Cohort
    from dlr.config import StudyConfig
    from dlr.errors import DlrError, InputError
    from dlr.features.table import FeatureTable
    from dlr.models.bundle import Bundle
    from dlr.study import Study
    from dlr.validation import predict, validate

__version__ = "0.1.0"

_LAZY = {
    "Bundle": "dlr.models.bundle",
    "Cohort": "dlr.cohort",
    "DlrError": "dlr.errors",
    "FeatureTable": "dlr.features.table",
    "InputError": "dlr.errors",
    "Study": "dlr.study",
    "StudyConfig": "dlr.config",
    "predict": "dlr.validation",
    "validate": "dlr.validation",
}

__all__ = [
    "Bundle",
    "Cohort",
    "DlrError",
    "FeatureTable",
    "InputError",
    "Study",
    "StudyConfig",
    "__version__",
    "predict",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module 'dlr' has no attribute '{name}'")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
