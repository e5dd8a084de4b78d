"""Removal of features that do not vary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.selection._base import FeatureSelector


class ConstantFilter(FeatureSelector):
    """Drop features with a single value, or with no value at all.

    A feature counts as constant when its range is within floating-point noise of its size
    (``max - min <= tolerance * max |x|``). Missing values are ignored: a column that is NaN
    throughout is dropped, one with some NaN is judged by its other values and kept as it is.

    Parameters
    ----------
    tolerance : float, default=1e-12
        Relative range, at or below which a feature is constant.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
    fallback_ : bool
        Always False: there is no best one among constants.

    Raises
    ------
    DlrError
        If every feature is constant.
    """

    _allow_missing = True

    def __init__(self, tolerance: float = 1e-12) -> None:
        self.tolerance = tolerance

    def fit(self, X: ArrayLike | pd.DataFrame, y: Any = None) -> ConstantFilter:  # noqa: ARG002
        """Learn which features vary; `y` is ignored."""
        values = self._check_features(X)
        missing = np.isnan(values)
        low = np.where(missing, np.inf, values).min(axis=0)
        high = np.where(missing, -np.inf, values).max(axis=0)
        size = np.where(missing, 0.0, np.abs(values)).max(axis=0)
        self.support_ = high - low > self.tolerance * size
        self.fallback_ = False
        if not self.support_.any():
            raise DlrError(
                f"ConstantFilter: none of the {values.shape[1]} features varies over the cases "
                f"(n_samples = {values.shape[0]}); check the extraction settings (a bin width as "
                "wide as the intensity range gives constant textures)."
            )
        return self

    def __sklearn_tags__(self) -> Any:
        """Declare that missing values are accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
