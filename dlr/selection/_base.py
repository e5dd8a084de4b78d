"""What all feature selectors share: checked input, names kept, DataFrames in and out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from dlr.errors import DlrError


class FeatureSelector(SelectorMixin, BaseEstimator):
    """Base of the selectors: a DataFrame in gives a DataFrame out, an array gives an array.

    Subclasses learn ``support_`` (boolean, one per input feature) in ``fit``.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
        True for the features that are kept.
    fallback_ : bool
        True where no feature passed the rule and the single best one was kept instead, so that a
        chain of selectors still runs on data without any signal.
    """

    _allow_missing = False

    def transform(self, X: ArrayLike | pd.DataFrame) -> Any:
        """Keep the selected features.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            The features seen in ``fit``, in the same order.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_selected)
            Of the type of `X`.
        """
        check_is_fitted(self)
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=False, skip_check_array=True)
            return X.loc[:, self.get_support()]
        return super().transform(X)

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.support_)

    def _check_features(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Return the features as floats; missing values are one clear error naming columns."""
        if isinstance(X, pd.DataFrame) and X.columns.has_duplicates:
            twice = X.columns[X.columns.duplicated()][0]
            raise DlrError(
                f"{type(self).__name__}: the feature name {twice!r} occurs more than once; "
                "give every column a name of its own."
            )
        values = self._floats(X)
        allowed = np.isfinite(values)
        if self._allow_missing:
            allowed |= np.isnan(values)
        bad = np.flatnonzero(~allowed.all(axis=0))
        if bad.size:
            names = ", ".join(repr(str(self._names()[j])) for j in bad[:3])
            what = "infinity" if self._allow_missing else "NaN or infinity"
            raise DlrError(
                f"{type(self).__name__}: {bad.size} of {values.shape[1]} features contain {what} "
                f"(first: {names}); drop or impute them before this step."
            )
        return values

    def _floats(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Remember the features' names and number, and return the values as scikit-learn checks."""
        if isinstance(X, pd.DataFrame) and X.size and (X.dtypes == np.float64).all():
            # Nothing to convert; scikit-learn would look at thousands of columns one by one.
            validate_data(self, X, skip_check_array=True)
            return X.to_numpy()
        return np.asarray(validate_data(self, X, dtype=np.float64, ensure_all_finite=False))

    def _names(self) -> NDArray[Any]:
        """Return the feature names, made up as scikit-learn does where the input had none."""
        if hasattr(self, "feature_names_in_"):
            return np.asarray(self.feature_names_in_, dtype=object)
        return np.asarray([f"x{j}" for j in range(self.n_features_in_)], dtype=object)

    def _more_binary_tags(self, tags: Any) -> Any:
        """Declare that `y` is required and has two classes."""
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags


def binary_outcome(y: ArrayLike, caller: str, n_samples: int) -> tuple[NDArray[Any], NDArray]:
    """Check a two-class outcome.

    Returns
    -------
    classes : ndarray of shape (2,)
        The classes, sorted; the second is the positive one.
    positive : ndarray of bool, shape (n_samples,)

    Raises
    ------
    DlrError
        If `y` is absent, has missing values, another length, or not exactly two classes.
    """
    if y is None:
        raise DlrError(f"{caller} requires y to be passed, but the target y is None.")
    values = column_or_1d(y, warn=True)
    if len(values) != n_samples:
        raise DlrError(
            f"{caller}: y has {len(values)} values but X has {n_samples} rows; "
            "pass one outcome per case."
        )
    if pd.isna(values).any():
        raise DlrError(f"{caller}: y contains NaN; drop the cases without an outcome.")
    classes = np.unique(values)
    if type_of_target(values) in ("continuous", "continuous-multioutput"):
        raise DlrError(
            f"{caller}: Unknown label type: continuous; y must have exactly two classes."
        )
    if classes.size != 2:
        word = "class" if classes.size == 1 else "classes"
        hint = " (only binary classification is supported)" if classes.size > 2 else ""
        raise DlrError(
            f"{caller}: y must have exactly two classes, got {classes.size} {word}{hint}."
        )
    return classes, values == classes[1]
