"""What the settings of a run and its record of versions prove for reporting checklists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlr.report._words import outcome_name, plural

if TYPE_CHECKING:
    from dlr.config import StudyConfig

Evidence = dict[str, tuple[str, str]]


def settings_evidence(config: StudyConfig, provenance: Mapping[str, str]) -> Evidence:
    """Return what the settings alone show; see :func:`dlr.report._evidence.study_evidence`."""
    return {
        **_data(config),
        **_features(config, provenance),
        **_models(config),
        "settings": ("Every setting of the study file, as used.", "reproducibility"),
        **_software(provenance),
    }


def _data(config: StudyConfig) -> Evidence:
    split = config.cohorts.split
    how = (
        "as the tables name them" if split is None else f"split by {split.method}, once, by subject"
    )
    found: Evidence = {
        "outcome": (
            f"{outcome_name(config)}: column '{config.outcome.column}', positive class "
            f"'{config.outcome.positive}'.",
            "methods",
        ),
        "cohorts": (f"Cohorts {how}; '{config.cohorts.training}' trained.", "methods"),
        "preprocessing": ("Planes, spacing, intensities and checks of every view.", "methods"),
        "pipeline": ("All steps in their order, as text.", "methods"),
    }
    if config.clinical_variables:
        names = plural(len(config.clinical_variables), "variable")
        found["clinical_variables"] = (f"{names} with type and reference level.", "reproducibility")
        found["missing_handling"] = ("What replaces missing values.", "methods")
    spacings = [view for view in config.views.values() if view.spacing_mm is not None]
    if spacings:
        found["resampling"] = (f"Pixel size of {plural(len(spacings), 'view')}.", "methods")
    if config.harmonisation is not None:
        found["harmonisation"] = ("Centres were harmonised by ComBat.", "methods")
    return found


def _features(config: StudyConfig, provenance: Mapping[str, str]) -> Evidence:
    found: Evidence = {}
    engine = provenance.get("radiomics engine")
    if config.radiomics is not None and engine:
        found["feature_software"] = (
            f"Radiomics engine '{engine}', with the versions of all packages.", "reproducibility"
        )  # fmt: skip
    if "radiomics settings" in provenance:
        found["feature_settings"] = ("The extraction's whole parameter file.", "reproducibility")
    if len(config.views) > 1:
        found["views"] = ("Every view alone stands beside their fusion.", "models")
    if config.selection.spearman is not None:
        limit = f"Spearman |\N{GREEK SMALL LETTER RHO}| above {config.selection.spearman:g}"
        found["redundancy"] = (f"Of features with {limit} one was kept.", "methods")
    return found


def _models(config: StudyConfig) -> Evidence:
    found: Evidence = {
        "model": ("Algorithms, settings tried, calibration of the scores.", "methods"),
        "scaling": ("Z-scores of the training cases.", "methods"),
        "threshold": (
            "Youden's index on training predictions, then locked for every cohort.", "methods"
        ),
    }  # fmt: skip
    if config.model.tune:
        found["tuning"] = ("Settings chosen by inner cross-validation.", "methods")
    if config.model.resampling != "none":
        found["imbalance"] = (
            f"Classes were balanced inside the folds ({config.model.resampling}).", "methods"
        )  # fmt: skip
    return found


def _software(provenance: Mapping[str, str]) -> Evidence:
    versions = [key for key in provenance if key.startswith("version ")]
    if not versions:
        return {}
    return {"software": (f"Versions of {plural(len(versions), 'package')}.", "reproducibility")}
