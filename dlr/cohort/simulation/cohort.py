"""Simulate the two-centre cohort of the demo, at any size up to the published one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cohort.simulation.clinical import cell_sizes, draw_clinical
from dlr.cohort.simulation.grid import AXIAL, SAGITTAL
from dlr.cohort.simulation.published import PUBLISHED_SIZES, published_variables
from dlr.cohort.simulation.reader import FIRST_READER, SECOND_READER
from dlr.cohort.simulation.study_file import study_settings
from dlr.cohort.simulation.subject import Patient, Plan
from dlr.cohort.simulation.write import Progress, write_cohort

FEW = 200
"""Training patients below which the study's settings are made quick."""


def simulate_cohort(
    folder: str | Path,
    n_training: int = 60,
    n_external: int = 30,
    seed: int = 0,
    full: bool = False,
    progress: Progress | None = None,
    n_workers: int = 1,
    effect: float = 1.0,
) -> Path:
    """Simulate a two-centre study of surgery for lumbar disc herniation.

    The clinical table reproduces the published baseline table (see `draw_clinical`). Every
    patient has a sagittal T2-like volume with a mask of the herniated disc and an axial volume
    with a mask of disc and canal. Size of the herniation, height, signal and texture of the disc
    carry part of the outcome. Centre B has another scanner than centre A: scale, noise,
    resolution, shading and contrast differ. A second reader has drawn the masks of a third of
    the training patients (at most 50).

    Parameters
    ----------
    folder : str or Path
        Where to write; an earlier simulation there is overwritten.
    n_training, n_external : int
        Patients of centre A (training) and centre B (external validation).
    seed : int
        Seed of everything that is drawn.
    full : bool
        Take the published sizes instead: 1,066 and 191 patients, with the published counts.
    progress : callable, optional
        Called as ``progress(done, total)`` after each patient.
    n_workers : int
        Processes that make images; the files do not depend on it.
    effect : float
        Size of the outcome's own effect on the images; 0 leaves only what the clinical
        variables bring with them.

    Returns
    -------
    Path
        The ``study.yaml``, beside ``images.csv`` and ``clinical.csv``.

    Raises
    ------
    DlrError
        If a cohort is too small to hold three patients of each outcome, or the folder holds a
        study that is not simulated.
    """
    if full:
        n_training = sum(n for cell, n in PUBLISHED_SIZES.items() if cell[0] == "training")
        n_external = sum(n for cell, n in PUBLISHED_SIZES.items() if cell[0] == "external")
    clinical = draw_clinical(cell_sizes(n_training, n_external), seed)
    second = second_read(clinical, seed, share=1 / 3, most=50)
    patients = [
        Patient(
            number=number,
            row={str(key): value for key, value in row.items()},
            readers=(FIRST_READER, SECOND_READER) if number in second else (FIRST_READER,),
        )
        for number, row in enumerate(clinical.to_dict("records"))
    ]
    settings = study_settings(
        name="Simulated lumbar disc herniation",
        seed=seed,
        variables=published_variables(),
        views=("sag", "axi"),
        components=min(32, max(2, n_training // 4)),
        agreement=True,
    )
    if n_training < FEW:
        # A first look, not a study: default settings of the algorithms and a short audit.
        settings["model"]["tune"] = False
        settings["audit"] = {"permutations": 1, "bootstrap": 10}
    plan = Plan(Path(folder), seed, SAGITTAL, AXIAL, effect)
    return write_cohort(patients, plan, clinical, settings, n_workers, progress)


def second_read(clinical: pd.DataFrame, seed: int, share: float, most: int) -> set[int]:
    """Choose the rows of training patients whose masks a second reader draws as well."""
    training = np.flatnonzero(clinical["cohort"] == "training")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    count = min(most, max(3, round(share * len(training))))
    return {int(number) for number in rng.choice(training, size=count, replace=False)}
