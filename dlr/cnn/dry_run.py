"""How long a study will take: a few measured steps, times the number of pictures and epochs."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.distributed import join_processes
from dlr.cnn.folds import planned_folds, training_cases
from dlr.cnn.matching import matched_cases
from dlr.cnn.networks import build_classifier
from dlr.cnn.pictures import read_picture
from dlr.cnn.settings import CnnStudyConfig, candidates
from dlr.cnn.store import PictureStore
from dlr.cnn.tasks import make_targets
from dlr.cnn.training import TrainingData, train_network
from dlr.errors import CaseError


@dataclass(frozen=True)
class DryRun:
    """The measured speed and what follows from it.

    Attributes
    ----------
    pictures : int
        Pictures of the training cohort.
    read_per_s, train_per_s : float
        Pictures read and prepared (one process), and trained on, per second.
    device : str
    hours_reading, hours_training : float
        Of the whole study; training for all epochs of all folds and candidates, fewer when it
        stops early.
    """

    pictures: int
    read_per_s: float
    train_per_s: float
    device: str
    hours_reading: float
    hours_training: float

    def to_frame(self) -> pd.DataFrame:
        """Return the estimate as one row."""
        return pd.DataFrame([vars(self)])


def estimate_hours(config: CnnStudyConfig, steps: int = 4) -> DryRun:
    """Measure reading and training on a few pictures of the study and estimate its hours.

    Parameters
    ----------
    config : CnnStudyConfig
    steps : int
        Batches measured (one more is run before, to warm up).

    Raises
    ------
    InputError
        With every fault of the tables.
    CaseError
        If none of the first pictures can be read.
    DlrError
        If there are too few patients for folds, stopping or matching.
    """
    cohort = CnnCohort.load(config)
    cases = training_cases(cohort)
    planned_folds(config, cases, cohort.targets)  # what cannot be divided is said now
    matched_cases(cohort)
    rows = cohort.picture_rows(cases.index)
    wanted = min(len(rows), config.training.batch_size * (steps + 1))
    pictures, seconds_reading = _read(cohort, rows[:wanted])
    sample = np.resize(np.stack(pictures), (config.training.batch_size * steps, *pictures[0].shape))
    every = make_targets(cohort, rows)
    taken = np.resize(rows, len(sample))
    targets = type(every)(**{**vars(every), "values": np.nan_to_num(every.values[taken])})
    store = PictureStore(tuple(str(i) for i in range(len(sample))), config.pictures, None, sample)
    once = config.training.model_copy(update={"epochs": 2, "stopping": None, "tensorboard": False})
    brief = config.model_copy(update={"training": once})
    with join_processes(config.training.device) as place, tempfile.TemporaryDirectory() as folder:
        network = build_classifier(
            config.network, targets.n_outputs, config.pictures.size, config.seed
        )
        data = TrainingData(store, targets, np.arange(len(sample)), np.arange(0))
        trained = train_network(network, data, brief, place, Path(folder))
        device = str(place.device)
    read_per_s = len(pictures) / seconds_reading
    # The first epoch warms up.
    train_per_s = float(trained.history["pictures_per_s"].iloc[-1])
    seen = len(rows) * (config.folds - 1) * config.training.epochs * len(candidates(config))
    return DryRun(
        pictures=len(rows),
        read_per_s=read_per_s,
        train_per_s=train_per_s,
        device=device,
        hours_reading=len(cohort.pictures) / read_per_s / 3600,
        hours_training=seen / train_per_s / 3600,
    )


def _read(cohort: CnnCohort, rows: np.ndarray) -> tuple[list[np.ndarray], float]:
    started, pictures, reason = time.perf_counter(), [], ""
    for row in rows:
        try:
            path = cohort.pictures["image"].iloc[row]
            pictures.append(read_picture(path, cohort.config.pictures))
        except CaseError as error:
            reason = str(error)
    if not pictures:
        raise CaseError(f"none of the first pictures could be read; the last reason: {reason}")
    return pictures, time.perf_counter() - started
