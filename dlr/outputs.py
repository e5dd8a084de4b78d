"""The files of a run: scores, metrics, failures, settings, and the report."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import yaml

from dlr.errors import DlrError
from dlr.features.cache import write_atomically
from dlr.results import CohortEvaluation, StudyResult, ValidationResult


def write_run(result: StudyResult | ValidationResult, folder: Path) -> Path:
    """Write everything a run gives people and programs to read.

    Parameters
    ----------
    result : StudyResult or ValidationResult
    folder : Path
        Gets ``scores.csv`` (one row per case and feature set), ``metrics.json``,
        ``failures.csv``, ``study.yaml`` (the settings as used), for a validation ``flags.csv``,
        and the report with its figures and tables.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    DlrError
        If the folder cannot be written.
    """
    from dlr.report import write_report

    evaluations = result.evaluations if isinstance(result, StudyResult) else (result.evaluation,)
    level = result.config.evaluation.confidence_level
    metrics = [_metrics(item, level) for item in evaluations if item is not None]
    settings = result.config.model_dump(mode="json", exclude={"image_root"})
    files = {
        "scores.csv": result.scores.to_csv(index=False),
        "metrics.json": json.dumps(metrics, indent=1, allow_nan=False),
        "failures.csv": result.failures.to_csv(index=False),
        "study.yaml": yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
    }
    if isinstance(result, ValidationResult):
        files["flags.csv"] = result.flags.to_csv(index=False)
    try:
        for name, text in files.items():
            write_atomically(folder / name, text.encode())
        return write_report(result, folder)
    except PermissionError as error:
        raise DlrError(f"{error.filename} cannot be written; choose another --out") from None


def _metrics(evaluation: CohortEvaluation, level: float) -> dict[str, Any]:
    """Return one cohort's numbers as JSON; what is undefined is null."""
    rows = {
        row["feature_set"]: {name: _plain(value) for name, value in row.items()}
        for row in evaluation.to_frame(level).to_dict("records")
    }
    metrics: dict[str, Any] = {
        "cohort": evaluation.cohort,
        "estimate": evaluation.estimate,
        "confidence_level": level,
        "models": rows,
    }
    if evaluation.delong is not None:
        table = evaluation.delong.p_value.to_dict("index")
        metrics["delong_p"] = {
            str(a): {str(b): _plain(p) for b, p in row.items() if b != a}
            for a, row in table.items()
        }
    return metrics


def _plain(value: Any) -> Any:
    """Turn a numpy number into a Python one, NaN into None."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
