"""MaZda's joint feature selection: Fisher coefficient, POE+ACC and mutual information."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError
from dlr.selection._base import FeatureSelector, binary_outcome
from dlr.selection._fcm_measures import (
    classification_error,
    fisher_coefficients,
    mutual_information,
    smallest_error_and_correlation,
)

POE_RULES = ("nearest-mean", "nearest-neighbour")


class FcmSelector(FeatureSelector):
    """Keep the union of the best features by three measures, as MaZda does ("FCM").

    ``Fisher``
        The features with the largest ratio of between-class to within-class variance.
    ``POE+ACC``
        One after the other, the feature with the smallest sum of its classification error (POE,
        probability of error) and its average absolute Pearson correlation (ACC) with the features
        chosen before it.
    ``MI``
        The features with the largest mutual information with the class, in bits, from a
        histogram of the feature.

    With 10 of each at most 30 features are left, fewer where the lists overlap (Szczypiński et al.,
    Comput Methods Programs Biomed 2009;94:66-76; POE+ACC after Mucciardi & Gose, IEEE Trans Comput
    1971;C-20:1023-31, both terms weighted alike and not normalised). Constant features are never
    chosen. Features that are equal by a measure are taken in the order of their names, so the
    choice does not depend on the order of the columns.

    Parameters
    ----------
    fisher, poe_acc, mutual_information : int, default=10
        Features by each measure; 0 leaves the measure out.
    poe_rule : {"nearest-mean", "nearest-neighbour"}, default="nearest-mean"
        The one-feature classifier whose error is POE. ``"nearest-mean"``: the class with the
        nearer mean, judged on the cases it was fitted on. ``"nearest-neighbour"``: the class of
        the nearest other case (leave one out). A case equally near to both counts as half an
        error. Sources do not say which one MaZda uses.
    bins : int or "sturges", default="sturges"
        Bins of equal width between smallest and largest value for the mutual information;
        ``"sturges"`` takes ``ceil(log2(n)) + 1``. Sources do not say which rule MaZda uses.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
    fisher_ : ndarray of shape (n_features,)
        Fisher coefficients; infinite for a feature that separates the classes without any
        variation inside them, 0 for a constant one.
    poe_ : ndarray of shape (n_features,)
        Classification errors in [0, 1]; 0.5 for a constant feature.
    mutual_information_ : ndarray of shape (n_features,)
        Bits, at least 0.
    chosen_ : dict of str to ndarray of int
        For ``"fisher"``, ``"poe_acc"`` and ``"mutual_information"`` the column positions in the
        order of their choice.
    classes_ : ndarray of shape (2,)
    fallback_ : bool
        True where every feature was constant and the first by name was kept.
    """

    def __init__(
        self,
        fisher: int = 10,
        poe_acc: int = 10,
        mutual_information: int = 10,
        poe_rule: str = "nearest-mean",
        bins: int | str = "sturges",
    ) -> None:
        self.fisher = fisher
        self.poe_acc = poe_acc
        self.mutual_information = mutual_information
        self.poe_rule = poe_rule
        self.bins = bins

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike) -> FcmSelector:
        """Rank the features by the three measures.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Finite numbers.
        y : array_like of shape (n_samples,)
            Two classes.

        Raises
        ------
        DlrError
            If a setting is out of range, `X` has missing values, or `y` has not two classes.
        """
        self._check_settings()
        values = self._check_features(X)
        self.classes_, positive = binary_outcome(y, "FcmSelector", len(values))
        order = self._canonical_order(values)
        values = values[:, order]
        fisher = fisher_coefficients(values, positive)
        errors = classification_error(values, positive, self.poe_rule == "nearest-neighbour")
        information = mutual_information(values, positive, self._bin_count(len(values)))
        varied = np.flatnonzero(np.ptp(values, axis=0) > 0)
        uncorrelated = smallest_error_and_correlation(
            values[:, varied], errors[varied], self.poe_acc
        )
        self.chosen_ = {
            "fisher": order[varied[_largest(fisher[varied], self.fisher)]],
            "poe_acc": order[varied[uncorrelated]],
            "mutual_information": order[
                varied[_largest(information[varied], self.mutual_information)]
            ],
        }
        back = np.argsort(order)
        self.fisher_, self.poe_ = fisher[back], errors[back]
        self.mutual_information_ = information[back]
        self.support_ = np.zeros(values.shape[1], dtype=bool)
        self.support_[np.concatenate(list(self.chosen_.values()))] = True
        self.fallback_ = not self.support_.any()
        if self.fallback_:
            self.support_[order[0]] = True
        return self

    def _check_settings(self) -> None:
        counts = (self.fisher, self.poe_acc, self.mutual_information)
        if min(counts) < 0 or max(counts) == 0:
            raise DlrError(
                "FcmSelector: fisher, poe_acc and mutual_information must not be negative and not "
                f"all be 0, got {counts[0]}, {counts[1]} and {counts[2]}."
            )
        if self.poe_rule not in POE_RULES:
            raise DlrError(
                f"FcmSelector: poe_rule must be 'nearest-mean' or 'nearest-neighbour', "
                f"got {self.poe_rule!r}."
            )
        if self.bins != "sturges" and not (isinstance(self.bins, int) and self.bins >= 2):
            raise DlrError(
                f"FcmSelector: bins must be 'sturges' or a number of at least 2, got {self.bins!r}."
            )

    def _bin_count(self, n_samples: int) -> int:
        if isinstance(self.bins, int):
            return self.bins
        return math.ceil(math.log2(n_samples)) + 1

    def _canonical_order(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Order columns by what does not move with them: name, or values where unnamed."""
        if hasattr(self, "feature_names_in_"):
            return np.argsort(self._names().astype(str), kind="stable")
        return np.lexsort(values[::-1])

    def __sklearn_tags__(self) -> Any:
        """Declare the two-class outcome."""
        return self._more_binary_tags(super().__sklearn_tags__())


def _largest(scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return the positions of the largest scores, largest first; the earlier of equals first."""
    return np.argsort(-scores, kind="stable")[:count]
