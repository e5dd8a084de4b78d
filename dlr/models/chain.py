"""The chain from features to a classifier: gate, PCA, scaling, selection, classification.

:func:`fit_chain` learns every step from the cases it is given and nothing else; inside
cross-validation the whole chain is fitted again in every fold. What it returns is reduced to the
numbers that scoring needs, so a frozen model is small, readable and refits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from dlr.config import AgreementSettings, ModelSettings, SelectionSettings
from dlr.errors import DlrError
from dlr.features.table import RADIOMICS
from dlr.models.classifiers import make_classifier
from dlr.models.deep_pca import DeepPCA
from dlr.results import LassoPath
from dlr.selection import (
    AgreementFilter,
    ConstantFilter,
    LassoSelector,
    MannWhitneyFilter,
    SpearmanFilter,
)
from dlr.stats import icc_table

MINIMUM_DOUBLE_READ = 3
"""Fewer double-read cases than this give no ICC; the gate is then left out, and says so."""


@dataclass(frozen=True)
class ChainSettings:
    """What a chain is made of, taken from the study's settings."""

    selection: SelectionSettings
    model: ModelSettings
    agreement: AgreementSettings | None


@dataclass(frozen=True, eq=False)
class FrozenChain:
    """A fitted chain, reduced to what scoring needs.

    Parameters
    ----------
    selected : tuple of str
        Features that reach the classifier; ``<view>.dl.pca<nn>`` are principal components.
    median, mean, scale : pandas.Series
        By selected feature: what replaces a missing value, and the Z-score's mean and SD, all
        from the training cases.
    deep_columns : mapping of str to tuple of str
        Deep features each view's components are made of.
    pca_mean : mapping of str to array of shape (n_deep,)
    pca_components : mapping of str to array of shape (n_selected_components, n_deep)
    classifier : estimator
        Fitted, with ``decision_function``.
    """

    selected: tuple[str, ...]
    median: pd.Series
    mean: pd.Series
    scale: pd.Series
    deep_columns: Mapping[str, tuple[str, ...]]
    pca_mean: Mapping[str, np.ndarray]
    pca_components: Mapping[str, np.ndarray]
    classifier: Any

    @property
    def input_columns(self) -> tuple[str, ...]:
        """Columns of the feature table the chain needs."""
        direct = [name for name in self.selected if not is_component(name)]
        deep = [column for columns in self.deep_columns.values() for column in columns]
        return (*direct, *deep)

    def values(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the selected features of each case, missing ones imputed, not yet scaled.

        Raises
        ------
        DlrError
            If a needed column is absent.
        """
        absent = [column for column in self.input_columns if column not in features]
        if absent:
            raise DlrError(
                f"{len(absent)} features the model needs are absent, the first is '{absent[0]}'; "
                "extract with the settings stored in the bundle"
            )
        direct = [name for name in self.selected if not is_component(name)]
        parts = [features[direct]]
        for view, columns in self.deep_columns.items():
            names = [n for n in self.selected if is_component(n) and n.split(".")[0] == view]
            centred = features[list(columns)].to_numpy() - self.pca_mean[view]
            scores = centred @ self.pca_components[view].T
            parts.append(pd.DataFrame(scores, index=features.index, columns=names))
        return pd.concat(parts, axis=1)[list(self.selected)].fillna(self.median)

    def decision(self, features: pd.DataFrame) -> pd.Series:
        """Return the classifier's decision value of each case; higher means positive."""
        scaled = (self.values(features) - self.mean) / self.scale
        decision = self.classifier.decision_function(scaled.to_numpy())
        return pd.Series(decision, index=features.index, name="decision")


@dataclass(frozen=True, eq=False)
class FittedChain:
    """A frozen chain and the record of how its features were chosen."""

    chain: FrozenChain
    steps: tuple[tuple[str, int], ...]
    coefficients: pd.Series
    lasso: LassoPath | None
    fallbacks: tuple[str, ...]


def is_component(name: str) -> bool:
    """Tell whether a feature is a principal component."""
    return name.split(".")[-1].startswith("pca")


def fit_chain(
    features: pd.DataFrame,
    outcome: pd.Series,
    subjects: pd.Series,
    settings: ChainSettings,
    second_reader: pd.DataFrame,
    seed: int,
) -> FittedChain:
    """Learn a chain from training cases.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_cases, n_features)
    outcome : pandas.Series
        1 or 0, in the rows of `features`.
    subjects : pandas.Series
        Subject of each case; folds of the LASSO never tear one apart.
    settings : ChainSettings
    second_reader : pandas.DataFrame
        Features of the second reader's ROIs; only those of cases in `features` are used.
    seed : int

    Returns
    -------
    FittedChain
    """
    steps = [("extracted", features.shape[1])]
    fallbacks: list[str] = []
    gated = _gate(features, second_reader, settings.agreement, steps, fallbacks)
    direct = [c for c in gated.columns if f".{RADIOMICS}." in str(c)]
    median = gated[direct].median().fillna(0.0)
    X = gated.fillna(median)
    pca = None
    if settings.model.components is not None and len(direct) < X.shape[1]:
        pca = DeepPCA(settings.model.components).fit(X)
        X = pca.transform(X)
        steps.append(("PCA of deep features", X.shape[1]))
    X = _keep("constant columns removed", ConstantFilter(), X, outcome, steps, fallbacks)
    scaler = StandardScaler().fit(X)
    mean, scale = pd.Series(scaler.mean_, X.columns), pd.Series(scaler.scale_, X.columns)
    X = (X - mean) / scale
    X, lasso = _select(X, outcome, subjects, settings.selection, steps, fallbacks, seed)
    classifier = make_classifier(settings.model.classifier, seed)
    classifier.fit(X.to_numpy(), outcome.to_numpy())
    selected = tuple(str(column) for column in X.columns)
    coefficients = pd.Series(0.0, index=list(selected))
    if lasso is not None:
        coefficients = lasso.coefficients_.reindex(list(selected))
    chain = FrozenChain(
        selected,
        median.reindex(list(selected)).fillna(0.0),
        mean[list(selected)],
        scale[list(selected)],
        *_components(pca, selected),
        classifier,
    )
    path = None if lasso is None else _lasso_path(lasso)
    return FittedChain(chain, tuple(steps), coefficients, path, tuple(fallbacks))


def _gate(
    features: pd.DataFrame,
    second_reader: pd.DataFrame,
    agreement: AgreementSettings | None,
    steps: list[tuple[str, int]],
    fallbacks: list[str],
) -> pd.DataFrame:
    """Drop the radiomics features on which the two readers' ROIs disagree."""
    if agreement is None:
        return features
    both = features.index.intersection(second_reader.index)
    columns = [c for c in features.columns if f".{RADIOMICS}." in str(c)]
    if not columns:
        return features
    if len(both) < MINIMUM_DOUBLE_READ:
        fallbacks.append(f"ICC gate (only {len(both)} double-read cases)")
        return features
    table = icc_table(
        features.loc[both, columns], second_reader.loc[both, columns], form=agreement.form
    ).to_frame()
    icc = table["icc" if agreement.bound == "estimate" else "low"]
    gate = AgreementFilter(icc, agreement.threshold, unknown="keep").fit(features)
    kept = features.loc[:, gate.get_support()]
    steps.append((f"ICC > {agreement.threshold:g}", kept.shape[1]))
    if gate.fallback_:
        fallbacks.append("ICC gate")
    return kept


def _keep(
    name: str,
    selector: Any,
    X: pd.DataFrame,
    outcome: pd.Series,
    steps: list[tuple[str, int]],
    fallbacks: list[str],
) -> pd.DataFrame:
    """Fit one selector, note how many features it leaves, and apply it."""
    kept = selector.fit(X, outcome.to_numpy()).transform(X)
    steps.append((name, kept.shape[1]))
    if getattr(selector, "fallback_", False):
        fallbacks.append(name)
    return kept


def _select(
    X: pd.DataFrame,
    outcome: pd.Series,
    subjects: pd.Series,
    settings: SelectionSettings,
    steps: list[tuple[str, int]],
    fallbacks: list[str],
    seed: int,
) -> tuple[pd.DataFrame, LassoSelector | None]:
    """Mann-Whitney, Spearman, LASSO; each may be left out."""
    if settings.mann_whitney_p is not None:
        name = f"Mann-Whitney p < {settings.mann_whitney_p:g}"
        X = _keep(name, MannWhitneyFilter(settings.mann_whitney_p), X, outcome, steps, fallbacks)
    if settings.spearman is not None:
        name = f"Spearman |rho| <= {settings.spearman:g}"
        redundancy = SpearmanFilter(settings.spearman, settings.redundancy)
        X = _keep(name, redundancy, X, outcome, steps, fallbacks)
    if settings.lasso is None:
        return X, None
    lasso = LassoSelector(
        family=settings.lasso.family,
        rule=settings.lasso.rule,
        folds=settings.lasso.folds,
        random_state=seed,
    )
    lasso.fit(X, outcome.to_numpy(), groups=subjects.to_numpy())
    kept = lasso.transform(X)
    steps.append((f"LASSO ({settings.lasso.family}, {settings.lasso.rule})", kept.shape[1]))
    if lasso.fallback_:
        fallbacks.append("LASSO")
    return kept, lasso


def _components(
    pca: DeepPCA | None, selected: tuple[str, ...]
) -> tuple[dict[str, tuple[str, ...]], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Keep only the loadings of the components that were selected."""
    columns: dict[str, tuple[str, ...]] = {}
    means: dict[str, np.ndarray] = {}
    components: dict[str, np.ndarray] = {}
    if pca is None:
        return columns, means, components
    for view, decomposition in pca.decompositions_.items():
        chosen = [n for n in selected if is_component(n) and n.split(".")[0] == view]
        if not chosen:
            continue
        rows = [int(name.split("pca")[-1]) - 1 for name in chosen]
        columns[view] = tuple(str(column) for column in pca.blocks_[view])
        means[view] = decomposition.mean_
        components[view] = decomposition.components_[rows]
    return columns, means, components


def _lasso_path(lasso: LassoSelector) -> LassoPath:
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
