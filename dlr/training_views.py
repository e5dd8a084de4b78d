"""What only pictures of the training cohort need: small results beside the models themselves.

Everything here is computed on training cases alone. Nothing of it decides anything, and nothing
of it is judged on another cohort; the captions of the report say which way each number flatters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from dlr.case_views import chart_frame
from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.feature_clusters import FeatureClusters, feature_clusters
from dlr.features.table import block_of, is_deep
from dlr.models.cases import TrainingData, groups_of
from dlr.models.chain import ChainSettings, features_before_components, redundancy_removal
from dlr.models.clinical import DLR_SCORE, ClinicalModel, fit_clinical, single_scores
from dlr.models.crossfit import FinalModels
from dlr.models.feature_sets import FeatureSet, feature_sets
from dlr.models.published_recipe import published_settings
from dlr.stats import CalibrationBootstrap, RocCurve, calibration_bootstrap, roc_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_RESAMPLES = 200
"""Of the corrected calibration curve, as rms and its users take."""


@dataclass(frozen=True, eq=False)
class RedundancyView:
    """What the redundancy filter met and what it kept, for one feature set.

    Parameters
    ----------
    feature_set : str
    values : pandas.DataFrame of float32, shape (n_training, n_before)
        Scaled features before.
    kept : tuple of str
        Columns that were kept.
    """

    feature_set: str
    values: pd.DataFrame
    kept: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ComponentsView:
    """Principal components of one block of deep features.

    Parameters
    ----------
    block : str
        View and family, such as ``"sag.dl"``.
    explained : ndarray, shape (n_components,)
        Share of the variance of every component there is, largest first.
    kept : int
        How many the models were offered.
    """

    block: str
    explained: NDArray[np.float64]
    kept: int


@dataclass(frozen=True, eq=False)
class NomogramCalibration:
    """The nomogram's calibration on its training cases, apparent and corrected for optimism.

    Parameters
    ----------
    bootstrap : CalibrationBootstrap
        Refits the nomogram's regression, with the clinical variables and the image score as they
        are: what choosing them cost is not in the correction.
    predicted : ndarray, shape (n_training,)
        Apparent probabilities.
    """

    bootstrap: CalibrationBootstrap
    predicted: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainingViews:
    """Pictures of the training cohort; a part is None or empty where it does not apply.

    Parameters
    ----------
    redundancy : RedundancyView or None
        Of the feature set whose score enters the nomogram.
    components : tuple of ComponentsView
        One per block of deep features.
    calibration : NomogramCalibration or None
    nomogram_cases : pandas.DataFrame or None
        The nomogram's variables of every training case, without case numbers.
    clusters : mapping of str to FeatureClusters
        By block of features: one per view, deep ones where there are any.
    clinical_roc : mapping of str to RocCurve
        By clinical variable alone, apparent.
    """

    redundancy: RedundancyView | None = None
    components: tuple[ComponentsView, ...] = ()
    calibration: NomogramCalibration | None = None
    nomogram_cases: pd.DataFrame | None = None
    clusters: Mapping[str, FeatureClusters] = field(default_factory=dict)
    clinical_roc: Mapping[str, RocCurve] = field(default_factory=dict)


def training_views(
    data: TrainingData,
    models: FinalModels,
    config: StudyConfig,
    stability: pd.Series | None = None,
) -> TrainingViews:
    """Collect what the report draws of the training cohort.

    Parameters
    ----------
    data : TrainingData
    models : FinalModels
        Learnt on these cases.
    config : StudyConfig
    stability : pandas.Series, optional
        ICC of each feature over perturbed ROIs, for the gate.
    """
    published = config.protocol == "published"
    settings = (
        published_settings(config, stability) if published else ChainSettings.of(config, stability)
    )
    chosen = _early_set(feature_sets(list(data.features.columns), config), models.nomogram_score)
    own = data.with_columns(list(chosen.columns))
    settings = replace(settings, components=chosen.components)
    return TrainingViews(
        redundancy=_redundancy(own, chosen.name, settings),
        components=_components(own, settings),
        calibration=_calibration(data, models, config),
        nomogram_cases=_nomogram_cases(data, models),
        clusters=_clusters(data),
        clinical_roc=_clinical_roc(data, config),
    )


def _early_set(sets: Mapping[str, FeatureSet], name: str) -> FeatureSet:
    """Return a set with columns of its own; of a late fusion its widest member."""
    chosen = sets[name]
    if not chosen.members:
        return chosen
    return max((sets[member] for member in chosen.members), key=lambda item: len(item.columns))


def _redundancy(data: TrainingData, name: str, settings: ChainSettings) -> RedundancyView | None:
    found = redundancy_removal(data, settings)
    if found is None:
        return None
    return RedundancyView(name, found[0].astype(np.float32), found[1])


def _components(data: TrainingData, settings: ChainSettings) -> tuple[ComponentsView, ...]:
    """Return the whole spectrum of each block, of which the models keep the first part."""
    if settings.n_components is None or not any(is_deep(c) for c in data.features.columns):
        return ()
    X = features_before_components(data, settings)
    blocks: dict[str, list[str]] = {}
    for column in filter(is_deep, X.columns):
        blocks.setdefault(block_of(column), []).append(column)
    found = []
    for block, columns in blocks.items():
        values = X[columns].to_numpy()
        sizes = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
        if sizes.sum() > 0:
            sizes = sizes[: min(len(values) - 1, len(columns))]
            kept = min(settings.n_components, len(sizes))
            found.append(ComponentsView(block, sizes / sizes.sum(), kept))
    return tuple(found)


def _nomogram_cases(data: TrainingData, models: FinalModels) -> pd.DataFrame | None:
    if models.nomogram is None:
        return None
    score = models.signatures[models.nomogram_score].inner_scores
    return chart_frame(models.nomogram, data.clinical, score).reset_index(drop=True)


def _calibration(
    data: TrainingData, models: FinalModels, config: StudyConfig
) -> NomogramCalibration | None:
    """Refit the nomogram on resamples; None where it predicts (nearly) the same for everyone."""
    resamples = min(config.evaluation.bootstrap, MOST_RESAMPLES)
    if models.nomogram is None or resamples < 1:
        return None
    score = models.signatures[models.nomogram_score].inner_scores
    X = data.clinical.assign(**{DLR_SCORE: score})
    names = models.nomogram.variables

    def fit(part: Any, outcome: Any) -> ClinicalModel:
        return fit_clinical(
            part.drop(columns=DLR_SCORE),
            pd.Series(outcome, part.index),
            names,
            config.clinical_variables,
            dlr_score=part[DLR_SCORE],
            penalised=config.clinical_model.method == "penalised",
            missing=config.clinical_model.missing,
        )

    def predict(model: ClinicalModel, part: Any) -> NDArray[np.float64]:
        scores = model.score(part.drop(columns=DLR_SCORE), part[DLR_SCORE])
        return np.asarray(expit(scores.to_numpy(dtype=float)))

    try:
        bootstrap = calibration_bootstrap(
            fit,
            predict,
            X,
            data.outcome,
            resamples,
            groups=groups_of(data.subjects),
            random_state=config.seed,
        )
    except DlrError:
        return None
    return NomogramCalibration(bootstrap, predict(models.nomogram, X))


def _clusters(data: TrainingData) -> dict[str, FeatureClusters]:
    """Cluster the cases by the first family of each view, deep ones where there are any."""
    blocks: dict[str, str] = {}
    for column in data.features.columns:
        view = block_of(column).split(".")[0]
        if view not in blocks or (is_deep(column) and not is_deep(f"{blocks[view]}.x")):
            blocks[view] = block_of(column)
    found = {}
    for block in blocks.values():
        columns = [c for c in data.features.columns if block_of(c) == block]
        try:
            found[block] = feature_clusters(data.features[columns], data.outcome)
        except DlrError:  # no feature varies, or hardly a case is there
            continue
    return found


def _clinical_roc(data: TrainingData, config: StudyConfig) -> dict[str, RocCurve]:
    scores = single_scores(data.clinical, data.outcome, config.clinical_variables)
    groups = groups_of(data.subjects)
    return {name: roc_curve(data.outcome, item, groups=groups) for name, item in scores.items()}
