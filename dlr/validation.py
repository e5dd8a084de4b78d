"""The frozen model on patients it has never seen: nothing is refitted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dlr.cohort import Cohort
from dlr.describe import (
    baseline_tables,
    complete_cases,
    example_crops,
    missing_values,
    provenance,
    study_flow,
)
from dlr.errors import DlrError, Fault, InputError
from dlr.features.extraction import Progress, extract_features, silent
from dlr.features.table import FeatureTable
from dlr.models.bundle import Bundle
from dlr.models.evaluation import evaluate, score_table
from dlr.results import ValidationResult

NEW = "new"
"""Name of the cohort where the clinical table has no cohort column."""


def validate(
    bundle: Bundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> ValidationResult:
    """Score another cohort with a frozen model and, as outcomes are known, judge the scores.

    Parameters
    ----------
    bundle : Bundle or path
        A trained bundle or its folder.
    images, clinical : path
        Tables of the new cohort, laid out as for training.
    work : path
        Folder of the feature cache.
    image_root : path, optional
        Folder the image paths start from; that of `images` if left out.
    only : str, optional
        Take only the rows of this cohort.
    workers : int
    progress : callable

    Returns
    -------
    ValidationResult

    Raises
    ------
    InputError
        If the tables are faulty, the outcome column is absent, or no outcome is known.
    """
    frozen, cohort, features = _score_inputs(
        bundle, images, clinical, work, image_root, only, workers, progress
    )
    known = cohort.clinical["outcome"].dropna()
    if known.nunique() < 2:
        column = cohort.config.outcome.column
        found = "absent or empty" if known.empty else "the same in all cases"
        message = (
            f"the outcome is {found}, so nothing can be judged; complete it, or use "
            "'dlr predict', which needs none"
        )
        raise InputError([Fault(message, Path(clinical), column=column, code="no-outcome")])
    return _result(frozen, cohort, features, Path(work), judged=True)


def predict(
    bundle: Bundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> ValidationResult:
    """Score new patients; no outcome is needed or used.

    Parameters are those of :func:`validate`.

    Returns
    -------
    ValidationResult
        With ``evaluation`` None.
    """
    frozen, cohort, features = _score_inputs(
        bundle, images, clinical, work, image_root, only, workers, progress
    )
    return _result(frozen, cohort, features, Path(work), judged=False)


def _score_inputs(
    bundle: Bundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None,
    only: str | None,
    workers: int,
    progress: Progress,
) -> tuple[Bundle, Cohort, FeatureTable]:
    frozen = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    root = None if image_root is None else Path(image_root).resolve()
    cohort = Cohort.load_new(
        frozen.config,
        Path(images).resolve(),
        Path(clinical).resolve(),
        frozen.clinical_variables,
        root,
        only,
    )
    features = extract_features(cohort, Path(work), workers, progress)
    if features.values.empty:
        reason = features.failures["reason"].iloc[0] if len(features.failures) else "no case given"
        raise DlrError(f"no case could be processed; the first reason: {reason}")
    return frozen, cohort, features


def _result(
    bundle: Bundle, cohort: Cohort, features: FeatureTable, work: Path, judged: bool
) -> ValidationResult:
    cases = pd.concat([complete_cases(cohort, features, n) for n in cohort.names])
    values = features.values.loc[cases.index]
    table = score_table(bundle.score(values, cases), cases, NEW, "frozen")
    config = bundle.config
    evaluation = None
    if judged:
        evaluation = evaluate(table, bundle.thresholds, config.evaluation, config.seed)
    return ValidationResult(
        config=cohort.config,
        cohort=NEW,
        flow=study_flow(cohort, features),
        scores=table,
        evaluation=evaluation,
        baseline=baseline_tables(cohort) if judged else {},
        flags=bundle.flags(values, cases),
        nomogram=bundle.chart,
        thresholds=bundle.thresholds,
        missing=missing_values(cohort),
        failures=features.failures,
        examples=example_crops(cohort, features, work),
        provenance={
            **provenance(cohort.config, features),
            "bundle trained": str(bundle.summary["trained"]),
            "bundle study": str(bundle.summary["name"]),
        },
    )
