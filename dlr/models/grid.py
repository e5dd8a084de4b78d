"""The model grid: every algorithm on one feature set, tuned and judged by inner cross-validation.

The selection chain is learnt once per inner fold and shared by all algorithms, so a grid costs
little more than its slowest classifier. Algorithms are ranked by the AUC of their decision values;
libsvm's own probabilities can contradict those and are never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from dlr.models.cases import TrainingData
from dlr.models.chain import ChainSettings, fit_selection
from dlr.models.classifiers import CLASSIFIERS, ClassifierSpec
from dlr.models.folds import grouped_folds
from dlr.models.frozen import FittedSelection
from dlr.models.resampling import resample
from dlr.stats import auc

Parameters = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class AlgorithmFit:
    """One algorithm on one feature set.

    Parameters
    ----------
    algorithm : str
    parameters : mapping
        The settings chosen from the algorithm's search space.
    inner_auc : float
        Mean AUC over the inner folds, of the chosen settings.
    inner_decisions : pandas.Series
        Decision value of each case by the inner fold that left it out.
    classifier : estimator
        Fitted on all cases given.
    training_spread : float
        SD of its decision values on those cases: nothing where it tells none of them apart.
    """

    algorithm: str
    parameters: Parameters
    inner_auc: float
    inner_decisions: pd.Series
    classifier: Any
    training_spread: float = inf


@dataclass(frozen=True, eq=False)
class GridFit:
    """All algorithms on one feature set of one training part."""

    feature_set: str
    selection: FittedSelection
    algorithms: Mapping[str, AlgorithmFit]


@dataclass(frozen=True, eq=False)
class _InnerFold:
    """Scaled, selected features of one inner fold: what is learnt on, and what is judged."""

    train: np.ndarray
    outcome: np.ndarray
    test: np.ndarray
    test_outcome: np.ndarray
    test_index: pd.Index


def fit_grid(
    feature_set: str,
    data: TrainingData,
    settings: ChainSettings,
    seed: int,
) -> GridFit:
    """Select features and fit every candidate algorithm, each with its best settings.

    Parameters
    ----------
    feature_set : str
    data : TrainingData
        With the columns of the feature set only.
    settings : ChainSettings
        ``settings.model.candidates`` are the algorithms, ``tune`` whether settings are searched.
    seed : int

    Returns
    -------
    GridFit
    """
    folds = grouped_folds(data.outcome, data.subjects, settings.model.inner_folds, seed)
    lenient = settings.lenient()
    inner = [_inner_fold(data, train, test, lenient, seed) for train, test in folds]
    selection = fit_selection(data, settings, seed)
    cases = selection.frozen.scaled(data.features, data.centers).to_numpy()
    labels = data.outcome.to_numpy()
    scaled, labels = resample(
        cases, labels, settings.model.resampling, seed, data.subjects.to_numpy()
    )
    algorithms = {}
    for key in settings.model.candidates:
        spec = CLASSIFIERS[key]
        search = spec.search if settings.model.tune else spec.search[:1]
        parameters, inner_auc, decisions = _best(spec, search, inner, seed)
        classifier = spec.make(seed, parameters).fit(scaled, labels)
        ordered = decisions.loc[data.features.index]
        spread = float(np.std(np.asarray(spec.score(classifier, cases), dtype=float)))
        algorithms[key] = AlgorithmFit(key, parameters, inner_auc, ordered, classifier, spread)
    return GridFit(feature_set, selection, algorithms)


def _inner_fold(
    data: TrainingData, train: np.ndarray, test: np.ndarray, settings: ChainSettings, seed: int
) -> _InnerFold:
    """Learn the chain on the fold's training part and apply it to both parts."""
    learnt, judged = data.take(train), data.take(test)
    frozen = fit_selection(learnt, settings, seed).frozen
    values, labels = resample(
        frozen.scaled(learnt.features, learnt.centers).to_numpy(),
        learnt.outcome.to_numpy(),
        settings.model.resampling,
        seed,
        learnt.subjects.to_numpy(),
    )
    return _InnerFold(
        values,
        labels,
        frozen.scaled(judged.features, judged.centers).to_numpy(),
        judged.outcome.to_numpy(),
        judged.features.index,
    )


def _best(
    spec: ClassifierSpec, search: tuple[Parameters, ...], inner: list[_InnerFold], seed: int
) -> tuple[Parameters, float, pd.Series]:
    """Return the settings with the best mean inner AUC; the first of equals."""
    best: tuple[Parameters, float, pd.Series] | None = None
    for parameters in search:
        parts, areas = [], []
        for fold in inner:
            classifier = spec.make(seed, parameters).fit(fold.train, fold.outcome)
            decision = np.asarray(spec.score(classifier, fold.test), dtype=float)
            parts.append(pd.Series(decision, fold.test_index, name="decision"))
            if np.ptp(fold.test_outcome) > 0:
                areas.append(auc(fold.test_outcome, decision).value)
        # Rounded, so that platforms that differ in the last digit choose alike.
        mean = round(float(np.mean(areas)), 10) if areas else 0.5
        if best is None or mean > best[1]:
            best = (parameters, mean, pd.concat(parts))
    if best is None:
        raise ValueError(f"the algorithm '{spec.key}' has no settings to try")
    return best
