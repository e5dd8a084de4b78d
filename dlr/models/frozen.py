"""A fitted chain reduced to the numbers that scoring needs; it refits nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.features.table import block_of
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.harmonisation import ComBat
from dlr.results import LassoPath

MISSING = "__missing"
"""Suffix of the columns that tell where a feature was missing."""


@dataclass(frozen=True, eq=False)
class FrozenSelection:
    """From a feature table to the scaled features that reach a classifier.

    Parameters
    ----------
    selected : tuple of str
        Features that reach the classifier; ``<view>.dl.pca<nn>`` are principal components,
        ``<feature>__missing`` tells where a feature was missing.
    median, mean, scale : pandas.Series
        By selected feature: what replaces a missing value, and the Z-score's mean and SD, all
        from the training cases.
    deep_columns : mapping of str to tuple of str
        Deep features each block's components are made of.
    pca_mean : mapping of str to array of shape (n_deep,)
    pca_components : mapping of str to array of shape (n_selected_components, n_deep)
    harmonisation : ComBat, optional
        Fitted on the training cases' centres; applied before anything else.
    unseen : str
        What becomes of a centre that did not train; see :class:`ComBat`.
    """

    selected: tuple[str, ...]
    median: pd.Series
    mean: pd.Series
    scale: pd.Series
    deep_columns: Mapping[str, tuple[str, ...]]
    pca_mean: Mapping[str, np.ndarray]
    pca_components: Mapping[str, np.ndarray]
    harmonisation: ComBat | None = None
    unseen: str = "fail"

    @property
    def measured(self) -> tuple[str, ...]:
        """Selected features that are no components, without the marks of missing values."""
        plain = (name.removesuffix(MISSING) for name in self.selected if not is_component(name))
        return tuple(dict.fromkeys(plain))

    @property
    def input_columns(self) -> tuple[str, ...]:
        """Columns of the feature table the chain needs."""
        deep = [column for columns in self.deep_columns.values() for column in columns]
        return (*self.measured, *deep)

    def values(self, features: pd.DataFrame, centers: pd.Series | None = None) -> pd.DataFrame:
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
        inputs = features[list(self.input_columns)]
        if self.harmonisation is not None:
            inputs = harmonise(self.harmonisation, inputs, centers, self.unseen)
        parts = [inputs[list(self.measured)], _marks(inputs, self.selected)]
        for block, columns in self.deep_columns.items():
            names = [n for n in self.selected if is_component(n) and block_of(n) == block]
            centred = inputs[list(columns)].to_numpy() - self.pca_mean[block]
            scores = centred @ self.pca_components[block].T
            parts.append(pd.DataFrame(scores, index=features.index, columns=names))
        return pd.concat(parts, axis=1)[list(self.selected)].fillna(self.median)

    def scaled(self, features: pd.DataFrame, centers: pd.Series | None = None) -> pd.DataFrame:
        """Return the selected features as Z-scores of the training cases."""
        return (self.values(features, centers) - self.mean) / self.scale


@dataclass(frozen=True, eq=False)
class FrozenChain(FrozenSelection):
    """A frozen selection and the classifier behind it.

    Parameters
    ----------
    algorithm : str
        Key of the classifier in :data:`dlr.models.classifiers.CLASSIFIERS`.
    classifier : estimator
        Fitted.
    """

    algorithm: str = "svm"
    classifier: Any = None

    def decision(self, features: pd.DataFrame, centers: pd.Series | None = None) -> pd.Series:
        """Return the classifier's decision value of each case; higher means positive."""
        scaled = self.scaled(features, centers).to_numpy()
        decision = CLASSIFIERS[self.algorithm].score(self.classifier, scaled)
        return pd.Series(decision, index=features.index, name="decision")


@dataclass(frozen=True, eq=False)
class FittedSelection:
    """A frozen selection and the record of how its features were chosen."""

    frozen: FrozenSelection
    steps: tuple[tuple[str, int], ...]
    coefficients: pd.Series
    lasso: LassoPath | None
    fallbacks: tuple[str, ...]

    def with_classifier(self, algorithm: str, classifier: Any) -> FrozenChain:
        """Put a fitted classifier behind the selection."""
        return FrozenChain(**vars(self.frozen), algorithm=algorithm, classifier=classifier)


def is_component(name: str) -> bool:
    """Tell whether a feature is a principal component."""
    return name.split(".")[-1].startswith("pca")


def harmonise(
    combat: ComBat, features: pd.DataFrame, centers: pd.Series | None, unseen: str
) -> pd.DataFrame:
    """Apply ComBat to some of the columns it was fitted on.

    Raises
    ------
    DlrError
        If the centres are not known, or one did not train and `unseen` is ``"fail"``.
    """
    if centers is None:
        raise DlrError("the model harmonises centres: the clinical table needs a 'center' column")
    return combat.transform(features, centers.loc[features.index], policy=unseen)


def missing_marks(features: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return 1 where a feature is missing and 0 elsewhere, one column per name."""
    marks = features[names].isna().astype(float)
    return marks.set_axis([f"{name}{MISSING}" for name in names], axis=1)


def _marks(features: pd.DataFrame, selected: tuple[str, ...]) -> pd.DataFrame:
    names = [name.removesuffix(MISSING) for name in selected if name.endswith(MISSING)]
    return missing_marks(features, names)
