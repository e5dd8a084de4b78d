"""LASSO selection, equal to glmnet and cv.glmnet given the same folds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
from threadpoolctl import threadpool_limits

from dlr.errors import DlrError
from dlr.selection._base import FeatureSelector, binary_outcome
from dlr.selection._folds import check_fold_id, draw_folds
from dlr.selection._lasso_cv import LassoPath, LassoProblem, choose, cross_validate, fit_path

_MEASURES = {"binomial": ("deviance", "auc", "class"), "gaussian": ("mse",)}


class LassoSelector(FeatureSelector):
    """Keep the features with a non-zero LASSO coefficient at the cross-validated penalty.

    Minimises ``-log-likelihood / n + lambda ||b||_1`` (binomial) or ``RSS / (2 n) + lambda
    ||b||_1`` (gaussian), the intercept free, along a decreasing sequence of penalties (Friedman,
    Hastie & Tibshirani 2010, J Stat Softw 33(1)). Conventions are glmnet's: features standardised
    internally with divisor n and coefficients returned on the input's scale; 100 penalties from
    the smallest that makes all coefficients zero down to 1e-4 of it (0.01 with fewer cases than
    features); losses averaged over folds weighted by their size; lambda.min is the largest lambda
    with minimal loss, lambda.1se the largest within one standard error of it.

    Parameters
    ----------
    family : {"binomial", "gaussian"}, default="binomial"
        ``"gaussian"`` also takes a two-class outcome, as papers that run a least-squares LASSO on
        0/1 labels do.
    rule : {"min", "1se"}, default="min"
        Which penalty is used.
    folds : int, default=10
        Folds of the cross-validation, stratified by class and, with `groups`, by group; reduced
        when a class has too few members (see ``n_folds_``).
    random_state : int, RandomState or None, default=None
        Draws the folds.
    standardize : bool, default=True
        Scale features to unit SD (divisor n) in every fit, the folds' fits included.
    measure : {None, "deviance", "auc", "class", "mse"}, default=None
        Loss of the cross-validation; None is the deviance (binomial) or the squared error.
    lambdas : array_like or None, default=None
        Penalties to use instead of glmnet's sequence.
    n_lambda : int, default=100
        Length of glmnet's sequence.
    minimum_ratio : float or None, default=None
        Smallest over largest penalty; None is glmnet's choice.
    minimum_gain : float, default=1e-5
        The sequence ends early once a step raises the explained share of the deviance by less than
        this fraction of it (glmnet's ``fdev``) or 0.999 is explained; 0 fits all of it.
    fold_sequence : {"shared", "own"}, default="shared"
        ``"shared"`` fits every fold at the full data's penalties (cv.glmnet called with
        ``lambda=``). ``"own"`` gives each fold a sequence of its own and interpolates, as a plain
        cv.glmnet call does; losses then differ in the fourth digit.

    Attributes
    ----------
    lambdas_ : ndarray of shape (n_lambda,)
        Penalties, descending.
    coefficient_path_ : ndarray of shape (n_lambda, n_features)
        Coefficients on the input's scale.
    intercept_path_ : ndarray of shape (n_lambda,)
    explained_deviance_ : ndarray of shape (n_lambda,)
    cv_mean_, cv_sd_ : ndarray of shape (n_lambda,)
        Mean and standard error of the out-of-fold loss (an AUC where measure is ``"auc"``).
    lambda_min_, lambda_1se_, lambda_ : float
        The two candidates and the penalty in use.
    coefficients_ : Series
        Coefficients in use, by feature name, zeros included.
    intercept_ : float
    support_ : ndarray of bool, shape (n_features,)
    n_folds_ : int
        Number of folds drawn.
    fold_id_ : ndarray of int, shape (n_samples,)
    classes_ : ndarray of shape (2,)
        Classes of a two-class outcome; the second counts as 1.
    fallback_ : bool
        True where all coefficients were zero at the chosen penalty; ``lambda_`` is then the
        largest penalty on the path that lets a feature in.
    """

    def __init__(
        self,
        family: str = "binomial",
        rule: str = "min",
        folds: int = 10,
        random_state: int | np.random.RandomState | None = None,
        *,
        standardize: bool = True,
        measure: str | None = None,
        lambdas: ArrayLike | None = None,
        n_lambda: int = 100,
        minimum_ratio: float | None = None,
        minimum_gain: float = 1e-5,
        fold_sequence: str = "shared",
    ) -> None:
        self.family = family
        self.rule = rule
        self.folds = folds
        self.random_state = random_state
        self.standardize = standardize
        self.measure = measure
        self.lambdas = lambdas
        self.n_lambda = n_lambda
        self.minimum_ratio = minimum_ratio
        self.minimum_gain = minimum_gain
        self.fold_sequence = fold_sequence

    def fit(
        self,
        X: ArrayLike | pd.DataFrame,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        fold_id: ArrayLike | None = None,
    ) -> LassoSelector:
        """Fit the path, choose the penalty by cross-validation, keep the non-zero features.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            Finite numbers.
        y : array_like of shape (n_samples,)
            Two classes; numbers where `family` is ``"gaussian"``.
        groups : array_like of shape (n_samples,), optional
            Cases of one group (patient) stay in one fold.
        fold_id : array_like of shape (n_samples,), optional
            The fold of each case, to reproduce a run made elsewhere; `folds` is then ignored.

        Raises
        ------
        DlrError
            If an option is unknown, `X` has missing values or no varying feature, `y` has not two
            classes, or a class is too small for two folds.
        """
        measure = self._check_options()
        values = self._check_features(X)
        outcome, stratify = self._check_outcome(y, len(values))
        if fold_id is None:
            self.fold_id_ = draw_folds(outcome, self.folds, groups, stratify, self.random_state)
        else:
            self.fold_id_ = check_fold_id(fold_id, len(values))
        self.n_folds_ = int(self.fold_id_.max()) + 1
        problem = LassoProblem(
            self.family == "binomial",
            self.standardize,
            self.n_lambda,
            self.minimum_ratio,
            self.minimum_gain,
        )
        lambdas = self._given_lambdas()
        # The matrices are too small to share among threads, which makes fits several times slower.
        with threadpool_limits(limits=1, user_api="blas"):
            path = fit_path(problem, values, outcome, lambdas)
            if path.lambdas[0] <= 0:
                raise DlrError(
                    "LassoSelector: no feature varies with the outcome at all; remove constant "
                    "features first."
                )
            own = self.fold_sequence == "own"
            mean, self.cv_sd_ = cross_validate(
                problem, values, outcome, path.lambdas, self.fold_id_, measure, own
            )
        self._keep_path(path)
        self.cv_mean_ = -mean if measure == "auc" else mean
        self._choose(*choose(mean, self.cv_sd_))
        return self

    def linear_score(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Return intercept + sum of coefficient x feature (a Rad-score), one per case.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
            The features seen in ``fit``, in the same order.

        Returns
        -------
        ndarray of shape (n_samples,)
            Log-odds of the second class (binomial) or the predicted outcome (gaussian).
        """
        check_is_fitted(self)
        values = np.asarray(
            validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite=False)
        )
        used = self.coefficients_.to_numpy() != 0  # an unused feature may be missing
        score = values[:, used] @ self.coefficients_.to_numpy()[used] + self.intercept_
        return np.asarray(score)

    def _check_options(self) -> str:
        choices = {
            "family": tuple(_MEASURES),
            "rule": ("min", "1se"),
            "fold_sequence": ("shared", "own"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise DlrError(
                    f"LassoSelector: {name} must be one of {', '.join(allowed)}, "
                    f"got {getattr(self, name)!r}."
                )
        measure = self.measure or _MEASURES[self.family][0]
        if measure not in _MEASURES[self.family]:
            raise DlrError(
                f"LassoSelector: measure must be one of {', '.join(_MEASURES[self.family])} for "
                f"family {self.family!r}, got {measure!r}."
            )
        if not self.folds >= 2:
            raise DlrError(f"LassoSelector: folds must be at least 2, got {self.folds!r}.")
        return measure

    def _check_outcome(self, y: ArrayLike, n_samples: int) -> tuple[NDArray[np.float64], bool]:
        """Return the outcome as numbers, and whether folds are stratified by it."""
        values = None if y is None else column_or_1d(y, warn=True)
        two = values is not None and len(pd.unique(pd.Series(values).dropna())) == 2
        if self.family == "binomial" or two or values is None:
            self.classes_, positive = binary_outcome(y, "LassoSelector", n_samples)
            numeric = values is not None and np.issubdtype(values.dtype, np.number)
            if self.family == "gaussian" and numeric:
                return np.asarray(values, dtype=float), True
            return positive.astype(float), True
        numbers = np.asarray(values, dtype=float)
        if len(numbers) != n_samples or not np.isfinite(numbers).all():
            raise DlrError(
                f"LassoSelector: y must hold {n_samples} finite numbers, one per row of X."
            )
        if np.ptp(numbers) == 0:
            raise DlrError(
                f"LassoSelector: y is constant (n_samples = {n_samples}); there is nothing to "
                "predict."
            )
        return numbers, False

    def _given_lambdas(self) -> NDArray[np.float64] | None:
        if self.lambdas is None:
            return None
        lambdas = np.sort(np.asarray(self.lambdas, dtype=float))[::-1].copy()
        if not lambdas.size or not (np.isfinite(lambdas) & (lambdas > 0)).all():
            raise DlrError("LassoSelector: lambdas must be positive finite numbers.")
        return lambdas

    def _keep_path(self, path: LassoPath) -> None:
        self.lambdas_ = path.lambdas
        self.coefficient_path_ = path.coefficients
        self.intercept_path_ = path.intercepts
        self.explained_deviance_ = path.explained

    def _choose(self, best: int, within: int) -> None:
        self.lambda_min_ = float(self.lambdas_[best])
        self.lambda_1se_ = float(self.lambdas_[within])
        chosen = best if self.rule == "min" else within
        non_empty = np.flatnonzero((self.coefficient_path_ != 0).any(axis=1))
        self.fallback_ = not (self.coefficient_path_[chosen] != 0).any()
        if self.fallback_ and non_empty.size:
            chosen = int(non_empty[0])
        self.lambda_ = float(self.lambdas_[chosen])
        self.coefficients_ = pd.Series(
            self.coefficient_path_[chosen], index=self._names(), name="coefficient"
        )
        self.intercept_ = float(self.intercept_path_[chosen])
        self.support_ = self.coefficient_path_[chosen] != 0
        if not self.support_.any():
            self.support_[0] = True

    def __sklearn_tags__(self) -> Any:
        """Declare the outcome that is needed."""
        tags = super().__sklearn_tags__()
        if self.family == "binomial":
            return self._more_binary_tags(tags)
        tags.target_tags.required = True
        return tags
