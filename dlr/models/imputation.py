"""Missing values filled in by what the training cases teach; fitted again in every fold.

Both imputers fill each case by itself: what they give for one does not depend on the others it
comes with, and never on an outcome. How much was missing is kept in ``missing_``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from dlr.errors import DlrError

MARK = "__missing"
"""Suffix of the columns that tell where a value was missing."""


class FillImputer(TransformerMixin, BaseEstimator):
    """Median of a number, most frequent level of anything else; marks of missing values beside.

    Parameters
    ----------
    indicators : bool
        Add a column ``<name>__missing`` (1 or 0) for every column with gaps in training.

    Attributes
    ----------
    fill_ : dict of str to float or str
        What replaces a missing value. Of equally frequent levels the first in sorted order.
    missing_ : pandas.DataFrame
        Index column; ``n_missing`` and ``share`` of the training cases, and ``rule``: what is
        done about the column.
    empty_ : tuple of str
        Columns without any known value in training; they are dropped.
    marked_ : tuple of str
        Columns that get a mark.
    """

    def __init__(self, indicators: bool = True) -> None:
        self.indicators = indicators

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002
        """Learn fill values from training cases, shape (n_cases, n_columns); `y` is ignored."""
        self.feature_names_in_ = np.asarray([str(c) for c in X.columns], dtype=object)
        counts = X.isna().sum()
        self.empty_ = tuple(str(c) for c in X.columns if counts[c] == len(X))
        self.fill_: dict[str, float | str] = {
            str(c): _fill_value(X[c]) for c in X.columns if str(c) not in self.empty_
        }
        with_gaps = tuple(name for name in self.fill_ if counts[name] > 0)
        self.marked_ = with_gaps if self.indicators else ()
        rules = ["dropped" if n in self.empty_ else self._rule(n) for n in self.feature_names_in_]
        self.missing_ = pd.DataFrame(
            {"n_missing": counts.to_numpy(), "share": counts.to_numpy() / max(len(X), 1)},
            index=pd.Index(self.feature_names_in_, name="column"),
        ).assign(rule=rules)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns without gaps, followed by the marks.

        Raises
        ------
        DlrError
            If a column is absent.
        """
        check_is_fitted(self)
        known = columns_of(X, list(self.fill_))
        parts = {name: known[name].fillna(value) for name, value in self.fill_.items()}
        marks = {f"{name}{MARK}": known[name].isna().astype(float) for name in self.marked_}
        return pd.DataFrame({**parts, **marks}, index=X.index)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:  # noqa: ARG002
        """Return the names of the columns :meth:`transform` gives."""
        check_is_fitted(self)
        names = [*self.fill_, *(f"{name}{MARK}" for name in self.marked_)]
        return np.asarray(names, dtype=object)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        check_is_fitted(self)
        return {
            "indicators": self.indicators,
            "columns": list(self.feature_names_in_),
            "fill": dict(self.fill_),
            "marked": list(self.marked_),
            "empty": list(self.empty_),
            "missing": self.missing_.reset_index().to_dict("records"),
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        model = cls(indicators=item["indicators"])
        model.feature_names_in_ = np.asarray(item["columns"], dtype=object)
        model.fill_ = dict(item["fill"])
        model.marked_, model.empty_ = tuple(item["marked"]), tuple(item["empty"])
        model.missing_ = pd.DataFrame(item["missing"]).set_index("column")
        return model

    def _rule(self, name: str) -> str:
        return "median" if isinstance(self.fill_[name], float) else "most frequent"


def _fill_value(column: pd.Series) -> float | str:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return float(column.median())
    counts = column.dropna().astype(str).value_counts()
    return str(min(counts.index[counts == counts.max()]))


def columns_of(X: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return some columns of a table; an absent one is an error that names it."""
    absent = [name for name in names if name not in X]
    if absent:
        raise DlrError(f"the imputation was fitted on the column '{absent[0]}', which is absent")
    return X[names]
