"""Radiomics of a cohort on a GPU: measured for many ROIs at once, ahead of everything else."""

from __future__ import annotations

from collections.abc import Iterator

import SimpleITK as sitk

from dlr.errors import DlrError
from dlr.features.cache import content_key
from dlr.features.radiomics import RadiomicsResult
from dlr.features.radiomics.native.batched import BatchedEngine
from dlr.features.roi_source import RoiSource
from dlr.features.table import RADIOMICS
from dlr.features.worker import ImageProcessor, ImageTask
from dlr.progress import Progress


def measure_in_batches(
    processor: ImageProcessor, tasks: list[ImageTask], progress: Progress
) -> None:
    """Measure into the cache all radiomics that are not there yet, many ROIs at a time.

    An ROI that cannot be read or measured is passed over here: the case-by-case run that follows
    meets it again and lists it.

    Parameters
    ----------
    processor : ImageProcessor
        Of a study whose radiomics run on a GPU.
    tasks : list of ImageTask
    progress : callable
        See :data:`dlr.progress.Progress`.
    """
    for view in processor.config.views:
        engine = processor.engine(view)
        if isinstance(engine, BatchedEngine):
            _measure_view(processor, tasks, view, engine, progress)


def _measure_view(
    processor: ImageProcessor,
    tasks: list[ImageTask],
    view: str,
    engine: BatchedEngine,
    progress: Progress,
) -> None:
    total = sum(roi.view == view for task in tasks for roi in task.rois)
    keys: list[str] = []  # of the pairs handed out, in their order

    def pairs() -> Iterator[tuple[sitk.Image, sitk.Image]]:
        done = 0
        for task in tasks:
            source = RoiSource(task.image, processor.config)
            for roi in task.rois:
                if roi.view != view:
                    continue
                done += 1
                progress(f"radiomics on {engine.device} ({view})", done, total)
                try:
                    base = processor.base_key(source, roi)
                    key = content_key(base, processor.measuring(view)[RADIOMICS].key)
                    if processor.cache.has(RADIOMICS, key):
                        continue
                    prepared = source.prepare(roi)
                except (DlrError, RuntimeError):  # SimpleITK raises RuntimeError
                    continue
                keys.append(key)
                yield prepared.image, prepared.mask

    for index, result in enumerate(engine.execute_all(pairs())):
        if isinstance(result, RadiomicsResult):
            record = {"values": result.values, "problems": result.problems}
            processor.cache.write_record(RADIOMICS, keys[index], record)
