"""``dlr check``: every fault of tables, images and masks at once, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator

from joblib import Parallel, delayed

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.errors import DlrError, Fault, InputError
from dlr.features.extraction import image_tasks
from dlr.features.radiomics import load_settings
from dlr.features.worker import ImageTask, RoiSource
from dlr.models.classifiers import make_classifier
from dlr.progress import Progress, silent


def check_study(config: StudyConfig, workers: int = 1, progress: Progress = silent) -> list[Fault]:
    """Look for everything that would stop a study or lose a case.

    Parameters
    ----------
    config : StudyConfig
    workers : int
        Processes that read the images.
    progress : callable

    Returns
    -------
    list of Fault
        Empty when all is well. Faulty tables are reported before any image is read, because
        rows that cannot be matched cannot be checked.
    """
    faults = _setting_faults(config)
    try:
        cohort = Cohort.load(config)
    except InputError as error:
        return [*faults, *error.faults]
    rows = _row_numbers(cohort)
    for found in _check_images(config, image_tasks(cohort), workers, progress):
        for case, view, reader, message in found:
            row = rows[case, view, reader]
            faults.append(Fault(message, config.images, row, code="image"))
    return sorted(faults, key=lambda fault: (str(fault.file), fault.row or 0))


def _setting_faults(config: StudyConfig) -> list[Fault]:
    """Check settings whose meaning lies outside the schema."""
    faults: list[Fault] = []
    try:
        for algorithm in config.model.candidates:
            make_classifier(algorithm, config.seed)
        if config.radiomics is not None:
            load_settings(config.radiomics.parameters)
    except InputError as error:
        faults += error.faults
    except DlrError as error:
        faults.append(Fault(str(error), code="setting"))
    return faults


def _row_numbers(cohort: Cohort) -> dict[tuple[str, str, str], int]:
    columns = ["case_id", "view", "reader", "_row"]
    return {
        (case, view, reader): int(row)
        for case, view, reader, row in cohort.images[columns].itertuples(index=False, name=None)
    }


Found = list[tuple[str, str, str, str]]


def _check_images(
    config: StudyConfig, tasks: list[ImageTask], workers: int, progress: Progress
) -> Iterator[Found]:
    parallel = Parallel(n_jobs=workers, return_as="generator")
    progress("images and masks", 0, len(tasks))
    found = parallel(delayed(_check_image)(config, task) for task in tasks)
    for done, faults in enumerate(found, start=1):
        progress("images and masks", done, len(tasks))
        yield faults


def _check_image(config: StudyConfig, task: ImageTask) -> Found:
    """Read one image with all its masks, as extraction will, and collect what is wrong."""
    source = RoiSource(task.image, config)
    found: Found = []
    for roi in task.rois:
        try:
            source.prepare(roi)
        except DlrError as error:
            found.append((roi.case_id, roi.view, roi.reader, str(error)))
    return found
