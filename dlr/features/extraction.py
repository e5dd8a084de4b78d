"""Extraction of a whole cohort: in parallel, cached, resumable, with every failure listed."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from dlr.cohort import Cohort
from dlr.config import EmbeddingSettings, StudyConfig
from dlr.features.cache import Cache, content_key
from dlr.features.radiomics import RadiomicsEngine
from dlr.features.table import DEEP, RADIOMICS, FeatureTable
from dlr.features.worker import CASE, ImageProcessor, ImageTask, RoiRequest, RoiResult

if TYPE_CHECKING:
    from dlr.features.embedding import Backbone

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""

FAILURE_COLUMNS = ["case_id", "view", "reader", "family", "level", "reason"]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report no progress."""


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
    processor = ImageProcessor(config, cache)
    engines = {view: processor.engine(view) for view in config.views}  # faults before any work
    embedding = config.embedding
    backbone = _backbone(config)
    results = list(_run(processor, image_tasks(cohort), workers, progress))
    results.sort(key=lambda r: (r.request.case_id, r.request.view, r.request.reader))
    if backbone is not None and embedding is not None:
        _embed_missing(results, backbone, embedding, cache, progress)
    columns = _columns(config, engines, backbone)
    failures = _failure_table(results)
    return FeatureTable(
        values=_assemble(results, "first", columns, backbone, cache, failures),
        second_reader=_assemble(results, "second", columns, backbone, cache, failures),
        failures=failures,
        crops=_crop_table(results),
        provenance=_provenance(cohort, backbone),
    )


def _backbone(config: StudyConfig) -> Backbone | None:
    if config.embedding is None or not any(view.embedding for view in config.views.values()):
        return None
    from dlr.features.embedding import load_backbone  # imports torch: only when needed

    return load_backbone(config.embedding)


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


def _run(
    processor: ImageProcessor, tasks: list[ImageTask], workers: int, progress: Progress
) -> Iterator[RoiResult]:
    parallel = Parallel(n_jobs=workers, return_as="generator_unordered")
    total = sum(len(task.rois) for task in tasks)
    done = 0
    progress("images and radiomics", 0, total)
    for results in parallel(delayed(processor)(task) for task in tasks):
        done += len(results)
        progress("images and radiomics", done, total)
        yield from results


def _deep_key(crop_key: str, backbone: Backbone) -> str:
    return content_key(crop_key, backbone.name, backbone.sha256, backbone.input_size)


def _embed_missing(
    results: Iterable[RoiResult],
    backbone: Backbone,
    settings: EmbeddingSettings,
    cache: Cache,
    progress: Progress,
) -> None:
    """Embed the crops that have no embedding yet, a batch at a time."""
    crops = dict.fromkeys(r.crop_key for r in results if r.crop_key is not None)
    keys = [key for key in crops if not cache.has("deep", _deep_key(key, backbone))]
    progress("deep features", len(crops) - len(keys), len(crops))
    for start in range(0, len(keys), settings.batch_size):
        batch = keys[start : start + settings.batch_size]
        arrays = [cache.read_array("crops", key) for key in batch]
        features = backbone.embed(np.stack([array for array in arrays if array is not None]))
        for key, row in zip(batch, features, strict=True):
            cache.write_array("deep", _deep_key(key, backbone), row)
        progress("deep features", len(crops) - len(keys) + start + len(batch), len(crops))


def _assemble(
    results: list[RoiResult],
    reader: str,
    columns: list[str],
    backbone: Backbone | None,
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
        if result.radiomics_key is not None:
            record = cache.read_record("radiomics", result.radiomics_key) or {"values": {}}
            prefix = f"{request.view}.{RADIOMICS}."
            row.update({prefix + name: value for name, value in record["values"].items()})
        if result.crop_key is not None and backbone is not None:
            deep = cache.read_array("deep", _deep_key(result.crop_key, backbone))
            values = [] if deep is None else deep.tolist()
            prefix = f"{request.view}.{DEEP}."
            row.update({f"{prefix}{index:04d}": value for index, value in enumerate(values)})
    frame = pd.DataFrame.from_dict(rows, orient="index", dtype=float)
    frame = frame.mask(np.isinf(frame))  # an overflow counts as missing
    return frame.reindex(columns=columns).rename_axis("case_id")


def _columns(
    config: StudyConfig, engines: dict[str, RadiomicsEngine | None], backbone: Backbone | None
) -> list[str]:
    """Return the fixed column set: it depends on the settings, never on a case."""
    names = []
    for view, engine in engines.items():
        features = [] if engine is None else engine.feature_names()
        names += [f"{view}.{RADIOMICS}.{feature}" for feature in features]
        if backbone is not None and config.views[view].embedding:
            names += [f"{view}.{DEEP}.{index:04d}" for index in range(backbone.dimension)]
    return names


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


def _provenance(cohort: Cohort, backbone: Backbone | None) -> dict[str, str]:
    packages = ("numpy", "SimpleITK", "torch", "torchvision", "timm", "dlr")
    record = {f"version {name}": version(name) for name in packages}
    record["version python"] = platform.python_version()
    radiomics = cohort.config.radiomics
    if radiomics is not None:
        record["radiomics engine"] = radiomics.engine
        record["radiomics parameters"] = Path(radiomics.parameters).name
    if backbone is not None:
        record["backbone"] = backbone.name
        record["backbone weights"] = backbone.weights_name
        record["backbone weights sha256"] = backbone.sha256
    return record
