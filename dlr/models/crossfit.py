"""Nested cross-validation of every feature set, the clinical model and the nomogram.

For each outer fold the whole chain is learnt on the other folds and judges the cases it never
saw. The nomogram of a fold is fitted on inner out-of-fold DLR scores of that fold's training
cases, so nothing in-sample feeds it. The final models are learnt the same way on all training
cases. Where several algorithms compete, each training part holds its own vote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.chain import ChainSettings
from dlr.models.classifiers import VoteResult, vote
from dlr.models.clinical import (
    ClinicalChoice,
    ClinicalModel,
    choose_variables,
    fit_clinical,
)
from dlr.models.feature_sets import CLINIC, NOMOGRAM, FeatureSet, feature_sets
from dlr.models.folds import Split, grouped_folds
from dlr.models.grid import GridFit, fit_grid
from dlr.models.signature import FittedSignature, fuse, signature_of
from dlr.progress import Progress
from dlr.workers import replaced_quietly

Grids = dict[str, GridFit]


@dataclass(frozen=True, eq=False)
class FinalModels:
    """The models learnt on one training part.

    Parameters
    ----------
    signatures : mapping of str to FittedSignature
    choice : ClinicalChoice or None
    clinic, nomogram : ClinicalModel or None
    vote : VoteResult
        Of the algorithms, by inner cross-validation.
    nomogram_score : str
        Feature set whose score enters the nomogram.
    """

    signatures: Mapping[str, FittedSignature]
    choice: ClinicalChoice | None
    clinic: ClinicalModel | None
    nomogram: ClinicalModel | None
    vote: VoteResult
    nomogram_score: str


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Final models, and out-of-fold scores of every feature set.

    Parameters
    ----------
    final : FinalModels
    out_of_fold : pandas.DataFrame
        Index ``case_id``, one column per feature set, log-odds.
    folds : pandas.Series
        Outer fold (from 1) whose models scored a case, indexed alike.
    selected : mapping of str to list of tuple of str
        Features selected in each outer fold, by feature set.
    chosen : list of tuple of str
        Clinical variables chosen in each outer fold.
    winners : tuple of str
        Algorithm voted for in each outer fold.
    algorithms : mapping of str to pandas.DataFrame
        Out-of-fold scores of every candidate algorithm, shaped like `out_of_fold`.
    grids : mapping of str to GridFit
        Every candidate algorithm fitted on all training cases.
    """

    final: FinalModels
    out_of_fold: pd.DataFrame
    folds: pd.Series
    selected: Mapping[str, list[tuple[str, ...]]]
    chosen: list[tuple[str, ...]]
    winners: tuple[str, ...] = ()
    algorithms: Mapping[str, pd.DataFrame] | None = None
    grids: Mapping[str, GridFit] | None = None

    @property
    def voted(self) -> tuple[str, ...]:
        """The algorithm of each outer fold, then of the final models."""
        return (*self.winners, self.final.vote.winner)


def cross_fit(
    data: TrainingData,
    config: StudyConfig,
    workers: int,
    progress: Progress,
    stability: pd.Series | None = None,
    only: str | None = None,
    voted: tuple[str, ...] = (),
) -> CrossFit:
    """Run the nested cross-validation and fit the final models.

    Parameters
    ----------
    data : TrainingData
    config : StudyConfig
    workers : int
        Processes; the numbers do not depend on it.
    progress : callable
    stability : pandas.Series, optional
        ICC of each feature over perturbed ROIs, for the gate.
    only : str, optional
        Fit this feature set (and, for a late fusion, its members) and no other.
    voted : tuple of str, optional
        The algorithm of each outer fold, then of the final models, instead of a vote; see
        :attr:`CrossFit.voted`.

    Returns
    -------
    CrossFit
    """
    splits = grouped_folds(data.outcome, data.subjects, config.model.folds, config.seed)
    parts = [data.take(train) for train, _ in splits] + [data]
    sets = feature_sets(list(data.features.columns), config)
    if only is not None:
        sets = {name: item for name, item in sets.items() if name in (only, *sets[only].members)}
    if voted:
        tried = {"algorithms": tuple(dict.fromkeys(voted))}
        config = config.model_copy(update={"model": config.model.model_copy(update=tried)})
    settings = ChainSettings.of(config, stability)
    grids = _fit_all(parts, sets, settings, config.seed, workers, progress)
    folds = [
        complete(part, grid, sets, config, winner)
        for part, grid, winner in zip(parts, grids, voted or ("",) * len(parts), strict=True)
    ]
    scores: list[pd.DataFrame] = []
    per_algorithm: dict[str, list[pd.DataFrame]] = {key: [] for key in config.model.candidates}
    for number, (_, test) in enumerate(splits):
        held_out = data.take(test)
        scores.append(score_all(folds[number], held_out))
        for key, tables in per_algorithm.items():
            tables.append(algorithm_scores(grids[number], key, parts[number], held_out))
    order = data.features.index
    return CrossFit(
        final=folds[-1],
        out_of_fold=pd.concat(scores).reindex(order),
        folds=_fold_numbers(splits, order),
        selected=_selected(grids[:-1]),
        chosen=[() if f.choice is None else f.choice.chosen for f in folds[:-1]],
        winners=tuple(f.vote.winner for f in folds[:-1]),
        algorithms={k: pd.concat(tables).reindex(order) for k, tables in per_algorithm.items()},
        grids=grids[-1],
    )


def _fold_numbers(splits: list[Split], cases: pd.Index) -> pd.Series:
    numbers = pd.Series(0, index=cases)
    for number, (_, test) in enumerate(splits, start=1):
        numbers.iloc[test] = number
    return numbers


def score_all(models: FinalModels, cases: TrainingData) -> pd.DataFrame:
    """Score cases with every model: one column per feature set, log-odds."""
    scores: dict[str, pd.Series] = {}
    if models.clinic is not None:
        scores[CLINIC] = models.clinic.score(cases.clinical)
    for name, fitted in models.signatures.items():
        scores[name] = fitted.signature.score(cases.features, cases.centers)
    if models.nomogram is not None:
        entering = scores[models.nomogram_score]
        scores[NOMOGRAM] = models.nomogram.score(cases.clinical, entering)
    return pd.DataFrame(scores, index=cases.features.index)


def algorithm_scores(
    grids: Grids, algorithm: str, learnt: TrainingData, judged: TrainingData
) -> pd.DataFrame:
    """Score cases with one algorithm on every feature set, whether or not it won the vote."""
    return pd.DataFrame(
        {
            name: signature_of(grid, algorithm, learnt.outcome).signature.score(
                judged.features, judged.centers
            )
            for name, grid in grids.items()
        }
    )


def _selected(grids: list[Grids]) -> dict[str, list[tuple[str, ...]]]:
    names = grids[0] if grids else {}
    return {name: [grid[name].selection.frozen.selected for grid in grids] for name in names}


def _fit_all(
    parts: list[TrainingData],
    sets: dict[str, FeatureSet],
    settings: ChainSettings,
    seed: int,
    workers: int,
    progress: Progress,
) -> list[Grids]:
    """Fit every feature set on every part; the work is spread over the workers."""
    early = [item for item in sets.values() if not item.members]
    jobs = [(number, item) for number in range(len(parts)) for item in early]
    progress("models", 0, len(jobs))
    parallel = Parallel(n_jobs=workers, return_as="generator")
    last = len(parts) - 1
    results = parallel(
        delayed(fit_set)(
            parts[number], item, settings if number == last else settings.lenient(), seed
        )
        for number, item in jobs
    )
    grids: list[Grids] = [{} for _ in parts]
    with replaced_quietly():
        for done, ((number, item), fitted) in enumerate(zip(jobs, results, strict=True), start=1):
            grids[number][item.name] = fitted
            progress("models", done, len(jobs))
    return grids


def fit_set(data: TrainingData, item: FeatureSet, settings: ChainSettings, seed: int) -> GridFit:
    """Fit all algorithms on one feature set of one training part."""
    chosen = replace(settings, components=item.components)
    # Sums in another order differ in the last digit: one thread, whatever the number of workers.
    with threadpool_limits(1):
        return fit_grid(item.name, data.with_columns(list(item.columns)), chosen, seed)


def complete(
    data: TrainingData,
    grids: Grids,
    sets: dict[str, FeatureSet],
    config: StudyConfig,
    winner: str = "",
) -> FinalModels:
    """Vote on the algorithm, or take a winner; add late fusions, clinical model and nomogram."""
    votes = vote(inner_areas(grids))
    if winner:
        votes = replace(votes, winner=winner)
    signatures = {n: signature_of(grid, votes.winner, data.outcome) for n, grid in grids.items()}
    for item in sets.values():
        if item.members:
            members = [signatures[name] for name in item.members]
            signatures[item.name] = fuse(item.name, members, item.fusion, data.outcome)
    return with_clinical(data, signatures, votes, config)


def inner_areas(grids: Mapping[str, GridFit]) -> pd.DataFrame:
    """Return the inner AUC of each feature set (rows) and algorithm (columns)."""
    return pd.DataFrame(
        {
            name: {key: fit.inner_auc for key, fit in grid.algorithms.items()}
            for name, grid in grids.items()
        }
    ).T


def with_clinical(
    data: TrainingData,
    signatures: Mapping[str, FittedSignature],
    votes: VoteResult,
    config: StudyConfig,
) -> FinalModels:
    """Add the clinical model and the nomogram to the scores of one part."""
    entering = config.model.nomogram_score
    if not config.clinical_variables:
        return FinalModels(signatures, None, None, None, votes, entering)
    choice = choose_variables(
        data.clinical, data.outcome, config.clinical_variables, config.clinical_model, data.subjects
    )
    clinic, nomogram = (
        fit_clinical(
            data.clinical,
            data.outcome,
            choice.chosen,
            config.clinical_variables,
            dlr_score=score,
            penalised=config.clinical_model.method == "penalised",
            missing=config.clinical_model.missing,
            subjects=data.subjects,
        )
        for score in (None, signatures[entering].inner_scores)
    )
    return FinalModels(signatures, choice, clinic, nomogram, votes, entering)
