"""The frozen CNN on patients it has never seen: nothing is refitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cnn.bundle import CnnBundle
from dlr.cnn.cohort import NEW, CnnCohort
from dlr.cnn.distributed import join_processes
from dlr.cnn.evaluation import (
    bag,
    evaluate_scores,
    long_scores,
    mean_over_pictures,
    with_thresholds,
)
from dlr.cnn.results import BAGGED, FROZEN, CnnResult
from dlr.cnn.scoring import number_table, score_pictures
from dlr.cnn.store import PreparedPictures, prepare_pictures
from dlr.cnn.tasks import Targets, output_names
from dlr.errors import Fault, InputError
from dlr.progress import Progress, silent


def validate_cnn(
    bundle: CnnBundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> CnnResult:
    """Score another cohort with a frozen CNN and judge the scores at the locked thresholds.

    Parameters
    ----------
    bundle : CnnBundle or path
    images, clinical : path
        Tables of the new cohort, laid out as for training.
    work : path
        Folder of prepared pictures.
    image_root : path, optional
        Folder the image paths start from; that of `images` if left out.
    only : str, optional
        Take only the rows of this cohort.
    workers : int
        Processes that read pictures.
    progress : callable

    Returns
    -------
    CnnResult

    Raises
    ------
    InputError
        If the tables are faulty, or no label has both classes.
    """
    result = _scored(bundle, images, clinical, work, image_root, only, workers, progress)
    if "auc" not in result.performance:
        message = (
            "no label has both classes here, so nothing can be judged; complete the labels, or "
            "use 'dlr cnn predict', which needs none"
        )
        raise InputError([Fault(message, Path(clinical), code="no-outcome")])
    return result


def predict_cnn(
    bundle: CnnBundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> CnnResult:
    """Score new patients; no label is needed. Parameters are those of :func:`validate_cnn`."""
    return _scored(bundle, images, clinical, work, image_root, only, workers, progress)


def load_new_cohort(
    bundle: CnnBundle,
    images: str | Path,
    clinical: str | Path,
    image_root: str | Path | None,
    only: str | None,
) -> CnnCohort:
    """Read the tables of new patients under a bundle's settings."""
    root = None if image_root is None else Path(image_root).resolve()
    return CnnCohort.load_new(
        bundle.config, Path(images).resolve(), Path(clinical).resolve(), root, only
    )


def _scored(
    bundle: CnnBundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None,
    only: str | None,
    workers: int,
    progress: Progress,
) -> CnnResult:
    frozen = bundle if isinstance(bundle, CnnBundle) else CnnBundle.load(bundle)
    cohort = load_new_cohort(frozen, images, clinical, image_root, only)
    prepared = prepare_pictures(cohort, Path(work), workers, progress)
    scores = score_with_bundle(frozen, prepared, Path(work), workers, progress)
    cohort, names = prepared.cohort, output_names(cohort.config)
    wide = mean_over_pictures(scores, names)
    long = long_scores(wide, cohort.cases, cohort.targets)
    parts = [with_thresholds(long[long["fold"] == BAGGED], frozen.thresholds)]
    parts += [
        with_thresholds(long[long["fold"] == str(item.fold)], item.thresholds)
        for item in frozen.folds
    ]
    long = pd.concat(parts, ignore_index=True)
    level = cohort.config.evaluation.confidence_level
    return CnnResult(
        config=cohort.config,
        cases=cohort.cases,
        folds=pd.Series(dtype=int),
        picture_scores=scores,
        case_scores=long,
        numbers=number_table(wide, cohort.cases, names[len(cohort.targets) :]),
        thresholds=frozen.thresholds,
        performance=evaluate_scores(long, level),
        models=(),
        failures=prepared.failures,
        provenance={key: str(value) for key, value in frozen.summary.items()},
    )


def score_with_bundle(
    bundle: CnnBundle,
    prepared: PreparedPictures,
    work: Path,
    workers: int = 1,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Score prepared pictures with every fold model and their mean."""
    cohort = prepared.cohort
    targets, names = cohort.targets, output_names(cohort.config)
    rows = np.arange(len(cohort.pictures))
    parts = []
    with join_processes(bundle.config.training.device) as place:
        for done, item in enumerate(bundle.folds):
            store = prepared.store
            if item.config.pictures.size != cohort.config.pictures.size:
                resized = cohort.config.model_copy(update={"pictures": item.config.pictures})
                other = CnnCohort(resized, cohort.cases, cohort.pictures)
                store = prepare_pictures(other, work, workers).store
            about = Targets(
                np.empty((0, len(names)), dtype=np.float32), targets, names[len(targets) :],
                np.ones(len(targets), dtype=np.float32), (1.0,),
                np.array(item.number_mean), np.array(item.number_sd),
            )  # fmt: skip
            network = item.network(len(names))
            network.module.to(place.device)
            scores = score_pictures(network, cohort, store, rows, about, place, item.config)
            parts.append(scores.assign(cohort=NEW, estimate=FROZEN, fold=str(item.fold)))
            progress("fold models", done + 1, len(bundle.folds))
    scores = pd.concat(parts, ignore_index=True)
    return pd.concat([scores, bag(scores, names)], ignore_index=True)
