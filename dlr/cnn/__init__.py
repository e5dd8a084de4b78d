"""End-to-end image classifiers: pictures and labels in, cross-validated and frozen CNNs out.

``train_study(CnnStudyConfig.from_yaml("study.yaml"), work)`` is the whole study;
``validate_cnn(bundle, images, clinical, work)`` runs it frozen elsewhere.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.cnn.bundle import CnnBundle, is_cnn_bundle
    from dlr.cnn.cohort import CnnCohort
    from dlr.cnn.compare import NetworkComparison, compare_networks
    from dlr.cnn.crossfit import CnnStudy, train_study
    from dlr.cnn.dry_run import DryRun, estimate_hours
    from dlr.cnn.explain import Explanation, explain_cnn
    from dlr.cnn.fusion import (
        FusedTable,
        add_scores_to_clinical,
        score_features,
        write_score_table,
    )
    from dlr.cnn.kappa import cohen_kappa, fleiss_kappa
    from dlr.cnn.onnx import export_onnx
    from dlr.cnn.outputs import write_cnn_run
    from dlr.cnn.reader_table import read_readers
    from dlr.cnn.readers import ReaderStudy, compare_readers
    from dlr.cnn.results import CnnResult
    from dlr.cnn.roi_crops import DiscCrops, write_disc_crops
    from dlr.cnn.settings import CnnStudyConfig
    from dlr.cnn.validation import predict_cnn, validate_cnn

_MODULES = {
    "CnnBundle": "bundle",
    "CnnCohort": "cohort",
    "CnnResult": "results",
    "CnnStudy": "crossfit",
    "CnnStudyConfig": "settings",
    "DiscCrops": "roi_crops",
    "DryRun": "dry_run",
    "Explanation": "explain",
    "FusedTable": "fusion",
    "NetworkComparison": "compare",
    "ReaderStudy": "readers",
    "add_scores_to_clinical": "fusion",
    "cohen_kappa": "kappa",
    "compare_networks": "compare",
    "compare_readers": "readers",
    "estimate_hours": "dry_run",
    "explain_cnn": "explain",
    "export_onnx": "onnx",
    "fleiss_kappa": "kappa",
    "is_cnn_bundle": "bundle",
    "predict_cnn": "validation",
    "read_readers": "reader_table",
    "score_features": "fusion",
    "train_study": "crossfit",
    "validate_cnn": "validation",
    "write_cnn_run": "outputs",
    "write_disc_crops": "roi_crops",
    "write_score_table": "fusion",
}

__all__ = [
    "CnnBundle",
    "CnnCohort",
    "CnnResult",
    "CnnStudy",
    "CnnStudyConfig",
    "DiscCrops",
    "DryRun",
    "Explanation",
    "FusedTable",
    "NetworkComparison",
    "ReaderStudy",
    "add_scores_to_clinical",
    "cohen_kappa",
    "compare_networks",
    "compare_readers",
    "estimate_hours",
    "explain_cnn",
    "export_onnx",
    "fleiss_kappa",
    "is_cnn_bundle",
    "predict_cnn",
    "read_readers",
    "score_features",
    "train_study",
    "validate_cnn",
    "write_cnn_run",
    "write_disc_crops",
    "write_score_table",
]


def __getattr__(name: str) -> Any:
    """Load a public name, and torch with it where needed, when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'dlr.cnn' has no attribute '{name}'")
    return getattr(import_module(f"dlr.cnn.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
