"""The LASSO of published radiomics code: scikit-learn's, linear, on 0/1 outcomes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, lasso_path
from threadpoolctl import threadpool_limits

from dlr.selection._base import FeatureSelector, binary_outcome

PENALTIES = np.logspace(-3, 0, 50)
"""The grid behind published penalties such as 0.0015, 0.0041 and 0.0063."""
NEGLIGIBLE = 1e-6
"""Coefficients smaller than this count as zero."""


class PublishedLasso(FeatureSelector):
    """Keep the features with a non-zero coefficient in scikit-learn's ``LassoCV``.

    What papers that run scikit-learn do: least squares on 0/1 outcomes, 50 penalties from 0.001
    to 1, ten contiguous folds in the order of the table (``KFold`` without shuffling, without
    regard to class or patient), the penalty of least unweighted mean error, coefficients beyond
    1e-6. The penalties published by system 1 (Fan et al., J Multidiscip Healthc 2024) lie on this
    grid. Features are taken as they come: they should be Z-scores.

    Parameters
    ----------
    folds : int, default=10

    Attributes
    ----------
    lambdas_ : ndarray of shape (n_lambda,)
        Penalties, descending.
    coefficient_path_ : ndarray of shape (n_lambda, n_features)
    cv_mean_, cv_sd_ : ndarray of shape (n_lambda,)
        Mean squared error over the folds and its standard error.
    lambda_min_, lambda_1se_, lambda_ : float
        The penalty of least error, the largest within one standard error, the one in use.
    coefficients_ : Series
    intercept_ : float
    support_ : ndarray of bool, shape (n_features,)
    fallback_ : bool
        True where no coefficient was left; the first feature to enter the path is then kept.
    """

    def __init__(self, folds: int = 10) -> None:
        self.folds = folds

    def __sklearn_tags__(self) -> Any:
        """Declare the two-class outcome."""
        return self._more_binary_tags(super().__sklearn_tags__())

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike) -> PublishedLasso:
        """Choose the penalty and keep the features.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array_like of shape (n_samples,)
            Two classes.
        """
        values = self._check_features(X)
        self.classes_, positive = binary_outcome(y, "PublishedLasso", len(values))
        outcome = positive.astype(float)
        with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
            # Published code stops after 1,000 rounds and lets the warning pass.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LassoCV(alphas=PENALTIES, cv=min(self.folds, len(values)))
            model.fit(values, outcome)
            centred = values - values.mean(axis=0)
            lambdas, path, _ = lasso_path(centred, outcome - outcome.mean(), alphas=PENALTIES)
        self.lambdas_ = np.asarray(lambdas)
        self.coefficient_path_ = np.asarray(path).T
        self.cv_mean_ = model.mse_path_.mean(axis=1)
        self.cv_sd_ = model.mse_path_.std(axis=1, ddof=1) / np.sqrt(model.mse_path_.shape[1])
        self.lambda_min_ = self.lambda_ = float(model.alpha_)
        least = int(np.argmin(self.cv_mean_))
        within = self.cv_mean_ <= self.cv_mean_[least] + self.cv_sd_[least]
        self.lambda_1se_ = float(self.lambdas_[within].max())
        self.intercept_ = float(model.intercept_)
        self.coefficients_ = pd.Series(model.coef_, index=list(self._names()))
        self.support_ = np.abs(model.coef_) > NEGLIGIBLE
        self.fallback_ = not self.support_.any()
        if self.fallback_:
            association = np.abs(centred.T @ (outcome - outcome.mean()))
            self.support_[int(np.argmax(association))] = True
        return self
