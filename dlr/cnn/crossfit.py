"""The study: cross-validation by patient, thresholds locked, fold models bagged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dlr.cnn.bundle import CnnBundle
from dlr.cnn.cohort import CnnCohort
from dlr.cnn.distributed import Place, join_processes
from dlr.cnn.evaluation import (
    bag,
    evaluate_scores,
    fold_thresholds,
    honest_thresholds,
    long_scores,
    mean_over_pictures,
    with_thresholds,
)
from dlr.cnn.folds import FoldPlan, planned_folds, training_cases
from dlr.cnn.matching import Matching, matched_cases
from dlr.cnn.networks import CnnNetwork, build_classifier
from dlr.cnn.provenance import describe
from dlr.cnn.results import BAGGED, FROZEN, OUT_OF_FOLD, CnnResult, FoldModel
from dlr.cnn.scoring import number_table, score_pictures
from dlr.cnn.settings import CnnStudyConfig, candidates
from dlr.cnn.store import PictureStore, PreparedPictures, prepare_pictures
from dlr.cnn.tasks import make_targets, output_names
from dlr.cnn.training import TrainedNetwork, TrainingData, train_network
from dlr.errors import CaseError, DlrError
from dlr.features.cache import content_key
from dlr.progress import Progress, silent
from dlr.safe_files import staged


@dataclass(frozen=True, eq=False)
class CnnStudy:
    """A trained CNN study: its results and the frozen model."""

    result: CnnResult
    bundle: CnnBundle

    def save(self, out: str | Path) -> Path:
        """Write scores, tables, report and bundle; return the report's path."""
        from dlr.cnn.outputs import write_cnn_run

        folder = Path(out)
        with staged(folder, "cnn") as stage:
            self.bundle.save(stage / "bundle")
            report = write_cnn_run(self.result, stage)
        return folder / report.relative_to(stage)


def train_study(
    config: CnnStudyConfig,
    work: str | Path,
    workers: int = 1,
    progress: Progress = silent,
    *,
    place: Place | None = None,
    strict: bool = False,
) -> CnnStudy:
    """Run a whole CNN study.

    All pictures are read once; the training cohort is divided into folds by patient; in each fold
    a network learns on the others (a part of their patients set aside for stopping and for the
    grid), scores the fold, and scores the external cohorts. Scores of pictures are averaged to
    the case, scores of the fold models too (bagging).

    Parameters
    ----------
    config : CnnStudyConfig
    work : path
        Folder of prepared pictures and checkpoints; an interrupted study goes on from there.
    workers : int
        Processes that read pictures.
    progress : callable
        See :data:`dlr.features.extraction.Progress`.
    place : Place, optional
        This process among many; by default joins those that ``torchrun`` started.
    strict : bool
        Whether a picture that cannot be read is an error.

    Returns
    -------
    CnnStudy

    Raises
    ------
    InputError
        With every fault of the tables.
    CaseError
        If no picture can be read, or one cannot and `strict` is set.
    WeightsError
        If pretrained weights are not there.
    DlrError
        If the training diverges, or there are too few patients for folds, stopping or matching.
    """
    cohort = CnnCohort.load(config)
    if place is None:
        with join_processes(config.training.device) as joined:
            return _train(cohort, Path(work), workers, progress, joined, strict)
    return _train(cohort, Path(work), workers, progress, place, strict)


def _train(
    cohort: CnnCohort, work: Path, workers: int, progress: Progress, place: Place, strict: bool
) -> CnnStudy:
    quiet = progress if place.leads else silent
    if not place.leads:
        place.wait()  # the first process prepares the pictures, the others find them done
    prepared = prepare_pictures(cohort, work, workers, quiet)
    if place.leads:
        place.wait()
    if strict and len(prepared.failures):
        reasons = "\n".join(prepared.failures["reason"])
        raise CaseError(f"{len(prepared.failures)} picture(s) cannot be read:\n{reasons}")
    cohort = prepared.cohort
    plans = _planned(prepared)
    matching = matched_cases(cohort)
    stores = _stores(prepared, work, workers)
    models, parts = [], []
    for plan in plans:
        model, scores = _fold(plan, cohort, stores, place, work / "training", quiet)
        models.append(model)
        parts.append(scores)
    scores = pd.concat(parts, ignore_index=True)
    result = _result(prepared, plans, matching, tuple(models), scores)
    return CnnStudy(result, CnnBundle.of(result))


def _planned(prepared: PreparedPictures) -> list[FoldPlan]:
    """Divide the cases whose pictures can be read; look first whether they can be learnt from."""
    cohort = prepared.cohort
    cases = training_cases(cohort)
    failed = len(prepared.failures)
    for target in cohort.targets if failed else ():
        if cases[target].nunique() < 2:
            raise DlrError(
                f"{failed} picture(s) cannot be read, and the training cases that are left have "
                f"one class of '{target}' only; the first reason: "
                f"{prepared.failures['reason'].iloc[0]}"
            )
    return planned_folds(cohort.config, cases, cohort.targets)


def _stores(prepared: PreparedPictures, work: Path, workers: int) -> dict[int, PictureStore]:
    """Prepare the pictures in every size of the grid."""
    cohort, config = prepared.cohort, prepared.cohort.config
    stores = {config.pictures.size: prepared.store}
    for candidate in candidates(config):
        size = candidate.pictures.size
        if size not in stores:
            other = CnnCohort(candidate, cohort.cases, cohort.pictures)
            stores[size] = prepare_pictures(other, work, workers).store
    return stores


def _fold(
    plan: FoldPlan,
    cohort: CnnCohort,
    stores: dict[int, PictureStore],
    place: Place,
    folder: Path,
    progress: Progress,
) -> tuple[FoldModel, pd.DataFrame]:
    """Train the network of one fold and score the fold and the external cohorts."""
    config, number, held_out = cohort.config, plan.number, plan.held_out
    cases = training_cases(cohort)
    learning = cases.index.difference(held_out)
    rows = cohort.picture_rows(learning.difference(plan.stopping))
    targets = make_targets(cohort, rows)
    watched = cohort.picture_rows(plan.stopping)
    tried = []
    for index, candidate in enumerate(candidates(config)):
        data = TrainingData(stores[candidate.pictures.size], targets, rows, watched)
        key = _training_key(candidate, data)
        tried.append(
            _train_candidate(
                candidate, data, place, folder / key[:16], key, progress,
                f"fold {number}" + (f", candidate {index}" if index else ""),
            )
        )  # fmt: skip
    best = max(range(len(tried)), key=lambda i: np.nan_to_num(tried[i][1].best_value))
    chosen = candidates(config)[best]
    network, trained = tried[best]
    model = FoldModel(
        fold=number,
        config=chosen,
        state=trained.state,
        thresholds={},
        number_mean=tuple(map(float, targets.mean)),
        number_sd=tuple(map(float, targets.standard_deviation)),
        weights_name=network.weights_name,
        history=trained.history,
        best_epoch=trained.best_epoch,
        search=_search_table(candidates(config), [item[1] for item in tried]),
    )
    outside = cohort.cases.index.difference(cases.index)
    scored = cohort.picture_rows(held_out.union(outside))
    scores = score_pictures(
        network, cohort, stores[chosen.pictures.size], scored, targets, place, chosen
    )
    scores["estimate"] = np.where(scores["case_id"].isin(held_out), OUT_OF_FOLD, FROZEN)
    return model, scores.assign(fold=str(number))


def _train_candidate(
    config: CnnStudyConfig,
    data: TrainingData,
    place: Place,
    folder: Path,
    key: str,
    progress: Progress,
    stage: str,
) -> tuple[CnnNetwork, TrainedNetwork]:
    network = build_classifier(
        config.network, data.targets.n_outputs, config.pictures.size, config.seed
    )
    trained = train_network(
        network, data, config, place, folder, key=key, progress=progress, stage=stage
    )
    return network, trained


def _training_key(config: CnnStudyConfig, data: TrainingData) -> str:
    """Name a training by all that decides its outcome, so that no other checkpoint is taken up.

    The pictures by what they show, not by name: a corrected export has the same names.
    """
    about = config.model_dump(
        mode="json",
        include={"task", "augmentation", "network", "optimiser", "seed"},
    )
    pictures = config.pictures.model_dump(mode="json", exclude={"cache", "memory_mb"})
    training = config.training.model_dump(mode="json", exclude={"loaders", "tensorboard"})
    learnt = [*data.training.tolist(), *data.stopping.tolist()]
    seen = [data.store.digests[position] for position in learnt]
    labels = np.nan_to_num(data.targets.values, nan=-1).tolist()
    return content_key(
        about, pictures, training, seen, labels, data.training.tolist(), data.stopping.tolist()
    )


def _search_table(tried: list[CnnStudyConfig], trained: list[TrainedNetwork]) -> pd.DataFrame:
    rows = [
        {
            "optimiser": config.optimiser.name,
            "learning_rate": config.optimiser.learning_rate,
            "size": config.pictures.size,
            "batch_size": config.training.batch_size,
            "best_epoch": item.best_epoch,
            "value": item.best_value,
        }
        for config, item in zip(tried, trained, strict=True)
    ]
    return pd.DataFrame(rows)


def _result(
    prepared: PreparedPictures,
    plans: list[FoldPlan],
    matching: Matching,
    models: tuple[FoldModel, ...],
    scores: pd.DataFrame,
) -> CnnResult:
    cohort = prepared.cohort
    config, targets = cohort.config, cohort.targets
    names = output_names(config)
    frozen = scores[scores["estimate"] == FROZEN]
    if len(frozen):
        scores = pd.concat([scores, bag(frozen, names)], ignore_index=True)
    wide = mean_over_pictures(scores, names)
    long = long_scores(wide, cohort.cases, targets)
    held = long[long["estimate"] == OUT_OF_FOLD]
    own = fold_thresholds(held, targets)
    locked = {target: float(own[target].mean()) for target in targets}
    long.loc[held.index, "threshold"] = honest_thresholds(held)
    long = _lock(long, own, locked)
    models = tuple(
        _with_thresholds(model, {name: float(own.loc[str(model.fold), name]) for name in targets})  # type: ignore[arg-type]
        for model in models
    )
    level = config.evaluation.confidence_level
    performance = evaluate_scores(long, level, own)
    extra = [
        long[(long["fold"] == BAGGED) & long["case_id"].isin(index)].assign(cohort=name)
        for name, index in matching.cases.items()
        if len(index)
    ]
    if extra:
        performance = pd.concat(
            [performance, evaluate_scores(pd.concat(extra), level)], ignore_index=True
        )
    folds = pd.concat([pd.Series(plan.number, plan.held_out, name="fold") for plan in plans])
    return CnnResult(
        config=config,
        cases=cohort.cases,
        folds=folds.loc[training_cases(cohort).index],
        picture_scores=scores,
        case_scores=long,
        numbers=number_table(wide, cohort.cases, names[len(targets) :]),
        thresholds=locked,
        performance=performance,
        models=models,
        failures=prepared.failures,
        provenance=describe(models[0].weights_name),
        matching=matching.pairs,
    )


def _lock(long: pd.DataFrame, own: pd.DataFrame, locked: dict[str, float]) -> pd.DataFrame:
    """Give external rows the locked thresholds: of the fold, or their mean for the bagged."""
    frozen = long["estimate"] == FROZEN
    for fold in pd.unique(long.loc[frozen, "fold"]):
        here = frozen & (long["fold"] == fold)
        table = locked if fold == BAGGED else own.loc[fold].to_dict()
        long.loc[here, "threshold"] = with_thresholds(long[here], table)["threshold"]
    return long


def _with_thresholds(model: FoldModel, thresholds: dict[str, float]) -> FoldModel:
    return FoldModel(**{**vars(model), "thresholds": thresholds})
