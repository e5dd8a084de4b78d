"""Extraction of a whole cohort: in parallel, cached, resumable, with every failure listed."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.features.cache import Cache, content_key
from dlr.features.mazda import MazdaEngine, column_name
from dlr.features.table import DEEP, MAZDA, FeatureTable
from dlr.features.worker import (
    CASE,
    ImageProcessor,
    ImageTask,
    Measuring,
    RoiRequest,
    RoiResult,
)
from dlr.progress import Progress, silent

if TYPE_CHECKING:
    from dlr.features.embedding import Backbone

FAILURE_COLUMNS = ["case_id", "view", "reader", "family", "level", "reason"]


def extract_features(
    cohort: Cohort, work: Path, workers: int = 1, progress: Progress = silent
) -> FeatureTable:
    """Compute, or take from the cache, all features of a cohort.

    Parameters
    ----------
    cohort : Cohort
    work : Path
        Folder of the cache; several studies may share it.
    workers : int
        Processes that read images and compute radiomics. The numbers do not depend on it.
    progress : callable
        See :data:`Progress`.

    Returns
    -------
    FeatureTable
        Cases that failed are in its ``failures``, not in its ``values``.

    Raises
    ------
    InputError
        If the radiomics parameters are invalid.
    WeightsError
        If the backbone's weights are unreachable.
    """
    config = cohort.config
    cache = Cache(work / "cache")
    tasks = image_tasks(cohort)
    processor = ImageProcessor(config, cache)
    measured = {view: processor.measuring(view) for view in config.views}  # faults before work
    backbones = _backbones(config)
    if config.radiomics is not None and config.radiomics.device != "cpu":
        from dlr.features.radiomics_batches import measure_in_batches  # imports torch

        measure_in_batches(processor, tasks, progress)
    results = list(run_tasks(processor, tasks, workers, progress))
    results.sort(key=lambda r: (r.request.case_id, r.request.view, r.request.reader))
    for family, backbone in backbones.items():
        batch = config.backbones[family].batch_size
        _embed_missing(results, backbone, batch, cache, progress)
    columns = _columns(config, measured, backbones)
    failures = _failure_table(results)
    return FeatureTable(
        values=_assemble(results, "first", columns, backbones, cache, failures),
        second_reader=_assemble(results, "second", columns, backbones, cache, failures),
        failures=failures,
        crops=_crop_table(results),
        provenance=_provenance(cohort, measured, backbones),
    )


def _backbones(config: StudyConfig) -> dict[str, Backbone]:
    """Load every backbone, by the family of its features."""
    if not config.backbones or not any(view.embedding for view in config.views.values()):
        return {}
    from dlr.features.embedding import load_backbone  # imports torch: only when needed

    return {family: load_backbone(settings) for family, settings in config.backbones.items()}


def image_tasks(cohort: Cohort) -> list[ImageTask]:
    """Group the rows of the image table by image."""
    tasks = []
    for image, rows in cohort.images.groupby("image", sort=False):
        columns = ("case_id", "view", "reader", "mask", "mask_label", "mask_segment")
        # Neighbouring requests share a mask file, which is then read once.
        rows = rows.sort_values(["mask", "view"], kind="stable")
        requests = rows[list(columns)].itertuples(index=False, name=None)
        tasks.append(ImageTask(str(image), tuple(RoiRequest(*request) for request in requests)))
    return tasks


def run_tasks(
    processor: ImageProcessor, tasks: list[ImageTask], workers: int, progress: Progress
) -> Iterator[RoiResult]:
    """Process images in `workers` processes; results come as they are ready."""
    parallel = Parallel(n_jobs=workers, return_as="generator_unordered")
    total = sum(len(task.rois) for task in tasks)
    done = 0
    progress("images and radiomics", 0, total)
    for results in parallel(delayed(processor)(task) for task in tasks):
        done += len(results)
        progress("images and radiomics", done, total)
        yield from results


def _deep_key(crop_key: str, backbone: Backbone) -> str:
    parts = (backbone.name, backbone.sha256, backbone.input_size, backbone.numerics)
    return content_key(crop_key, *parts)


def _embed_missing(
    results: Iterable[RoiResult],
    backbone: Backbone,
    batch_size: int,
    cache: Cache,
    progress: Progress,
) -> None:
    """Embed the crops that have no embedding yet, a batch at a time."""
    crops = dict.fromkeys(r.crop_key for r in results if r.crop_key is not None)
    keys = [key for key in crops if not cache.has("deep", _deep_key(key, backbone))]
    stage = f"deep features ({backbone.name})"
    progress(stage, len(crops) - len(keys), len(crops))
    for start in range(0, len(keys), batch_size):
        batch = keys[start : start + batch_size]
        arrays = [cache.read_array("crops", key) for key in batch]
        features = backbone.embed(np.stack([array for array in arrays if array is not None]))
        for key, row in zip(batch, features, strict=True):
            cache.write_array("deep", _deep_key(key, backbone), row)
        progress(stage, len(crops) - len(keys) + start + len(batch), len(crops))


def _assemble(
    results: list[RoiResult],
    reader: str,
    columns: list[str],
    backbones: Mapping[str, Backbone],
    cache: Cache,
    failures: pd.DataFrame,
) -> pd.DataFrame:
    """Put the cached values of one reader's ROIs side by side, one row per complete case."""
    failed = failures[(failures["level"] == CASE) & (failures["reader"] == reader)]["case_id"]
    rows: dict[str, dict[str, float]] = {}
    for result in results:
        request = result.request
        if request.reader != reader or request.case_id in set(failed):
            continue
        row = rows.setdefault(request.case_id, {})
        for family, key in result.measured_keys.items():
            record = cache.read_record(family, key) or {"values": {}}
            for name, value in record["values"].items():
                row[feature_column(request.view, family, name)] = value
        for family, backbone in backbones.items() if result.crop_key else ():
            deep = cache.read_array("deep", _deep_key(str(result.crop_key), backbone))
            values = [] if deep is None else deep.tolist()
            prefix = f"{request.view}.{family}."
            row.update({f"{prefix}{index:04d}": value for index, value in enumerate(values)})
    frame = pd.DataFrame.from_dict(rows, orient="index", dtype=float)
    frame = frame.mask(np.isinf(frame))  # an overflow counts as missing
    return frame.reindex(columns=columns).rename_axis("case_id")


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


def feature_column(view: str, family: str, feature: str) -> str:
    """Name the column of a measured feature; MaZda's brackets and commas are written as ``_``."""
    if family == MAZDA:
        feature = column_name(feature)
    return f"{view}.{family}.{feature}"


def _failure_table(results: list[RoiResult]) -> pd.DataFrame:
    rows = [
        (r.request.case_id, r.request.view, r.request.reader, f.family, f.level, f.reason)
        for r in results
        for f in r.failures
    ]
    return pd.DataFrame(rows, columns=FAILURE_COLUMNS)


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
