"""Write a simulated cohort: images in parallel, then the tables and the study file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from joblib import Parallel, delayed

from dlr.cohort.simulation.subject import Patient, Plan, make_patient
from dlr.errors import DlrError
from dlr.safety.spreadsheets import write_csv_table
from dlr.workers import replaced_quietly

Progress = Callable[[int, int], None]

_HEADER = "# Simulated cohort written by dlr: no patient is real.\n"


def prepare_folder(folder: Path) -> None:
    """Make the folder of a simulated cohort; only an earlier simulation is overwritten.

    Raises
    ------
    DlrError
        If the folder holds a study that does not say that it is simulated.
    """
    study = folder / "study.yaml"
    simulated = study.is_file() and study.read_text(encoding="utf-8").startswith(_HEADER)
    for path in (study, folder / "images.csv", folder / "clinical.csv"):
        if path.exists() and not simulated:
            raise DlrError(
                f"{path}: the folder already holds a study that is not simulated; "
                "give another folder"
            )
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        # An earlier, larger cohort must not leave patients behind.
        for image in (folder / name).glob("S[0-9]*_*.nii.gz") if simulated else ():
            image.unlink()


def write_cohort(
    patients: Iterable[Patient],
    plan: Plan,
    clinical: pd.DataFrame,
    settings: dict[str, Any],
    n_workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Write images, masks, ``images.csv``, ``clinical.csv`` and ``study.yaml``.

    Parameters
    ----------
    patients : iterable of Patient
        Whom to make.
    plan : Plan
        What to make of each.
    clinical : DataFrame
        The clinical table as it is written.
    settings : dict
        The study's settings.
    n_workers : int
        Processes; the files do not depend on it.
    progress : callable, optional
        Called with the number of patients done and their total.

    Returns
    -------
    Path
        The study file.
    """
    prepare_folder(plan.folder)
    # First, so that an interrupted simulation is known as one and can be made again.
    study = plan.folder / "study.yaml"
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=98)
    study.write_text(_HEADER + text, encoding="utf-8")
    patients = list(patients)
    jobs = (delayed(make_patient)(patient, plan) for patient in patients)
    rows: list[dict[str, object]] = []
    made = Parallel(n_jobs=n_workers, return_as="generator")(jobs)
    with replaced_quietly():
        for done, some in enumerate(made, start=1):
            rows += some
            if progress is not None:
                progress(done, len(patients))
    _write_table(pd.DataFrame(rows), plan.folder / "images.csv")
    _write_table(clinical, plan.folder / "clinical.csv")
    return study


def _write_table(table: pd.DataFrame, path: Path) -> None:
    write_csv_table(table, path)
