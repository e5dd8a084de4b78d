"""Univariate filter: features that differ between the two outcome classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import false_discovery_control

from dlr.errors import DlrError
from dlr.selection._base import FeatureSelector, binary_outcome
from dlr.stats._mann_whitney import mann_whitney_columns


class MannWhitneyFilter(FeatureSelector):
    """Keep features whose two-sided Mann-Whitney U test has p below a limit.

    All columns are tested at once; p values equal ``scipy.stats.mannwhitneyu`` with its defaults
    (continuity and tie correction; exact where a class has at most 8 cases and there are no ties).

    Parameters
    ----------
    p_value : float, default=0.05
        Features with p strictly below it are kept.
    adjustment : {None, "bh"}, default=None
        None compares raw p values, as published radiomics protocols do; ``"bh"`` compares
        Benjamini-Hochberg adjusted ones.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
    statistics_ : ndarray of shape (n_features,)
        U of the positive class (the larger label); U / (n1 n0) is the AUC of the feature.
    p_values_ : ndarray of shape (n_features,)
        The p values compared with the limit (adjusted where so chosen); 1 for a constant feature.
    classes_ : ndarray of shape (2,)
    fallback_ : bool
        True where no feature passed and the one with the smallest p was kept.
    """

    def __init__(self, p_value: float = 0.05, adjustment: str | None = None) -> None:
        self.p_value = p_value
        self.adjustment = adjustment

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike) -> MannWhitneyFilter:
        """Test every feature against the outcome.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Finite numbers.
        y : array_like of shape (n_samples,)
            Two classes.
        """
        if self.adjustment not in (None, "bh"):
            raise DlrError(
                f"MannWhitneyFilter: adjustment must be None or 'bh', got {self.adjustment!r}."
            )
        values = self._check_features(X)
        self.classes_, positive = binary_outcome(y, "MannWhitneyFilter", len(values))
        self.statistics_, raw = mann_whitney_columns(values, positive)
        self.p_values_ = false_discovery_control(raw) if self.adjustment == "bh" else raw
        self.support_ = self.p_values_ < self.p_value
        self.fallback_ = not self.support_.any()
        if self.fallback_:
            self.support_[np.argmin(raw)] = True
        return self

    def __sklearn_tags__(self) -> Any:
        """Declare the two-class outcome."""
        return self._more_binary_tags(super().__sklearn_tags__())
