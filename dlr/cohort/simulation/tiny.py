"""A tiny simulated cohort, made in about a second: for tests and for trying things out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from dlr.cohort.simulation.anatomy import HERNIATING
from dlr.cohort.simulation.clinical import MINIMUM_CELL, draw_clinical
from dlr.cohort.simulation.cohort import second_read
from dlr.cohort.simulation.grid import TINY_AXIAL, TINY_SAGITTAL, TINY_THREE_DISCS
from dlr.cohort.simulation.published import Cell
from dlr.cohort.simulation.reader import FIRST_READER, SECOND_READER
from dlr.cohort.simulation.study_file import study_settings
from dlr.cohort.simulation.subject import Patient, Plan
from dlr.cohort.simulation.write import write_cohort
from dlr.errors import DlrError

TINY_VARIABLES = ("sex", "age", "odi", "slrt", "pfirrmann")
_MINIMUM = 6 * MINIMUM_CELL


def write_tiny_cohort(
    folder: str | Path,
    n_subjects: int = 24,
    seed: int = 0,
    unit: Literal["subject", "roi"] = "subject",
    effect: float = 1.5,
    n_workers: int = 1,
) -> Path:
    """Write a tiny two-centre cohort with balanced outcomes.

    Two thirds of the subjects train (centre A), one third is external (centre B); in each, half
    the subjects are surgical. The clinical variables are sex, age, odi, slrt and pfirrmann. A
    second reader has drawn the masks of half the training subjects.

    Parameters
    ----------
    folder : str or Path
        Where to write; an earlier simulation there is overwritten.
    n_subjects : int
        Number of subjects, at least 18.
    seed : int
        Seed of everything that is drawn.
    unit : {"subject", "roi"}
        ``"subject"``: a sagittal view (ROI: one disc) and an axial view (ROI: disc and canal)
        per subject, 32 x 32 x 5 voxels. ``"roi"``: a sagittal view only, 32 x 48 x 5 voxels,
        with three discs as regions of interest of their own (columns ``roi`` and ``mask_label``
        of ``images.csv``; one row of ``clinical.csv`` per disc, outcome and pfirrmann differ
        between the discs of a subject).
    effect : float
        Size of the outcome's own effect on the images; 0 for none.
    n_workers : int
        Processes that make images; the files do not depend on it.

    Returns
    -------
    Path
        The ``study.yaml``, beside ``images.csv`` and ``clinical.csv``; its settings are quick
        ones (three folds, few components).

    Raises
    ------
    DlrError
        If `n_subjects` is below 18.
    """
    if n_subjects < _MINIMUM:
        raise DlrError(
            f"n_subjects must be at least {_MINIMUM} for both cohorts to hold three subjects of "
            f"each outcome, but got {n_subjects}"
        )
    subjects = draw_clinical(_balanced(n_subjects), seed, TINY_VARIABLES)
    clinical = subjects if unit == "subject" else _per_disc(subjects, seed)
    second = second_read(subjects, seed, share=0.5, most=50)
    patients = [
        Patient(
            number=number,
            row=_row(row),
            readers=(FIRST_READER, SECOND_READER) if number in second else (FIRST_READER,),
            levels=None if unit == "subject" else _levels(clinical, str(row["subject_id"])),
        )
        for number, row in enumerate(subjects.to_dict("records"))
    ]
    views = ("sag", "axi") if unit == "subject" else ("sag",)
    plan = Plan(
        folder=Path(folder),
        seed=seed,
        sagittal=TINY_SAGITTAL if unit == "subject" else TINY_THREE_DISCS,
        axial=TINY_AXIAL if unit == "subject" else None,
        effect=effect,
    )
    settings = _quick(study_settings("Tiny", seed, TINY_VARIABLES, views, 4, True), unit)
    return write_cohort(patients, plan, clinical, settings, n_workers)


def _balanced(n_subjects: int) -> dict[Cell, int]:
    n_external = n_subjects // 3
    n_training = n_subjects - n_external
    return {
        ("training", "conservative"): n_training - n_training // 2,
        ("training", "surgical"): n_training // 2,
        ("external", "conservative"): n_external - n_external // 2,
        ("external", "surgical"): n_external // 2,
    }


def _per_disc(subjects: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Turn one row per subject into one per disc; one or two of three discs are surgical."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    rows: list[dict[str, object]] = []
    for number, subject in enumerate(subjects.to_dict("records")):
        surgical = rng.permutation(len(HERNIATING))[: 1 + number % 2]
        for index, level in enumerate(HERNIATING):
            outcome = "surgical" if index in surgical else "conservative"
            severe = rng.random() < (0.5 if outcome == "surgical" else 0.25)
            row = {"subject_id": subject["subject_id"], "roi": level} | _row(subject)
            row |= {"surgery": outcome, "pfirrmann": "severe" if severe else "mild"}
            rows.append(row)
    return pd.DataFrame(rows)


def _levels(clinical: pd.DataFrame, subject: str) -> dict[str, dict[str, object]]:
    rows = clinical[clinical["subject_id"] == subject].to_dict("records")
    return {str(row["roi"]): _row(row) for row in rows}


def _row(record: dict[Any, Any]) -> dict[str, object]:
    return {str(key): value for key, value in record.items()}


def _quick(settings: dict[str, Any], unit: str) -> dict[str, Any]:
    """Make the settings of a study quick to run."""
    settings["unit"] = unit
    algorithms = ["logistic", "svm", "extra-trees"]
    settings["model"] |= {"folds": 3, "inner_folds": 3, "algorithms": algorithms, "tune": False}
    settings["audit"] = {"permutations": 1, "bootstrap": 3}
    settings["selection"] = {"lasso": {"folds": 3}}
    settings["evaluation"] = {"calibration_groups": 4, "bootstrap": 20}
    return settings
