"""The frozen CNN on other patients: nothing is refitted, and each cohort is judged apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cnn.bundle import CnnBundle
from dlr.cnn.cohort import CnnCohort
from dlr.cnn.distributed import join_processes
from dlr.cnn.evaluation import (
    bag,
    evaluate_scores,
    log_odds,
    long_scores,
    mean_over_pictures,
    with_pooled,
    with_thresholds,
)
from dlr.cnn.results import APPARENT, BAGGED, FROZEN, CnnResult
from dlr.cnn.scoring import number_table, score_pictures
from dlr.cnn.store import PreparedPictures, prepare_pictures
from dlr.cnn.tasks import Targets, output_names
from dlr.cohort.splits import TRAINING
from dlr.errors import Fault, InputError
from dlr.progress import Progress, silent
from dlr.subgroups import SubgroupColumn, SubgroupTable, judge_subgroups


def validate_cnn(
    bundle: CnnBundle | str | Path,
    images: str | Path,
    clinical: str | Path,
    work: str | Path,
    image_root: str | Path | None = None,
    only: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
    subgroups: Sequence[str] = (),
) -> CnnResult:
    """Score other cohorts with a frozen CNN and judge the scores at the locked thresholds.

    Where the cohort column of the clinical table holds several values, each cohort is judged, and
    all external ones together as ``"pooled"``. Rows of the cohort that the bundle calls training
    are judged on their own as ``"apparent"``: the networks learnt from these very patients.

    Parameters
    ----------
    bundle : CnnBundle or path
    images, clinical : path
        Tables of the new cohorts, laid out as for training.
    work : path
        Folder of prepared pictures.
    image_root : path, optional
        Folder the image paths start from; that of `images` if left out.
    only : str, optional
        Take only the rows of this cohort.
    workers : int
        Processes that read pictures.
    progress : callable
    subgroups : sequence of str
        Columns of the clinical table to judge the external cases by, such as ``"sex"`` or
        ``"age:40,60"``; see :class:`dlr.subgroups.SubgroupColumn`.

    Returns
    -------
    CnnResult

    Raises
    ------
    InputError
        If the tables are faulty, no label has both classes, or a column of `subgroups` is absent.
    """
    columns = [SubgroupColumn.parse(text) for text in subgroups]
    request = _Request(bundle, images, clinical, image_root, only, by_cohort=True)
    cohort = request.cohort
    values = {column.column: cohort.column(column.column) for column in columns}
    for column in columns:  # what the tables alone tell must not wait for the scores
        column.groups(values[column.column])
    _require_labels(cohort.cases[list(cohort.targets)], Path(clinical))
    result = request.score(Path(work), workers, progress)
    _require_labels(result.cases[list(cohort.targets)], Path(clinical))
    return replace(result, subgroups=_subgroups(result, columns, values))


def _require_labels(labels: pd.DataFrame, clinical: Path) -> None:
    """Refuse cases whose labels leave nothing to judge."""
    if (labels.nunique() == 2).any():
        return
    message = (
        "no label has both classes here, so nothing can be judged; complete the labels, or "
        "use 'dlr cnn predict', which needs none"
    )
    raise InputError([Fault(message, clinical, code="no-outcome")])


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
    request = _Request(bundle, images, clinical, image_root, only, by_cohort=True)
    return request.score(Path(work), workers, progress)


def load_new_cohort(
    bundle: CnnBundle,
    images: str | Path,
    clinical: str | Path,
    image_root: str | Path | None,
    only: str | None,
    by_cohort: bool = False,
) -> CnnCohort:
    """Read the tables of new patients under a bundle's settings."""
    root = None if image_root is None else Path(image_root).resolve()
    tables = Path(images).resolve(), Path(clinical).resolve()
    return CnnCohort.load_new(bundle.config, *tables, root, only, by_cohort)


@dataclass(frozen=True, eq=False)
class _Request:
    """Which cases are to be scored by which networks."""

    bundle: CnnBundle | str | Path
    images: str | Path
    clinical: str | Path
    image_root: str | Path | None
    only: str | None
    by_cohort: bool

    @cached_property
    def frozen(self) -> CnnBundle:
        """The networks."""
        if isinstance(self.bundle, CnnBundle):
            return self.bundle
        return CnnBundle.load(self.bundle)

    @cached_property
    def cohort(self) -> CnnCohort:
        """The tables."""
        return load_new_cohort(
            self.frozen, self.images, self.clinical, self.image_root, self.only, self.by_cohort
        )

    def score(self, work: Path, workers: int, progress: Progress) -> CnnResult:
        """Prepare the pictures, score them and judge what can be judged."""
        frozen = self.frozen
        prepared = prepare_pictures(self.cohort, work, workers, progress)
        scores = score_with_bundle(frozen, prepared, work, workers, progress)
        cohort = prepared.cohort
        names = output_names(cohort.config)
        wide = mean_over_pictures(scores, names)
        long = _locked(long_scores(wide, cohort.cases, cohort.targets), frozen)
        level = cohort.config.evaluation.confidence_level
        return CnnResult(
            config=cohort.config,
            cases=cohort.cases,
            folds=pd.Series(dtype=int),
            picture_scores=scores,
            case_scores=long,
            numbers=number_table(wide, cohort.cases, names[len(cohort.targets) :]),
            thresholds=frozen.thresholds,
            performance=evaluate_scores(with_pooled(long), level),
            models=(),
            failures=prepared.failures,
            provenance={key: str(value) for key, value in frozen.summary.items()},
        )


def _locked(long: pd.DataFrame, bundle: CnnBundle) -> pd.DataFrame:
    """Fill in the locked thresholds of the bagged model and of every fold model."""
    parts = [with_thresholds(long[long["fold"] == BAGGED], bundle.thresholds)]
    parts += [
        with_thresholds(long[long["fold"] == str(item.fold)], item.thresholds)
        for item in bundle.folds
    ]
    return pd.concat(parts, ignore_index=True)


def _subgroups(
    result: CnnResult, columns: Sequence[SubgroupColumn], values: Mapping[str, pd.Series]
) -> tuple[SubgroupTable, ...]:
    """Judge the bagged score of every target in groups of the external cases."""
    scores = result.case_scores
    scores = scores[(scores["fold"] == BAGGED) & (scores["estimate"] == FROZEN)]
    scores = scores.assign(feature_set=scores["target"], score=log_odds(scores["probability"]))
    level = result.config.evaluation.confidence_level
    return tuple(
        judge_subgroups(rows, values[column.column], column, result.thresholds[str(target)], level)
        for target, rows in scores.groupby("target", sort=False)
        if rows["outcome"].notna().any()
        for column in columns
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
            estimate = np.where(scores["cohort"] == TRAINING, APPARENT, FROZEN)
            parts.append(scores.assign(estimate=estimate, fold=str(item.fold)))
            progress("fold models", done + 1, len(bundle.folds))
    scores = pd.concat(parts, ignore_index=True)
    return pd.concat([scores, bag(scores, names)], ignore_index=True)
