"""The two protocols as one step: from training cases to models, scores and the model grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from dlr.config import StudyConfig
from dlr.models.audit import optimism_audit
from dlr.models.cases import TrainingData, groups_of
from dlr.models.classifiers import VoteResult
from dlr.models.crossfit import FinalModels, algorithm_scores, cross_fit, score_all
from dlr.models.grid import GridFit
from dlr.models.published_recipe import published_fit
from dlr.progress import Progress
from dlr.results import Estimate, ModelGrid, OptimismAudit
from dlr.stats import auc, roc_curve

TRAINING = "training"


@dataclass(frozen=True, eq=False)
class ProtocolRun:
    """What a protocol gives.

    Parameters
    ----------
    final : FinalModels
        Learnt on all training cases; what the bundle holds.
    training : mapping of estimate to pandas.DataFrame
        Scores of the training cases, the estimate that locks the thresholds first.
    external : mapping of str to pandas.DataFrame
        Scores of the other cohorts by the final models.
    grid : ModelGrid
    selected : mapping of str to list of tuple of str
        Features selected in each outer fold, by feature set; empty for the published protocol.
    folds : pandas.Series, optional
        Outer fold of each training case; the sound protocol only.
    audit : OptimismAudit, optional
    """

    final: FinalModels
    training: Mapping[Estimate, pd.DataFrame]
    external: Mapping[str, pd.DataFrame]
    grid: ModelGrid
    selected: Mapping[str, list[tuple[str, ...]]]
    folds: pd.Series | None = None
    audit: OptimismAudit | None = None


def run_protocol(
    data: TrainingData,
    externals: Mapping[str, TrainingData],
    config: StudyConfig,
    workers: int,
    progress: Progress,
    stability: pd.Series | None = None,
) -> ProtocolRun:
    """Run the protocol the study names.

    Parameters
    ----------
    data : TrainingData
        The training cohort.
    externals : mapping of str to TrainingData
        The other cohorts. The sound protocol only scores them, once; the published one also
        votes on the first of them.
    config : StudyConfig
    workers : int
    progress : callable
    stability : pandas.Series, optional
        ICC of each feature over perturbed ROIs, for the gate.

    Returns
    -------
    ProtocolRun
    """
    if config.protocol == "published":
        return _published(data, externals, config, progress, stability)
    return _sound(data, externals, config, workers, progress, stability)


def _sound(
    data: TrainingData,
    externals: Mapping[str, TrainingData],
    config: StudyConfig,
    workers: int,
    progress: Progress,
    stability: pd.Series | None,
) -> ProtocolRun:
    fit = cross_fit(data, config, workers, progress, stability)
    scores = {name: score_all(fit.final, cases) for name, cases in externals.items()}
    judged = known_outcomes(externals)
    areas = {TRAINING: _areas(fit.algorithms, data), **_external_areas(fit.grids, data, judged)}
    grid = _grid(areas, fit.final.vote, fit.grids, "training (inner folds)", fit.winners)
    grid = _with_curves(grid, fit.algorithms, data, config)
    audit = None
    if config.audit is not None:
        frozen = {name: scores[name].loc[judged[name].features.index] for name in judged}
        audit = optimism_audit(
            data,
            judged,
            config,
            fit.out_of_fold,
            frozen,
            fit.final.vote.winner,
            workers,
            progress,
            stability,
        )
    training: dict[Estimate, pd.DataFrame] = {
        "out-of-fold": fit.out_of_fold,
        "apparent": score_all(fit.final, data),
    }
    return ProtocolRun(fit.final, training, scores, grid, fit.selected, fit.folds, audit)


def _published(
    data: TrainingData,
    externals: Mapping[str, TrainingData],
    config: StudyConfig,
    progress: Progress,
    stability: pd.Series | None,
) -> ProtocolRun:
    progress("models", 0, 1)
    judged = known_outcomes(externals)
    fit = published_fit(data, judged, config, stability)
    progress("models", 1, 1)
    apparent = {
        key: algorithm_scores(dict(fit.grids), key, data, data) for key in config.model.candidates
    }
    areas = {TRAINING: _areas(apparent, data), **_external_areas(fit.grids, data, judged)}
    training: dict[Estimate, pd.DataFrame] = {
        "apparent": score_all(fit.final, data),
        "cross-validated": fit.cross_validated,
    }
    scores = {name: score_all(fit.final, cases) for name, cases in externals.items()}
    grid = _grid(areas, fit.final.vote, fit.grids, fit.judged_on, ())
    grid = _with_curves(grid, apparent, data, config)
    return ProtocolRun(fit.final, training, scores, grid, {})


def known_outcomes(cohorts: Mapping[str, TrainingData]) -> dict[str, TrainingData]:
    """Return the cohorts' cases with a known outcome, where both outcomes occur."""
    known = {}
    for name, cases in cohorts.items():
        rows = cases.outcome.notna().to_numpy().nonzero()[0]
        part = cases.take(rows)
        if part.outcome.nunique() == 2:
            known[name] = part
    return known


def _areas(scores: Mapping[str, pd.DataFrame] | None, cases: TrainingData) -> pd.DataFrame:
    """Return the AUC of each algorithm (rows) and feature set (columns)."""
    return pd.DataFrame(
        {
            key: {str(name): auc(cases.outcome, table[name]).value for name in table}
            for key, table in (scores or {}).items()
        }
    ).T


def _external_areas(
    grids: Mapping[str, GridFit] | None, data: TrainingData, judged: Mapping[str, TrainingData]
) -> dict[str, pd.DataFrame]:
    if not grids:
        return {}
    keys = next(iter(grids.values())).algorithms
    return {
        name: _areas({key: algorithm_scores(dict(grids), key, data, cases) for key in keys}, cases)
        for name, cases in judged.items()
    }


def _grid(
    areas: Mapping[str, pd.DataFrame],
    votes: VoteResult,
    grids: Mapping[str, GridFit] | None,
    judged_on: str,
    fold_winners: tuple[str, ...],
) -> ModelGrid:
    parameters = {
        name: dict(grid.algorithms[votes.winner].parameters) for name, grid in (grids or {}).items()
    }
    return ModelGrid(
        areas,
        votes.counts,
        votes.winner,
        judged_on,
        fold_winners,
        parameters,
        mean_auc=votes.mean_auc,
    )


def _with_curves(
    grid: ModelGrid,
    scores: Mapping[str, pd.DataFrame] | None,
    data: TrainingData,
    config: StudyConfig,
) -> ModelGrid:
    """Add the ROC curve of every algorithm on the feature set that feeds the nomogram."""
    tables = dict(scores or {})
    known = [str(name) for name in next(iter(tables.values()), pd.DataFrame()).columns]
    if not known:
        return grid
    # A late fusion is made of scores, not by an algorithm of the grid.
    name = config.model.nomogram_score if config.model.nomogram_score in known else known[-1]
    groups = groups_of(data.subjects)
    curves = {
        key: roc_curve(data.outcome, table[name], groups=groups) for key, table in tables.items()
    }
    return replace(grid, roc=curves, roc_set=name)
