"""ICC of every feature over perturbed copies of the training cases' ROIs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.errors import DlrError
from dlr.features.cache import Cache, content_key
from dlr.features.extraction import feature_column, image_tasks
from dlr.features.worker import ImageTask
from dlr.imaging.perturbation_settings import PerturbationSettings
from dlr.progress import Progress, silent
from dlr.stability.copies import ENTRIES, CopyMeasurer, CopyResult
from dlr.stability.table import COLUMNS, Form, StabilityTable
from dlr.stats import icc_repeated
from dlr.workers import replaced_quietly

if TYPE_CHECKING:
    from dlr.features.embedding import Backbone

REPETITIONS = 10
"""Copies of every ROI where none are asked for."""


def stability_table(
    cohort: Cohort,
    work: Path,
    settings: PerturbationSettings,
    repetitions: int = REPETITIONS,
    workers: int = 1,
    progress: Progress = silent,
    form: Form = "1,1",
    deep: bool = False,
) -> StabilityTable:
    """Measure every training ROI and its perturbed copies, and how well they agree.

    External cohorts are never touched, and outcomes are not used at all, so a gate made from the
    table leaks nothing into what judges the model.

    Parameters
    ----------
    cohort : Cohort
    work : Path
        Folder of the cache; an interrupted run goes on where it was.
    settings : PerturbationSettings
    repetitions : int
        Perturbed copies of every ROI, at least one.
    workers : int
        Processes; the numbers do not depend on it.
    progress : callable
    form : {"1,1", "3,1"}
        "1,1", which Zwanenburg et al. use: copies have no identity, and any difference counts.
        "3,1": what all copies of one number have in common does not count.
    deep : bool
        Measure the stability of deep features, too. It is for information: the gate drops
        measured features only.

    Returns
    -------
    StabilityTable
        A case that lacks a feature in any copy is left out for that feature.

    Raises
    ------
    DlrError
        If fewer than two training cases could be measured in all copies, or `repetitions` is
        below 1.
    """
    if repetitions < 1:
        raise DlrError(f"stability needs at least one perturbed copy, but got {repetitions}")
    cache = Cache(work / "cache")
    backbones = _backbones(cohort) if deep else {}
    keys = {
        family: content_key(item.name, item.sha256, item.input_size, item.numerics)
        for family, item in backbones.items()
    }
    measurer = CopyMeasurer(cohort.config, cache, settings, repetitions, keys)
    names = _names(measurer, backbones)  # faults of the settings before the work
    results = _measure(measurer, _training_tasks(cohort), backbones, workers, progress)
    failures = pd.DataFrame(
        sorted((r.case_id, r.view, r.repetition, r.reason) for r in results if r.reason),
        columns=["case_id", "view", "repetition", "reason"],
    )
    cases = pd.Index(sorted({r.case_id for r in results}))
    _refuse_too_few(results, len(cases))
    parts = []
    for (view, family), columns in names.items():
        found = [r for r in results if r.view == view and family in r.keys]
        copies = _copies(found, family, columns, cases, repetitions, cache)
        table = icc_repeated(copies, form)
        frame = table.to_frame()[["icc", "low", "high"]]
        parts.append(frame.assign(n_cases=table.n, ratings=repetitions + 1))
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=list(COLUMNS[1:]))
    return StabilityTable(
        frame.rename_axis("feature"), failures, settings, form, cohort.config.seed
    )


def _training_tasks(cohort: Cohort) -> list[ImageTask]:
    """Return the first reader's ROIs of the training cases, by image."""
    training = set(cohort.cases(TRAINING).index)
    tasks = []
    for task in image_tasks(cohort):
        rois = [r for r in task.rois if r.case_id in training and r.reader == "first"]
        if rois:
            tasks.append(ImageTask(task.image, tuple(rois)))
    return tasks


def _backbones(cohort: Cohort) -> dict[str, Backbone]:
    from dlr.features.embedding import load_backbone  # imports torch: only when needed

    settings = cohort.config.backbones
    if not any(view.embedding for view in cohort.config.views.values()):
        return {}
    return {family: load_backbone(item) for family, item in settings.items()}


def _names(
    measurer: CopyMeasurer, backbones: Mapping[str, Backbone]
) -> dict[tuple[str, str], list[str]]:
    """Return the columns of each view and family."""
    names = {}
    for view, settings in measurer.config.views.items():
        for family, item in measurer.processor.measuring(view).items():
            features = item.engine.feature_names()
            names[view, family] = [feature_column(view, family, name) for name in features]
        for family, backbone in backbones.items() if settings.embedding else ():
            columns = [f"{view}.{family}.{number:04d}" for number in range(backbone.dimension)]
            names[view, family] = columns
    return names


def _measure(
    measurer: CopyMeasurer,
    tasks: list[ImageTask],
    backbones: Mapping[str, Backbone],
    workers: int,
    progress: Progress,
) -> list[CopyResult]:
    """Measure the copies in parallel; deep features are computed here, image by image."""
    each = measurer.repetitions + 1
    total, done = each * sum(len(task.rois) for task in tasks), 0
    progress("perturbed copies", 0, total)
    results: list[CopyResult] = []
    parallel = Parallel(n_jobs=workers, return_as="generator_unordered")
    with replaced_quietly():
        for found in parallel(delayed(measurer)(task) for task in tasks):
            _embed(found, backbones, measurer.cache)
            done += len(found)
            results += [
                CopyResult(r.case_id, r.view, r.repetition, r.keys, None, r.reason) for r in found
            ]
            progress("perturbed copies", done, total)
    return results


def _embed(found: list[CopyResult], backbones: Mapping[str, Backbone], cache: Cache) -> None:
    """Compute the deep features of the crops that came back."""
    crops = [(copy.keys, copy.crop) for copy in found if copy.crop is not None]
    for family, backbone in backbones.items() if crops else ():
        vectors = backbone.embed(np.stack([crop for _, crop in crops]))
        for (keys, _), vector in zip(crops, vectors, strict=True):
            cache.write_array(ENTRIES, keys[family], vector.astype(np.float64))


def _copies(
    results: list[CopyResult],
    family: str,
    columns: list[str],
    cases: pd.Index,
    repetitions: int,
    cache: Cache,
) -> list[pd.DataFrame]:
    """Return one table per copy, NaN where a copy could not be measured."""
    values = np.full((repetitions + 1, len(cases), len(columns)), np.nan)
    rows = cases.get_indexer(pd.Index([result.case_id for result in results]))
    for result, row in zip(results, rows, strict=True):
        found = cache.read_array(ENTRIES, result.keys[family])
        if found is not None:
            values[result.repetition, row] = found
    values[~np.isfinite(values)] = np.nan
    return [pd.DataFrame(table, cases, columns) for table in values]


def _refuse_too_few(results: list[CopyResult], n_cases: int) -> None:
    failed = {result.case_id for result in results if result.reason}
    if n_cases - len(failed) >= 2:
        return
    reasons = [result.reason for result in results if result.reason]
    first = f" (the first reason: {reasons[0]})" if reasons else ""
    raise DlrError(
        f"only {n_cases - len(failed)} of {n_cases} training cases could be measured in all"
        f" perturbed copies{first}; perturb less, or check the masks"
    )
