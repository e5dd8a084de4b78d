"""ICC of every radiomics feature over perturbed copies of the training cases' ROIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from dlr.cohort import Cohort
from dlr.cohort.splits import TRAINING
from dlr.config import StudyConfig
from dlr.errors import DlrError, Fault, InputError
from dlr.features.cache import Cache, content_key, write_atomically
from dlr.features.extraction import Progress, feature_column, image_tasks, silent
from dlr.features.worker import FEATURES_VERSION, ImageProcessor, ImageTask, RoiRequest, RoiSource
from dlr.imaging.perturbation_settings import PerturbationSettings
from dlr.stats import icc_repeated

if TYPE_CHECKING:
    from dlr.imaging.perturbation import PerturbedPair, Perturber

REPETITIONS = 10
"""Copies of every ROI where none are asked for."""
FORM = "1,1"
COLUMNS = ("feature", "icc", "low", "high", "n_cases", "ratings")


@dataclass(frozen=True, eq=False)
class StabilityTable:
    """How far each feature survives perturbation.

    Parameters
    ----------
    frame : pandas.DataFrame
        Index ``feature`` (``<view>.<family>.<name>``); ``icc``, its limits ``low`` and ``high``,
        ``n_cases``, and ``ratings`` (the unperturbed ROI and its copies).
    failures : pandas.DataFrame
        ``case_id``, ``view``, ``repetition``, ``reason``.
    settings : PerturbationSettings
    """

    frame: pd.DataFrame
    failures: pd.DataFrame
    settings: PerturbationSettings

    def save(self, folder: Path) -> Path:
        """Write ``stability.csv`` and ``stability_failures.csv``; return the first."""
        path = folder / "stability.csv"
        write_atomically(path, self.frame.to_csv().encode())
        failures = self.failures.to_csv(index=False).encode()
        write_atomically(folder / "stability_failures.csv", failures)
        return path


@dataclass(frozen=True)
class _Perturbed:
    """Features of one copy of one ROI, or why there are none; repetition 0 is the ROI itself."""

    case_id: str
    repetition: int
    view: str
    values: dict[str, float]
    reason: str = ""


def stability_table(
    cohort: Cohort,
    work: Path,
    settings: PerturbationSettings,
    repetitions: int = REPETITIONS,
    workers: int = 1,
    progress: Progress = silent,
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
        Perturbed copies of every ROI.
    workers : int
        Processes; the numbers do not depend on it.
    progress : callable

    Returns
    -------
    StabilityTable

    Raises
    ------
    DlrError
        If fewer than two training cases could be measured in all copies.
    """
    training = set(cohort.cases(TRAINING).index)
    tasks = [
        ImageTask(task.image, rois)
        for task in image_tasks(cohort)
        if (rois := tuple(r for r in task.rois if r.case_id in training and r.reader == "first"))
    ]
    worker = _Worker(cohort.config, Cache(work / "cache"), settings, repetitions)
    total, done = sum(len(task.rois) for task in tasks), 0
    progress("perturbed regions", 0, total)
    results: list[_Perturbed] = []
    parallel = Parallel(n_jobs=workers, return_as="generator_unordered")
    for number, found in parallel(
        delayed(worker.measure)(position, task) for position, task in enumerate(tasks)
    ):
        results += found
        done += len(tasks[number].rois)
        progress("perturbed regions", done, total)
    failures = pd.DataFrame(
        sorted((r.case_id, r.view, r.repetition, r.reason) for r in results if r.reason),
        columns=["case_id", "view", "repetition", "reason"],
    )
    return StabilityTable(_agreement(results, repetitions), failures, settings)


def read_stability(path: Path, bound: str = "estimate") -> pd.Series:
    """Read the ICC of each feature from a table written by :meth:`StabilityTable.save`.

    Parameters
    ----------
    path : Path
    bound : {"estimate", "lower"}
        The ICC or its lower confidence limit.

    Raises
    ------
    InputError
        If the file is missing or has not the columns of a stability table.
    """
    path = Path(path)
    if not path.is_file():
        message = "there is no stability table; make it with 'dlr stability study.yaml --out DIR'"
        raise InputError([Fault(message, path, code="file-missing")])
    column = "icc" if bound == "estimate" else "low"
    try:
        frame = pd.read_csv(path)
        values = frame.set_index("feature")[column].astype(float)
    except (KeyError, ValueError, pd.errors.ParserError):
        message = f"a stability table has the columns {', '.join(COLUMNS)}; make it anew"
        raise InputError([Fault(message, path, code="stability")]) from None
    return values


@dataclass(frozen=True)
class _Worker:
    """Measures the perturbed copies of the ROIs of one image, possibly in another process."""

    config: StudyConfig
    cache: Cache
    settings: PerturbationSettings
    repetitions: int

    def measure(self, position: int, task: ImageTask) -> tuple[int, list[_Perturbed]]:
        """Return the features of all copies of all ROIs, and the task's position."""
        processor = ImageProcessor(self.config, self.cache)
        source = RoiSource(task.image, self.config)
        return position, [
            item for roi in task.rois for item in self._copies(processor, source, roi)
        ]

    def _copies(
        self, processor: ImageProcessor, source: RoiSource, roi: RoiRequest
    ) -> Iterator[_Perturbed]:
        copies = _Copies(source, roi, self.settings, self.config.seed)
        for family, measuring in processor.measuring(roi.view).items():
            for repetition in range(self.repetitions + 1):
                try:
                    key = self._key(source, roi, measuring.key, repetition)
                    record = self.cache.read_record("stability", key)
                    if record is None:
                        pair = copies.draw(repetition)
                        result = measuring.engine.execute(pair.image, pair.mask)
                        record = {"values": result.values}
                        self.cache.write_record("stability", key, record)
                except DlrError as error:
                    yield _Perturbed(roi.case_id, repetition, roi.view, {}, str(error))
                    continue
                values = {
                    feature_column(roi.view, family, name): value
                    for name, value in record["values"].items()
                }
                yield _Perturbed(roi.case_id, repetition, roi.view, values)

    def _key(self, source: RoiSource, roi: RoiRequest, engine: str, repetition: int) -> str:
        from dlr.imaging.perturbation import PERTURBATION_VERSION

        view = self.config.views[roi.view]
        return content_key(
            PERTURBATION_VERSION,
            FEATURES_VERSION,
            source.image_sha256,
            source.mask_sha256(roi.mask),
            roi.case_id,
            roi.view,
            roi.label,
            roi.segment,
            view.model_dump(mode="json", exclude={"source", "embedding"}),
            (view.intensity or self.config.intensity).model_dump(mode="json"),
            self.config.masks.model_dump(mode="json"),
            engine,
            self.settings.model_dump(mode="json"),
            self.config.seed,
            repetition,
        )


@dataclass
class _Copies:
    """The copies of one ROI; image and mask are read when the first one is needed."""

    source: RoiSource
    roi: RoiRequest
    settings: PerturbationSettings
    seed: int
    perturber: Perturber | None = None

    def draw(self, repetition: int) -> PerturbedPair:
        from dlr.imaging.perturbation import Perturber

        if self.perturber is None:
            prepared = self.source.prepare(self.roi)
            self.perturber = Perturber(prepared.image, prepared.mask, self.settings)
        return self.perturber.draw(self.seed, f"{self.roi.case_id} {self.roi.view}", repetition)


def _agreement(results: list[_Perturbed], repetitions: int) -> pd.DataFrame:
    tables = []
    for repetition in range(repetitions + 1):
        rows: dict[str, dict[str, float]] = {}
        for item in results:
            if item.repetition == repetition:
                rows.setdefault(item.case_id, {}).update(item.values)
        tables.append(pd.DataFrame.from_dict(rows, orient="index", dtype=float))
    cases = sorted(set.intersection(*(set(table.index) for table in tables)))
    if len(cases) < 2:
        raise DlrError(
            f"only {len(cases)} training case(s) could be measured in all perturbed copies; "
            "see stability_failures.csv, or perturb less"
        )
    columns = list(dict.fromkeys(column for table in tables for column in table))
    aligned = [table.reindex(index=cases, columns=columns) for table in tables]
    aligned = [table.mask(np.isinf(table)) for table in aligned]
    found = icc_repeated(aligned, FORM)
    frame = found.to_frame()[["icc", "low", "high"]].copy()
    frame["n_cases"] = (
        np.isfinite(np.stack([t.to_numpy() for t in aligned])).all(axis=0).sum(axis=0)
    )
    frame["ratings"] = len(tables)
    return frame.rename_axis("feature")
