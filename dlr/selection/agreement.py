"""The gate on inter-reader agreement: features on which two readers' ROIs agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError
from dlr.selection._base import FeatureSelector


class AgreementFilter(FeatureSelector):
    """Keep features whose intraclass correlation coefficient exceeds a threshold.

    The ICC is an input, estimated beforehand on the training cases that two readers outlined
    (:func:`dlr.stats.icc_table`); to gate on the lower confidence bound, pass that column. A
    feature passes when its ICC is *greater than* the threshold, as papers state it ("ICC > 0.75");
    an undefined ICC (NaN, a constant feature) does not pass.

    Parameters
    ----------
    icc : Series or None
        ICC by feature name; without feature names in ``X``, one value per column in order. None
        lets every feature pass.
    threshold : float, default=0.75
        Features need an ICC above it.
    unknown : {"error", "keep", "drop"}, default="error"
        What happens to a feature that `icc` does not list.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
    icc_ : ndarray of shape (n_features,)
        The ICC of each input feature, NaN where not known.
    fallback_ : bool
        True where none passed and the feature with the highest ICC was kept.
    """

    _allow_missing = True

    def __init__(
        self, icc: pd.Series | None = None, threshold: float = 0.75, unknown: str = "error"
    ) -> None:
        self.icc = icc
        self.threshold = threshold
        self.unknown = unknown

    def fit(self, X: ArrayLike | pd.DataFrame, y: Any = None) -> AgreementFilter:  # noqa: ARG002
        """Match the ICC to the features; `y` is ignored."""
        if self.unknown not in ("error", "keep", "drop"):
            raise DlrError(
                f"AgreementFilter: unknown must be 'error', 'keep' or 'drop', got {self.unknown!r}."
            )
        values = self._check_features(X)
        self.fallback_ = False
        if self.icc is None:
            self.icc_ = np.full(values.shape[1], np.nan)
            self.support_ = np.ones(values.shape[1], dtype=bool)
            return self
        self.icc_, known = self._aligned()
        self.support_ = self.icc_ > self.threshold
        if self.unknown == "keep":
            self.support_ |= ~known
        if not self.support_.any():
            best = np.argmax(np.where(np.isnan(self.icc_), -np.inf, self.icc_))
            self.support_[best] = True
            self.fallback_ = True
        return self

    def _aligned(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the ICC per input feature, and which features `icc` lists."""
        if not hasattr(self, "feature_names_in_"):
            icc = np.asarray(self.icc, dtype=float)
            if icc.shape != (self.n_features_in_,):
                raise DlrError(
                    f"AgreementFilter: icc has {icc.size} values but X has {self.n_features_in_} "
                    "columns without names; pass a DataFrame, or one ICC per column."
                )
            return icc, np.ones(icc.size, dtype=bool)
        series = pd.Series(self.icc)
        known = np.asarray(pd.Index(self._names()).isin(series.index))
        if not known.all() and self.unknown == "error":
            first = self._names()[~known][0]
            raise DlrError(
                f"AgreementFilter: {int((~known).sum())} features have no ICC (first: '{first}'); "
                "compute it for them too, or set unknown='keep' or unknown='drop'."
            )
        return series.reindex(self._names()).to_numpy(dtype=float), known

    def __sklearn_tags__(self) -> Any:
        """Declare that missing values are accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
