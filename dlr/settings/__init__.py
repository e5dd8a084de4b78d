"""The groups of settings that make up a ``study.yaml``, see :mod:`dlr.config`."""

from dlr.settings.base import Label, Name, Settings
from dlr.settings.cohort import ClinicalVariable, CohortSettings, OutcomeSettings, SplitSettings
from dlr.settings.images import (
    EmbeddingSettings,
    IntensitySettings,
    MaskSettings,
    RadiomicsSettings,
    ViewSettings,
)
from dlr.settings.models import (
    Algorithm,
    AuditSettings,
    ClinicalModelSettings,
    EvaluationSettings,
    FeatureSetSettings,
    ModelSettings,
)
from dlr.settings.selection import (
    AgreementSettings,
    FcmSettings,
    HarmonisationSettings,
    LassoSettings,
    SelectionSettings,
)

__all__ = [
    "AgreementSettings",
    "Algorithm",
    "AuditSettings",
    "ClinicalModelSettings",
    "ClinicalVariable",
    "CohortSettings",
    "EmbeddingSettings",
    "EvaluationSettings",
    "FcmSettings",
    "FeatureSetSettings",
    "HarmonisationSettings",
    "IntensitySettings",
    "Label",
    "LassoSettings",
    "MaskSettings",
    "ModelSettings",
    "Name",
    "OutcomeSettings",
    "RadiomicsSettings",
    "SelectionSettings",
    "Settings",
    "SplitSettings",
    "ViewSettings",
]
