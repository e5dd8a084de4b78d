"""Nested cross-validation of every feature set, the clinical model and the nomogram.

For each outer fold the whole chain is learnt on the other folds and judges the cases it never
saw. The nomogram of a fold is fitted on inner out-of-fold DLR scores of that fold's training
cases, so nothing in-sample feeds it. The final models are learnt the same way on all training
cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from dlr.config import StudyConfig
from dlr.features.table import DEEP, RADIOMICS
from dlr.models.chain import ChainSettings
from dlr.models.clinical import (
    ClinicalChoice,
    ClinicalModel,
    choose_variables,
    fit_clinical,
)
from dlr.models.folds import grouped_folds
from dlr.models.signature import FittedSignature, fit_signature

DLR, CLINIC, NOMOGRAM = "DLR", "Clinic", "Nomogram"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Training cases: features, clinical variables, outcome and subject, in the same row order."""

    features: pd.DataFrame
    clinical: pd.DataFrame
    outcome: pd.Series
    subjects: pd.Series
    second_reader: pd.DataFrame

    def take(self, positions: list[int]) -> TrainingData:
        """Return some of the cases."""
        return TrainingData(
            self.features.iloc[positions],
            self.clinical.iloc[positions],
            self.outcome.iloc[positions],
            self.subjects.iloc[positions],
            self.second_reader,
        )


@dataclass(frozen=True, eq=False)
class FinalModels:
    """The models learnt on all training cases."""

    signatures: Mapping[str, FittedSignature]
    choice: ClinicalChoice | None
    clinic: ClinicalModel | None
    nomogram: ClinicalModel | None


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Final models, and out-of-fold scores of every feature set.

    Parameters
    ----------
    final : FinalModels
    out_of_fold : pandas.DataFrame
        Index ``case_id``, one column per feature set, log-odds.
    selected : mapping of str to list of tuple of str
        Features selected in each outer fold, by feature set.
    chosen : list of tuple of str
        Clinical variables chosen in each outer fold.
    """

    final: FinalModels
    out_of_fold: pd.DataFrame
    selected: Mapping[str, list[tuple[str, ...]]]
    chosen: list[tuple[str, ...]]


def feature_sets(columns: list[str], views: list[str]) -> dict[str, list[str]]:
    """Name the feature sets of a study and the columns of each.

    Returns
    -------
    dict of str to list of str
        ``Rad_<view>`` and ``DL_<view>`` for each view that has them, and ``DLR``, their fusion.
    """
    sets: dict[str, list[str]] = {}
    for title, family in (("Rad", RADIOMICS), ("DL", DEEP)):
        for view in views:
            chosen = [c for c in columns if c.startswith(f"{view}.{family}.")]
            if chosen:
                sets[f"{title}_{view}"] = chosen
    sets[DLR] = list(columns)
    return sets


def cross_fit(
    data: TrainingData, config: StudyConfig, workers: int, progress: Progress
) -> CrossFit:
    """Run the nested cross-validation and fit the final models.

    Parameters
    ----------
    data : TrainingData
    config : StudyConfig
    workers : int
        Processes; the numbers do not depend on it.
    progress : callable

    Returns
    -------
    CrossFit
    """
    splits = grouped_folds(data.outcome, data.subjects, config.model.folds, config.seed)
    everything = list(range(len(data.outcome)))
    parts = [data.take(list(train)) for train, _ in splits] + [data.take(everything)]
    sets = feature_sets(list(data.features.columns), list(config.views))
    fits = _fit_all(parts, sets, config, workers, progress)
    out_of_fold = pd.DataFrame(index=data.features.index, columns=[], dtype=float)
    chosen = []
    for number, (_, test) in enumerate(splits):
        models = _complete(parts[number], fits[number], config)
        held_out = data.take(list(test))
        scores = score_all(models, held_out.features, held_out.clinical)
        for column in scores:
            out_of_fold.loc[scores.index, column] = scores[column]
        chosen.append(() if models.choice is None else models.choice.chosen)
    selected = {
        name: [fits[number][name].signature.chain.selected for number in range(len(splits))]
        for name in sets
    }
    final = _complete(parts[-1], fits[-1], config)
    return CrossFit(final, out_of_fold, selected, chosen)


def score_all(models: FinalModels, features: pd.DataFrame, clinical: pd.DataFrame) -> pd.DataFrame:
    """Score cases with every model: one column per feature set, log-odds."""
    scores: dict[str, pd.Series] = {}
    if models.clinic is not None:
        scores[CLINIC] = models.clinic.score(clinical)
    for name, fitted in models.signatures.items():
        scores[name] = fitted.signature.score(features)
    if models.nomogram is not None:
        scores[NOMOGRAM] = models.nomogram.score(clinical, scores[DLR])
    return pd.DataFrame(scores, index=features.index)


def _fit_all(
    parts: list[TrainingData],
    sets: dict[str, list[str]],
    config: StudyConfig,
    workers: int,
    progress: Progress,
) -> list[dict[str, FittedSignature]]:
    """Fit every feature set on every part; the work is spread over the workers."""
    settings = ChainSettings(config.selection, config.model, config.agreement)
    jobs = [(number, name) for number in range(len(parts)) for name in sets]
    total = len(jobs)
    progress("models", 0, total)
    parallel = Parallel(n_jobs=workers, return_as="generator")
    results = parallel(
        delayed(_fit_one)(parts[number], name, sets[name], settings, config.seed)
        for number, name in jobs
    )
    fits: list[dict[str, FittedSignature]] = [{} for _ in parts]
    for done, ((number, name), fitted) in enumerate(zip(jobs, results, strict=True), start=1):
        fits[number][name] = fitted
        progress("models", done, total)
    return fits


def _fit_one(
    data: TrainingData, name: str, columns: list[str], settings: ChainSettings, seed: int
) -> FittedSignature:
    second = data.second_reader.reindex(columns=columns)
    # Sums in another order differ in the last digit: one thread, whatever the number of workers.
    with threadpool_limits(1):
        return fit_signature(
            name, data.features[columns], data.outcome, data.subjects, settings, second, seed
        )


def _complete(
    data: TrainingData, signatures: dict[str, FittedSignature], config: StudyConfig
) -> FinalModels:
    """Add the clinical model and the nomogram to the scores of one part."""
    if not config.clinical_variables:
        return FinalModels(signatures, None, None, None)
    choice = choose_variables(
        data.clinical, data.outcome, config.clinical_variables, config.clinical_model
    )
    clinic = fit_clinical(data.clinical, data.outcome, choice.chosen, config.clinical_variables)
    nomogram = fit_clinical(
        data.clinical,
        data.outcome,
        choice.chosen,
        config.clinical_variables,
        dlr_score=signatures[DLR].inner_scores,
    )
    return FinalModels(signatures, choice, clinic, nomogram)
