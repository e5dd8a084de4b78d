"""The chain from features to what a classifier sees: gate, PCA, scaling, selection.

:func:`fit_selection` learns every step from the cases it is given and nothing else; inside
cross-validation the whole chain is fitted again in every fold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from dlr.config import StudyConfig
from dlr.features.table import block_of, is_deep
from dlr.models.cases import TrainingData
from dlr.models.deep_pca import DeepPCA
from dlr.models.frozen import FittedSelection, FrozenSelection, is_component, missing_marks
from dlr.models.harmonisation import ComBat
from dlr.results import LassoPath
from dlr.selection import (
    AgreementFilter,
    ConstantFilter,
    FcmSelector,
    LassoSelector,
    MannWhitneyFilter,
    PublishedLasso,
    SpearmanFilter,
)
from dlr.settings import AgreementSettings, HarmonisationSettings, ModelSettings, SelectionSettings
from dlr.stats import icc_table

MINIMUM_DOUBLE_READ = 3
"""Fewer double-read cases than this give no ICC; the gate is then left out, and says so."""


@dataclass(frozen=True)
class ChainSettings:
    """What a chain is made of, taken from the study's settings.

    Parameters
    ----------
    components : int, None or "study"
        PCA components of this feature set; ``"study"``: those of `model`.
    stability : pandas.Series, optional
        ICC of each feature over perturbed ROIs, where no second reader exists.
    """

    selection: SelectionSettings
    model: ModelSettings
    agreement: AgreementSettings | None = None
    harmonisation: HarmonisationSettings | None = None
    components: int | str | None = "study"
    stability: pd.Series | None = field(default=None, compare=False)

    @classmethod
    def of(cls, config: StudyConfig, stability: pd.Series | None = None) -> ChainSettings:
        """Take the settings of a study."""
        return cls(
            config.selection,
            config.model,
            config.agreement,
            config.harmonisation,
            stability=stability,
        )

    def lenient(self) -> ChainSettings:
        """Return the settings for folds: a centre too small to be in every fold stops nothing."""
        harmonisation = self.harmonisation
        if harmonisation is None or harmonisation.unseen != "fail":
            return self
        return replace(self, harmonisation=harmonisation.model_copy(update={"unseen": "skip"}))

    @property
    def n_components(self) -> int | None:
        """PCA components per deep block, or None."""
        return self.model.components if isinstance(self.components, str) else self.components


@dataclass
class _Record:
    """How many features each step left, and which steps fell back."""

    steps: list[tuple[str, int]]
    fallbacks: list[str]

    def keep(self, name: str, selector: Any, X: pd.DataFrame, outcome: pd.Series) -> pd.DataFrame:
        """Fit one selector, note how many features it leaves, and apply it."""
        kept = selector.fit(X, outcome.to_numpy()).transform(X)
        self.steps.append((name, kept.shape[1]))
        if getattr(selector, "fallback_", False):
            self.fallbacks.append(name)
        return kept


def fit_selection(data: TrainingData, settings: ChainSettings, seed: int) -> FittedSelection:
    """Learn a chain from training cases.

    Parameters
    ----------
    data : TrainingData
    settings : ChainSettings
    seed : int
        Draws the folds of the LASSO.

    Returns
    -------
    FittedSelection
    """
    record = _Record([("extracted", data.features.shape[1])], [])
    start = _scaled(data, settings, record)
    X, lasso = _select(start.X, data, settings, record, seed)
    selected = tuple(str(column) for column in X.columns)
    coefficients = pd.Series(0.0, index=list(selected))
    if lasso is not None:
        coefficients = lasso.coefficients_.reindex(list(selected))
    frozen = FrozenSelection(
        selected,
        start.median.reindex(list(selected)).fillna(0.0),
        start.mean[list(selected)],
        start.scale[list(selected)],
        *_components(start.pca, selected),
    )
    if start.combat is not None and settings.harmonisation is not None:
        needed = start.combat.subset(list(frozen.input_columns))
        frozen = FrozenSelection(
            **{**vars(frozen), "harmonisation": needed, "unseen": settings.harmonisation.unseen}
        )
    path = None if lasso is None else _lasso_path(lasso)
    return FittedSelection(frozen, tuple(record.steps), coefficients, path, tuple(record.fallbacks))


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Features as the selection meets them, and what brought them there."""

    X: pd.DataFrame
    median: pd.Series
    mean: pd.Series
    scale: pd.Series
    combat: ComBat | None
    pca: DeepPCA | None


def _scaled(data: TrainingData, settings: ChainSettings, record: _Record) -> _Scaled:
    """Gate, harmonise, fill, reduce and scale the features."""
    X, median, combat = _filled(data, settings, record)
    pca = None
    if settings.n_components is not None and any(is_deep(c) for c in X.columns):
        pca = DeepPCA(settings.n_components).fit(X)
        X = pca.transform(X)
        record.steps.append(("PCA of deep features", X.shape[1]))
    X = record.keep("constant columns removed", ConstantFilter(), X, data.outcome)
    scaler = StandardScaler().fit(X.to_numpy())
    mean, scale = pd.Series(scaler.mean_, X.columns), pd.Series(scaler.scale_, X.columns)
    scaled = pd.DataFrame((X.to_numpy() - scaler.mean_) / scaler.scale_, X.index, X.columns)
    return _Scaled(scaled, median, mean, scale, combat, pca)


def _filled(
    data: TrainingData, settings: ChainSettings, record: _Record
) -> tuple[pd.DataFrame, pd.Series, ComBat | None]:
    """Gate and harmonise the features and fill their holes; return what fills them, too."""
    # The gate comes first: both readers' values are as measured, not yet harmonised.
    gated = _gate(data.features, data.second_reader, settings, record)
    gated, combat = _harmonised(gated, data, settings.harmonisation, record)
    measured = [c for c in gated.columns if not is_deep(c)]
    median = gated[measured].median().fillna(0.0)
    # As one array: pandas would fill thousands of columns one by one.
    values, known = gated.to_numpy(dtype=float), median.reindex(gated.columns).to_numpy()
    X = pd.DataFrame(np.where(np.isnan(values), known, values), gated.index, gated.columns)
    if settings.model.missing_indicators:
        holes = [c for c in measured if gated[c].isna().any()]
        X = pd.concat([X, missing_marks(gated, holes)], axis=1)
    return X, median, combat


def features_before_components(data: TrainingData, settings: ChainSettings) -> pd.DataFrame:
    """Return the training cases' features as the PCA of the deep ones meets them."""
    return _filled(data, settings, _Record([], []))[0]


def redundancy_removal(
    data: TrainingData, settings: ChainSettings
) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """Return the scaled features that the redundancy filter meets, and the names it keeps.

    None where the study has no such filter. The steps before it are learnt on `data`, as
    :func:`fit_selection` does.
    """
    if settings.selection.spearman is None:
        return None
    record = _Record([], [])
    X = _alone(_scaled(data, settings, record).X, data.outcome, settings.selection, record)
    redundancy = SpearmanFilter(settings.selection.spearman, settings.selection.redundancy)
    kept = redundancy.fit(X, data.outcome.to_numpy()).transform(X)
    return X, tuple(str(name) for name in kept.columns)


def _harmonised(
    features: pd.DataFrame,
    data: TrainingData,
    settings: HarmonisationSettings | None,
    record: _Record,
) -> tuple[pd.DataFrame, ComBat | None]:
    """Bring the training centres together; a single centre leaves nothing to do."""
    if settings is None or data.centers is None:
        return features, None
    if data.centers.nunique() < 2:
        record.fallbacks.append("ComBat (one training centre)")
        return features, None
    covariates = data.clinical[list(settings.covariates)] if settings.covariates else None
    combat = ComBat(reference=settings.reference)
    combat.fit(features, data.centers, covariates, data.outcome)
    # Without covariates, as new cases will be scored.
    return combat.transform(features, data.centers, policy="fail"), combat


def _gate(
    features: pd.DataFrame,
    second_reader: pd.DataFrame,
    settings: ChainSettings,
    record: _Record,
) -> pd.DataFrame:
    """Drop the measured features on which two readers' (or perturbed) ROIs disagree."""
    agreement = settings.agreement
    if agreement is None:
        return features
    columns = [c for c in features.columns if not is_deep(c)]
    if not columns:
        return features
    icc = settings.stability
    if icc is None:
        both = features.index.intersection(second_reader.index)
        if len(both) < MINIMUM_DOUBLE_READ:
            record.fallbacks.append(f"ICC gate (only {len(both)} double-read cases)")
            return features
        table = icc_table(
            features.loc[both, columns], second_reader.loc[both, columns], form=agreement.form
        ).to_frame()
        icc = table["icc" if agreement.bound == "estimate" else "low"]
    gate = AgreementFilter(icc.reindex(columns), agreement.threshold, unknown="keep")
    gate.fit(features)
    kept = features.loc[:, gate.get_support()]
    record.steps.append((f"ICC > {agreement.threshold:g}", kept.shape[1]))
    if gate.fallback_:
        record.fallbacks.append("ICC gate")
    return kept


def _select(
    X: pd.DataFrame, data: TrainingData, settings: ChainSettings, record: _Record, seed: int
) -> tuple[pd.DataFrame, LassoSelector | PublishedLasso | None]:
    """FCM, Mann-Whitney, Spearman, LASSO; each may be left out."""
    chosen, outcome = settings.selection, data.outcome
    X = _alone(X, outcome, chosen, record)
    if chosen.spearman is not None:
        name = f"Spearman |rho| <= {chosen.spearman:g}"
        X = record.keep(name, SpearmanFilter(chosen.spearman, chosen.redundancy), X, outcome)
    if chosen.lasso is None:
        return X, None
    lasso: LassoSelector | PublishedLasso
    if chosen.lasso.convention == "published":
        lasso = PublishedLasso(chosen.lasso.folds).fit(X, outcome.to_numpy())
        name = "LASSO (linear, as published)"
    else:
        lasso = LassoSelector(
            family=chosen.lasso.family,
            rule=chosen.lasso.rule,
            folds=chosen.lasso.folds,
            random_state=seed,
        )
        lasso.fit(X, outcome.to_numpy(), groups=data.subjects.to_numpy())
        name = f"LASSO ({chosen.lasso.family}, {chosen.lasso.rule})"
    kept = lasso.transform(X)
    record.steps.append((name, kept.shape[1]))
    if lasso.fallback_:
        record.fallbacks.append("LASSO")
    return kept, lasso


def _alone(
    X: pd.DataFrame, outcome: pd.Series, chosen: SelectionSettings, record: _Record
) -> pd.DataFrame:
    """Apply the filters that look at one feature at a time."""
    if chosen.fcm is not None:
        fcm = FcmSelector(
            fisher=chosen.fcm.fisher,
            poe_acc=chosen.fcm.poe_acc,
            mutual_information=chosen.fcm.mutual_information,
        )
        X = record.keep("Fisher, POE+ACC and mutual information", fcm, X, outcome)
    if chosen.mann_whitney_p is not None:
        name = f"Mann-Whitney p < {chosen.mann_whitney_p:g}"
        X = record.keep(name, MannWhitneyFilter(chosen.mann_whitney_p), X, outcome)
    return X


def _components(
    pca: DeepPCA | None, selected: tuple[str, ...]
) -> tuple[dict[str, tuple[str, ...]], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Keep only the loadings of the components that were selected."""
    columns: dict[str, tuple[str, ...]] = {}
    means: dict[str, np.ndarray] = {}
    components: dict[str, np.ndarray] = {}
    if pca is None:
        return columns, means, components
    for block, decomposition in pca.decompositions_.items():
        chosen = [n for n in selected if is_component(n) and block_of(n) == block]
        if not chosen:
            continue
        rows = [int(name.split("pca")[-1]) - 1 for name in chosen]
        columns[block] = tuple(str(column) for column in pca.blocks_[block])
        means[block] = decomposition.mean_
        components[block] = decomposition.components_[rows]
    return columns, means, components


def _lasso_path(lasso: LassoSelector | PublishedLasso) -> LassoPath:
    return LassoPath(
        features=tuple(str(name) for name in lasso.feature_names_in_),
        lambdas=lasso.lambdas_,
        coefficients=lasso.coefficient_path_,
        cv_mean=lasso.cv_mean_,
        cv_sd=lasso.cv_sd_,
        lambda_min=lasso.lambda_min_,
        lambda_1se=lasso.lambda_1se_,
        lambda_used=lasso.lambda_,
    )
