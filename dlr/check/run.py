"""The whole check of a study's tables, images and masks, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dlr.check.columns import check_columns
from dlr.check.damage import damage_findings, workbook_findings
from dlr.check.facts import RoiCheck
from dlr.check.finding import Finding, RoiKey, as_faults, in_order
from dlr.check.identity import name_findings
from dlr.check.isolation import examine_each
from dlr.check.outcome import check_outcome
from dlr.check.regions import duplicate_findings, roi_findings
from dlr.check.result import Check, roi_frame
from dlr.check.roi import bin_settings, examine_image
from dlr.check.scanners import check_scanners
from dlr.check.weights import weights_findings
from dlr.cohort import Cohort, read_clinical_table, read_images_table
from dlr.config import StudyConfig
from dlr.errors import DlrError, Fault, InputError
from dlr.features.extraction import image_tasks
from dlr.features.radiomics import load_settings
from dlr.features.worker import ImageTask
from dlr.models.classifiers import make_classifier
from dlr.progress import Progress, silent
from dlr.workers import replaced_quietly

if TYPE_CHECKING:
    from dlr.roi_pictures import RoiPicture

PICTURED = 60
"""ROIs on the contact sheet that are taken evenly from the table, flagged or not."""
MOST_FLAGGED = 240
"""Further ROIs on it that were flagged; of more, the page would not open any more."""


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
    faults = run_check(config, workers, progress).faults
    return sorted(faults, key=lambda fault: (str(fault.file), fault.row or 0))


def run_check(
    config: StudyConfig, workers: int = 1, progress: Progress = silent, *, pictures: bool = False
) -> Check:
    """Look at everything: what would stop the study, and what would mislead it.

    Every image is read once. Faulty tables are reported before any image is read, because rows
    that cannot be matched cannot be checked.

    Parameters
    ----------
    config : StudyConfig
    workers : int
        Processes that read the images; the result does not depend on it. With two or more, an
        image that crashes the compiled readers is a fault of its own and ends nothing.
    progress : callable
    pictures : bool
        Take pictures of ROIs for the contact sheet: `PICTURED` of all, and the flagged ones.

    Returns
    -------
    Check
    """
    found = [*as_faults(_setting_faults(config)), *weights_findings(config)]
    tables = _readable_tables(config)
    found += _table_findings(tables, config)
    try:
        cohort = Cohort.load(config)
    except InputError as error:
        found += as_faults(error.faults)
        columns = pd.DataFrame()
        if "clinical" in tables:
            checked = check_columns(tables["clinical"], config, None)
            columns, found = checked.table, [*found, *checked.findings]
        return Check(config, in_order(found), columns=columns)
    if any(item.level == "fault" and item.code != "weights" for item in found):
        # Without valid settings nothing can be measured; images are still checked for faults.
        config = _without_radiomics(config)
        cohort = replace(cohort, config=config)
    return _check_cohort(cohort, tables, found, workers, progress, pictures)


def _check_cohort(
    cohort: Cohort,
    tables: dict[str, pd.DataFrame],
    found: list[Finding],
    workers: int,
    progress: Progress,
    pictures: bool,
) -> Check:
    config = cohort.config
    tasks = image_tasks(cohort)
    chosen = _spread(cohort) if pictures else None
    with replaced_quietly():
        checks = list(_examine_all(config, tasks, workers, progress, chosen))
    about_rois = roi_findings(checks, cohort, _bin_widths(config))
    about_rois += duplicate_findings(checks, cohort)
    columns = check_columns(tables["clinical"], config, cohort)
    outcome = check_outcome(cohort)
    scanners = check_scanners(checks, cohort)
    found = [*found, *about_rois, *columns.findings, *outcome.findings, *scanners.findings]
    result = Check(
        config,
        in_order(found),
        rois=roi_frame(checks, cohort, about_rois),
        columns=columns.table,
        prevalence=outcome.prevalence,
        sample_size=outcome.sample_size,
        scanners=scanners.table,
        from_headers=scanners.from_headers,
    )
    if not pictures:
        return result
    return replace(result, pictures=_pictures(result, checks, tasks))


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


def _without_radiomics(config: StudyConfig) -> StudyConfig:
    return config.model_copy(update={"radiomics": None})


def _readable_tables(config: StudyConfig) -> dict[str, pd.DataFrame]:
    """Read each table that can be read; why another cannot is found when the cohort is loaded."""
    tables = {}
    for name, read in (("images", read_images_table), ("clinical", read_clinical_table)):
        try:
            tables[name] = read(getattr(config, name))
        except InputError:
            continue
    return tables


def _table_findings(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Finding]:
    found: list[Finding] = []
    if "images" in tables:
        found += damage_findings(tables["images"], config.images, skip=("image", "mask"))
    if "clinical" in tables:
        continuous = [k for k, v in config.clinical_variables.items() if v.type == "continuous"]
        found += damage_findings(tables["clinical"], config.clinical, continuous)
        found += workbook_findings(config.clinical)
    if len(tables) == 2:
        paths: tuple[Path, Path] = (config.images, config.clinical)
        found += name_findings(tables["images"], tables["clinical"], *paths)
    return found


def _bin_widths(config: StudyConfig) -> dict[str, float | None]:
    widths: dict[str, float | None] = {}
    for view in config.views:
        found = bin_settings(config, view)
        fixed = found is not None and found[1].binCount is None
        widths[view] = float(found[1].binWidth) if found is not None and fixed else None
    return widths


def _spread(cohort: Cohort) -> frozenset[RoiKey]:
    """Choose the ROIs of the contact sheet, evenly from the table."""
    keys = list(cohort.images[["case_id", "view", "reader"]].itertuples(index=False, name=None))
    step = max(len(keys) / PICTURED, 1.0)
    return frozenset(keys[int(index * step)] for index in range(min(PICTURED, len(keys))))


def _examine_all(
    config: StudyConfig,
    tasks: list[ImageTask],
    workers: int,
    progress: Progress,
    chosen: frozenset[RoiKey] | None,
) -> Iterator[RoiCheck]:
    """Examine images in parallel; of flagged ROIs only so many pictures are kept in memory."""
    examine = partial(examine_image, config, pictured=chosen)
    progress("images and masks", 0, len(tasks))
    room = MOST_FLAGGED
    for done, checks in enumerate(examine_each(examine, tasks, workers), start=1):
        progress("images and masks", done, len(tasks))
        for check in checks:
            if check.picture is not None and chosen is not None and check.key not in chosen:
                room -= 1
                yield check if room >= 0 else replace(check, picture=None)
            else:
                yield check


def _pictures(
    result: Check, checks: list[RoiCheck], tasks: list[ImageTask]
) -> dict[RoiKey, RoiPicture]:
    """Return the pictures by ROI.

    What only the comparison of all ROIs flagged (equal voxels) has no picture yet: those few
    images are read again.
    """
    pictures = {check.key: check.picture for check in checks if check.picture is not None}
    usable = {check.key for check in checks if check.facts is not None}
    late = frozenset(sorted((result.flagged & usable) - set(pictures))[:PICTURED])
    for task in tasks if late else ():
        rois = tuple(r for r in task.rois if (r.case_id, r.view, r.reader) in late)
        if rois:
            again = examine_image(result.config, replace(task, rois=rois), late)
            pictures |= {check.key: check.picture for check in again if check.picture is not None}
    return pictures
