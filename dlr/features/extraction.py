"""Extraction of a whole cohort: in parallel, cached, resumable, with every failure listed."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.features.assembly import assemble, failure_table, feature_column
from dlr.features.cache import Cache
from dlr.features.embedding_store import embed_missing
from dlr.features.execution import Execution, ExtractionSummary
from dlr.features.mazda import MazdaEngine
from dlr.features.supervisor import Supervisor
from dlr.features.table import DEEP, FeatureTable
from dlr.features.worker import (
    ImageProcessor,
    ImageTask,
    Measuring,
    RoiRequest,
    RoiResult,
)
from dlr.progress import Progress, silent

if TYPE_CHECKING:
    from dlr.features.embedding import Backbone

__all__ = ["extract_features", "feature_column", "image_tasks", "run_tasks"]

STAGE = "images and radiomics"


def extract_features(
    cohort: Cohort, work: Path, workers: int | Execution = 1, progress: Progress = silent
) -> FeatureTable:
    """Compute, or take from the cache, all features of a cohort.

    Parameters
    ----------
    cohort : Cohort
    work : Path
        Folder of the cache; several studies may share it.
    workers : int or Execution
        Processes that read images and compute radiomics; or where and within which limits. The
        numbers do not depend on it.
    progress : callable
        See :data:`Progress`.

    Returns
    -------
    FeatureTable
        Cases that failed are in its ``failures``, not in its ``values``; its ``summary`` tells
        what came from the cache.

    Raises
    ------
    InputError
        If the radiomics parameters are invalid.
    WeightsError
        If the backbone's weights are unreachable.
    StorageError
        If the cache cannot be written.
    """
    config = cohort.config
    cache = Cache.open(work / "cache")
    tasks = image_tasks(cohort)
    processor = ImageProcessor(config, cache)
    measured = {view: processor.measuring(view) for view in config.views}  # faults before work
    backbones = _backbones(config)
    if config.radiomics is not None and config.radiomics.device != "cpu":
        from dlr.features.radiomics_batches import measure_in_batches  # imports torch

        measure_in_batches(processor, tasks, progress)
    n_damaged = len(cache.damaged)
    results = list(run_tasks(processor, tasks, Execution.of(workers), progress))
    n_damaged += sum(result.n_damaged for result in results)
    n_known = len(cache.damaged)  # results told of those, wherever they were met
    results.sort(key=lambda r: (r.request.case_id, r.request.view, r.request.reader))
    for family, backbone in backbones.items():
        batch = config.backbones[family].batch_size
        embed_missing(results, backbone, batch, cache, progress)
    columns = _columns(config, measured, backbones)
    first, lost = assemble(results, "first", columns, backbones, cache)
    second, lost_second = assemble(results, "second", columns, backbones, cache)
    cache.require()  # values that vanished with their share are no failures of cases
    found = [(result, failure) for result in results for failure in result.failures]
    return FeatureTable(
        values=first,
        second_reader=second,
        failures=failure_table([*found, *lost, *lost_second]),
        crops=_crop_table(results),
        provenance=_provenance(cohort, measured, backbones),
        summary=ExtractionSummary(
            n_rois=len(results),
            n_cached=sum(result.from_cache for result in results),
            n_failed=sum(result.failed for result in results),
            n_damaged=n_damaged + len(set(cache.damaged[n_known:])),
        ),
    )


def _backbones(config: StudyConfig) -> dict[str, Backbone]:
    """Load every backbone, by the family of its features."""
    if not config.backbones or not any(view.embedding for view in config.views.values()):
        return {}
    from dlr.features.embedding import load_backbone  # imports torch: only when needed

    return {family: load_backbone(settings) for family, settings in config.backbones.items()}


def image_tasks(cohort: Cohort) -> list[ImageTask]:
    """Group the rows of the image table by image."""
    columns = ["image", "case_id", "view", "reader", "mask", "mask_label", "mask_segment"]
    requests: dict[str, list[RoiRequest]] = {}
    for image, *request in cohort.images[columns].itertuples(index=False, name=None):
        requests.setdefault(str(image), []).append(RoiRequest(*request))
    return [
        # Neighbouring requests share a mask file, which is then read once.
        ImageTask(image, tuple(sorted(rois, key=lambda roi: (roi.mask, roi.view))))
        for image, rois in requests.items()
    ]


def run_tasks(
    processor: ImageProcessor,
    tasks: list[ImageTask],
    execution: Execution,
    progress: Progress = silent,
) -> Iterator[RoiResult]:
    """Process images as `execution` says; results come as they are ready."""
    total = sum(len(task.rois) for task in tasks)
    progress(STAGE, 0, total)
    for done, result in enumerate(_results(processor, tasks, execution), start=1):
        progress(STAGE, done, total)
        yield result


def _results(
    processor: ImageProcessor, tasks: list[ImageTask], execution: Execution
) -> Iterator[RoiResult]:
    if execution.scheduler is not None:
        from dlr.cluster import run_on_cluster  # imports dask

        yield from run_on_cluster(processor.config, processor.cache, tasks, execution)
    elif execution.isolated:
        with Supervisor(processor.config, processor.cache, execution) as supervisor:
            yield from supervisor.run(tasks)
    else:
        for task in tasks:
            yield from processor.each(task)


def _columns(
    config: StudyConfig,
    measured: Mapping[str, Mapping[str, Measuring]],
    backbones: Mapping[str, Backbone],
) -> list[str]:
    """Return the fixed column set: it depends on the settings, never on a case."""
    names = []
    for view, engines in measured.items():
        for family, item in engines.items():
            features = item.engine.feature_names()
            names += [feature_column(view, family, feature) for feature in features]
        for family, backbone in backbones.items() if config.views[view].embedding else ():
            names += [f"{view}.{family}.{index:04d}" for index in range(backbone.dimension)]
    return names


def _crop_table(results: list[RoiResult]) -> pd.DataFrame:
    rows = [
        (r.request.case_id, r.request.view, r.crop_key)
        for r in results
        if r.crop_key is not None and r.request.reader == "first"
    ]
    return pd.DataFrame(rows, columns=["case_id", "view", "key"])


def _provenance(
    cohort: Cohort,
    measured: Mapping[str, Mapping[str, Measuring]],
    backbones: Mapping[str, Backbone],
) -> dict[str, str]:
    packages = ("numpy", "SimpleITK", "torch", "torchvision", "timm", "dlr")
    record = {f"version {name}": version(name) for name in packages}
    record["version python"] = platform.python_version()
    radiomics = cohort.config.radiomics
    if radiomics is not None:
        record["radiomics engine"] = radiomics.engine
        record["radiomics parameters"] = Path(radiomics.parameters).name
    for engines in measured.values():
        for item in engines.values():
            if isinstance(item.engine, MazdaEngine):
                record["mazda settings"] = item.engine.settings_record()
            else:
                record["radiomics settings"] = item.engine.parameters.canonical()
    record["views"] = json.dumps(_view_records(cohort.config))
    for family, backbone in backbones.items():
        suffix = "" if family == DEEP else f" {family}"
        record[f"backbone{suffix}"] = backbone.name
        record[f"backbone weights{suffix}"] = backbone.weights_name
        record[f"backbone weights sha256{suffix}"] = backbone.sha256
    return record


def _view_records(config: StudyConfig) -> dict[str, dict[str, object]]:
    """Return what of each view changes its features: plane, spacing, normalisation."""
    return {
        name: {
            "plane": view.plane,
            "spacing_mm": view.spacing_mm,
            "intensity": (view.intensity or config.intensity).model_dump(mode="json"),
        }
        for name, view in config.views.items()
    }
