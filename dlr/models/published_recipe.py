"""The field's published recipe, as system 1 describes it, faithfully and in one place.

Its numbers flatter, at every step: features are selected on all training cases before anything is
cross-validated, the selection's folds are unshuffled and ignore who a case belongs to, the DLR
score enters the nomogram in-sample, and the algorithm is voted on by looking at the cohort that
judges it. dlr runs it on request, and beside its own protocol in the optimism audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from dlr.config import StudyConfig
from dlr.models.cases import TrainingData
from dlr.models.chain import ChainSettings, fit_selection
from dlr.models.classifiers import CLASSIFIERS, vote
from dlr.models.crossfit import FinalModels, inner_areas, with_clinical
from dlr.models.feature_sets import FeatureSet, feature_sets
from dlr.models.frozen import FittedSelection
from dlr.models.grid import AlgorithmFit, GridFit
from dlr.models.signature import fuse, platt_line, signature_of
from dlr.stats import auc

FOLDS = 5
"""Of the recipe's cross-validation, unshuffled."""


@dataclass(frozen=True, eq=False)
class PublishedFit:
    """What the published recipe gives.

    Parameters
    ----------
    final : FinalModels
        The nomogram is fitted on in-sample DLR scores.
    cross_validated : pandas.DataFrame
        Scores of the training cases, by classifiers that left them out behind a selection that
        did not; log-odds, one column per feature set.
    grids : mapping of str to GridFit
        Its ``inner_auc`` is that of the cohort the vote looked at; its ``inner_decisions`` are
        in-sample.
    judged_on : str
        Cohort the vote looked at; ``"training"`` where there is no other.
    """

    final: FinalModels
    cross_validated: pd.DataFrame
    grids: Mapping[str, GridFit]
    judged_on: str


def published_settings(config: StudyConfig, stability: pd.Series | None = None) -> ChainSettings:
    """Return the recipe's chain: the study's thresholds, the published steps.

    Redundancy is removed in the order of the columns, and the LASSO is scikit-learn's linear one
    on 0/1 outcomes with unshuffled folds (see :class:`dlr.selection.PublishedLasso`).
    """
    selection = config.selection
    lasso = selection.lasso
    if lasso is not None:
        lasso = lasso.model_copy(
            update={"family": "gaussian", "rule": "min", "convention": "published"}
        )
    selection = selection.model_copy(update={"redundancy": "published", "lasso": lasso})
    settings = ChainSettings.of(config, stability)
    return replace(settings, selection=selection)


def published_fit(
    data: TrainingData,
    externals: Mapping[str, TrainingData],
    config: StudyConfig,
    stability: pd.Series | None = None,
) -> PublishedFit:
    """Run the published recipe on the training cases.

    Parameters
    ----------
    data : TrainingData
    externals : mapping of str to TrainingData
        Evaluated cohorts with known outcomes; the first one decides the vote.
    config : StudyConfig
    stability : pandas.Series, optional

    References
    ----------
    Fan et al., Deep-learning-based radiomics to predict surgical risk factors for lumbar disc
    herniation in young patients, J Multidiscip Healthc (2024): the recipe.
    """
    sets = feature_sets(list(data.features.columns), config)
    settings = published_settings(config, stability)
    judged_on, judge = next(iter(externals.items()), ("training", data))
    grids = {
        item.name: published_grid(data, judge, item, settings, config.seed)
        for item in sets.values()
        if not item.members
    }
    votes = vote(inner_areas(grids))
    signatures = {n: signature_of(grid, votes.winner, data.outcome) for n, grid in grids.items()}
    for item in sets.values():
        if item.members:
            members = [signatures[name] for name in item.members]
            signatures[item.name] = fuse(item.name, members, item.fusion, data.outcome)
    final = with_clinical(data, signatures, votes, config)
    cross_validated = pd.DataFrame(
        {
            name: leaky_scores(grid.selection, votes.winner, data, config.seed)
            for name, grid in grids.items()
        }
    )
    return PublishedFit(final, cross_validated, grids, judged_on)


def published_grid(
    data: TrainingData,
    judge: TrainingData,
    item: FeatureSet,
    settings: ChainSettings,
    seed: int,
) -> GridFit:
    """Select features on all training cases and fit every algorithm on all of them."""
    columns = list(item.columns)
    own = data.with_columns(columns)
    with threadpool_limits(1):
        selection = fit_selection(own, replace(settings, components=item.components), seed)
        scaled = selection.frozen.scaled(own.features, own.centers).to_numpy()
        judged = selection.frozen.scaled(judge.features, judge.centers).to_numpy()
        algorithms = {}
        for key in settings.model.candidates:
            spec = CLASSIFIERS[key]
            classifier = spec.make(seed).fit(scaled, data.outcome.to_numpy())
            decisions = pd.Series(spec.score(classifier, scaled), own.features.index)
            area = auc(judge.outcome, spec.score(classifier, judged)).value
            algorithms[key] = AlgorithmFit(key, {}, area, decisions, classifier)
    return GridFit(item.name, selection, algorithms)


def leaky_scores(
    selection: FittedSelection, algorithm: str, data: TrainingData, seed: int
) -> pd.Series:
    """Cross-validate the classifier behind a selection that has seen every case."""
    spec = CLASSIFIERS[algorithm]
    labels = data.outcome.to_numpy()
    scaled = selection.frozen.scaled(data.features, data.centers).to_numpy()
    folds = min(FOLDS, int(np.bincount(labels).min()))
    values = np.empty(len(labels))
    with threadpool_limits(1):
        for train, test in StratifiedKFold(folds).split(scaled, labels):
            classifier = spec.make(seed).fit(scaled[train], labels[train])
            values[test] = spec.score(classifier, scaled[test])
    decisions = pd.Series(values, data.features.index)
    intercept, slope = platt_line(decisions, data.outcome)
    return intercept + slope * decisions
