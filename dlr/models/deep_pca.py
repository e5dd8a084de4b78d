"""PCA of deep features, one block per view and backbone, fitted on the training cases only."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from dlr.features.table import block_of, is_deep

LARGE = 500
"""Above so many cases and columns the leading components are found one by one (ARPACK)."""


class DeepPCA(TransformerMixin, BaseEstimator):
    """Replace each block of deep features by its leading principal components.

    Columns named ``<view>.dl.<number>`` become ``<view>.dl.pca01``, ...; all others pass through.
    Deep features of a further backbone, ``<view>.dl_<name>.<number>``, are a block of their own.
    The published system keeps 32 components [1]_. The sign of a component is fixed (largest
    loading positive), so that the same data always give the same scores.

    Parameters
    ----------
    components : int
        Components per block; fewer where there are fewer training cases.

    Attributes
    ----------
    blocks_ : dict of str to list of str
        Deep columns of each block, such as ``"sag.dl"``.
    decompositions_ : dict of str to PCA
    explained_variance_ratio_ : dict of str to float
        Share of the variance that the kept components explain, by block.

    References
    ----------
    .. [1] Fan et al., Deep-learning-based radiomics to predict surgical risk factors for lumbar
       disc herniation in young patients, J Multidiscip Healthc (2024).
    """

    def __init__(self, components: int = 32) -> None:
        self.components = components

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002
        """Learn the components of each block.

        Parameters
        ----------
        X : pandas.DataFrame of shape (n_cases, n_features)
        y : ignored
        """
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.blocks_ = _deep_blocks(X)
        self.decompositions_: dict[str, PCA] = {}
        self.explained_variance_ratio_: dict[str, float] = {}
        for block, columns in self.blocks_.items():
            count = min(self.components, len(X) - 1, len(columns))
            # Both are exact; scikit-learn's own choice, a randomised one, is visibly not.
            large = min(X.shape[0], len(columns)) > LARGE and count < LARGE
            pca = PCA(count, svd_solver="arpack" if large else "full", random_state=0)
            pca.fit(X[columns].to_numpy())
            self.decompositions_[block] = pca
            self.explained_variance_ratio_[block] = float(pca.explained_variance_ratio_.sum())
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return `X` with every deep block replaced by its components."""
        check_is_fitted(self)
        deep = {column for columns in self.blocks_.values() for column in columns}
        parts = [X.loc[:, [column for column in X.columns if column not in deep]]]
        for block, columns in self.blocks_.items():
            scores = self.decompositions_[block].transform(X[columns].to_numpy())
            names = _component_names(block, scores.shape[1])
            parts.append(pd.DataFrame(scores, index=X.index, columns=names))
        return pd.concat(parts, axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:  # noqa: ARG002
        """Return the names of the columns :meth:`transform` gives."""
        check_is_fitted(self)
        deep = {column for columns in self.blocks_.values() for column in columns}
        names = [name for name in self.feature_names_in_ if name not in deep]
        for block, pca in self.decompositions_.items():
            names += _component_names(block, pca.n_components_)
        return np.asarray(names, dtype=object)


def _deep_blocks(X: pd.DataFrame) -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = {}
    for column in X.columns:
        if is_deep(column):
            blocks.setdefault(block_of(column), []).append(column)
    return blocks


def _component_names(block: str, count: int) -> list[str]:
    return [f"{block}.pca{index:02d}" for index in range(1, count + 1)]
