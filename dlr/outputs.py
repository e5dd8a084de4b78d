"""The files of a run: scores, metrics, failures, settings, provenance, and the report."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from dlr.errors import DlrError
from dlr.external import ExternalValidation, evaluations_of
from dlr.models.recalibration_file import recalibration_json
from dlr.progress import Progress, silent
from dlr.results import CohortEvaluation, StudyResult, ValidationResult
from dlr.safe_files import staged, write_atomically
from dlr.safety.private import private_result
from dlr.safety.spreadsheets import csv_text


def write_run(
    result: StudyResult | ValidationResult,
    folder: Path,
    *,
    pdf: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write everything a run gives people and programs to read.

    Parameters
    ----------
    result : StudyResult or ValidationResult
    folder : Path
        Gets ``scores.csv`` (one row per case and feature set), ``metrics.json``,
        ``failures.csv``, ``study.yaml`` (the settings as used), ``provenance.json`` (versions,
        seed, hashes of all inputs and of the files above), and the report with its figures and
        tables. A validation adds ``flags.csv``, ``subgroups.csv`` where there are any, and
        ``recalibration.json`` (updates on offer; with several cohorts one file for each, too).
    pdf : bool
        Save figures as PDF, too.
    progress : callable
        Told of every figure.

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

    result = private_result(result)
    kind = "study" if isinstance(result, StudyResult) else "validation"
    try:
        with staged(folder, kind) as stage:
            for name, text in run_files(result).items():
                write_atomically(stage / name, text.encode())
            report = write_report(result, stage, pdf=pdf, progress=progress)
        return folder / report.relative_to(stage)
    except PermissionError as error:
        raise DlrError(f"{error.filename} cannot be written; choose another --out") from None


def run_files(result: StudyResult | ValidationResult) -> dict[str, str]:
    """Return the text of every file of :func:`write_run` but the report, by name.

    Only ``provenance.json`` holds a date: all others are the same whenever the same study is run
    with the same versions, whatever the number of workers and the state of the cache.
    """
    level = result.config.evaluation.confidence_level
    metrics = [_metrics(item, level) for item in evaluations_of(result)]
    settings = result.config.model_dump(mode="json", exclude={"image_root"})
    files = {
        "scores.csv": csv_text(result.scores),
        "metrics.json": _json(metrics),
        "failures.csv": csv_text(result.failures),
        "study.yaml": yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
    }
    if isinstance(result, ValidationResult):
        files["flags.csv"] = csv_text(result.flags)
    if isinstance(result, ExternalValidation):
        files |= _external_files(result, level)
    files["provenance.json"] = _json(run_provenance(result.provenance, result.config.seed, files))
    return files


def run_provenance(
    record: Mapping[str, str], seed: int, files: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Sort a result's record of provenance, and add the hashes of the files written.

    Parameters
    ----------
    record : mapping of str to str
        A result's ``provenance``.
    seed : int
    files : mapping of str to str
        Text of each file.

    Returns
    -------
    dict
        ``run`` (date, platform, seed and whatever is neither of the others), ``versions``,
        ``inputs`` (hashes of tables, images and masks, weights, bundle) and ``outputs`` (SHA-256
        of each file).
    """
    found: dict[str, dict[str, Any]] = {
        "run": {"seed": seed},
        "versions": {},
        "inputs": {},
        "outputs": {},
    }
    for key, value in record.items():
        if key.startswith("version "):
            found["versions"][key.removeprefix("version ")] = value
        elif key.endswith("sha256"):
            found["inputs"][key] = value
        elif key != "seed":
            found["run"][key] = value
    for name, text in files.items():
        found["outputs"][f"{name} sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return found


def _external_files(result: ExternalValidation, level: float) -> dict[str, str]:
    """Return the subgroup table and the recalibrations on offer, by file name."""
    files = {}
    if result.subgroups:
        table = pd.concat([item.to_frame() for item in result.subgroups], ignore_index=True)
        files["subgroups.csv"] = csv_text(table)
    main = None if result.evaluation is None else result.evaluation.cohort
    for cohort, items in result.recalibrations.items():
        name = "recalibration.json" if cohort == main else f"recalibration_{cohort}.json"
        if _safe(name) in files:
            raise DlrError(
                f"the cohorts have names so alike that both would write {_safe(name)}; "
                "rename one in the clinical table"
            )
        files[_safe(name)] = _json(recalibration_json(items, result.model, cohort, level))
    return files


def _safe(name: str) -> str:
    """Return a file name without characters that file systems refuse."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)


def _json(content: object) -> str:
    return json.dumps(content, indent=1, allow_nan=False)


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
