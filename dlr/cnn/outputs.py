"""The files of a CNN run."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.fusion import SCORE_FILE, write_score_table
from dlr.cnn.results import CnnResult
from dlr.errors import DlrError
from dlr.safe_files import staged, write_atomically
from dlr.safety.private import private_result
from dlr.safety.spreadsheets import csv_text


def write_cnn_run(result: CnnResult, folder: str | Path) -> Path:
    """Write everything a run gives people and programs to read.

    Parameters
    ----------
    result : CnnResult
    folder : path
        Gets ``scores.csv`` (cases), ``picture_scores.csv``, ``cnn_features.csv`` (for fusion),
        ``metrics.json``, ``failures.csv``, ``folds.csv``, ``training_log.csv``,
        ``numbers.csv`` (predicted, such as an age) and ``subgroups.csv`` where there are any,
        ``study.yaml`` and the report.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    DlrError
        If the folder cannot be written.
    """
    from dlr.cnn.report import write_cnn_report

    folder = Path(folder)
    records = result.performance.to_dict("records")
    metrics = [{str(k): _json_value(v) for k, v in row.items()} for row in records]
    content: dict[str, Any] = {"thresholds": dict(result.thresholds), "performance": metrics}
    shown, pictures = private_result(result), result.picture_scores
    settings = shown.config.model_dump(mode="json", exclude={"image_root"})
    files = {
        "scores.csv": csv_text(result.case_scores),
        "picture_scores.csv": csv_text(
            pictures.assign(image=relative_paths(pictures["image"], result))
        ),
        "metrics.json": json.dumps(content, indent=1, allow_nan=False),
        "failures.csv": csv_text(shown.failures),
        "study.yaml": yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
    }
    if result.models:
        files["folds.csv"] = csv_text(result.folds.to_frame(), index=True, index_label="case_id")
        files["training_log.csv"] = csv_text(training_log(result))
    if len(result.numbers):
        files["numbers.csv"] = csv_text(result.numbers)
    if result.subgroups:
        table = pd.concat([item.to_frame() for item in result.subgroups], ignore_index=True)
        files["subgroups.csv"] = csv_text(table)
    try:
        with staged(folder, "cnn") as stage:
            for name, text in files.items():
                write_atomically(stage / name, text.encode())
            write_score_table(result, stage / SCORE_FILE)
            report = write_cnn_report(shown, stage)
        return folder / report.relative_to(stage)
    except PermissionError as error:
        raise DlrError(f"{error.filename} cannot be written; choose another --out") from None


def training_log(result: CnnResult) -> pd.DataFrame:
    """Return the epochs of all folds, one below the other."""
    parts = [model.history.assign(fold=model.fold) for model in result.models]
    return pd.concat(parts, ignore_index=True)


def relative_paths(paths: pd.Series, about: CnnResult | CnnCohort) -> list[str]:
    """Write pictures' paths as the table of images has them, without this machine's folders."""
    root = about.config.image_root or about.config.images.parent
    return [_from(root, path) for path in paths]


def _from(root: Path, path: str) -> str:
    """Return a path below a folder; of a file elsewhere, its name alone."""
    relative = Path(os.path.relpath(path, root))
    return Path(path).name if relative.parts[0] == ".." else relative.as_posix()


def _json_value(value: Any) -> Any:
    """Turn a numpy number into a Python one, and what JSON cannot hold (NaN) into None."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
