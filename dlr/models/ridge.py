"""Ridge logistic regression: all variables kept, their effects shrunk."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, xlog1py, xlogy
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from dlr.stats import LogisticModel

STRENGTHS = tuple(float(c) for c in np.logspace(-3, 3, 13))
"""Inverse penalties to choose from."""
FOLDS = 5


def fit_ridge(design: pd.DataFrame, outcome: pd.Series) -> LogisticModel:
    """Fit a logistic regression with a ridge penalty on standardised columns.

    The penalty is the one with the least out-of-fold deviance in five unshuffled, stratified
    folds; the strongest of equals.

    Parameters
    ----------
    design : pandas.DataFrame of shape (n_cases, n_columns)
    outcome : pandas.Series
        1 or 0.

    Returns
    -------
    LogisticModel
        ``method`` is ``"ridge"``; the covariance is the inverse of the penalised information, so
        intervals made from it are too narrow and are not shown.

    References
    ----------
    le Cessie S, van Houwelingen JC, Ridge estimators in logistic regression, Applied Statistics
    41:191-201 (1992).
    """
    mean, scale = design.mean(), design.std(ddof=0).replace(0.0, 1.0)
    values = ((design - mean) / scale).to_numpy(dtype=float)
    labels = outcome.to_numpy(dtype=int)
    strength = _choose(values, labels)
    model = _fit(values, labels, strength)
    slopes = model.coef_[0] / scale.to_numpy()
    intercept = float(model.intercept_[0] - slopes @ mean.to_numpy())
    names = ["intercept", *design.columns]
    coefficients = pd.Series([intercept, *slopes], index=names, dtype=float)
    probability = expit(model.decision_function(values))
    return LogisticModel(
        names=tuple(str(name) for name in design.columns),
        coefficients=coefficients,
        covariance=_covariance(values, probability, strength, mean, scale),
        log_likelihood=_log_likelihood(labels, probability),
        method="ridge",
        separated=False,
        n=len(labels),
        n_positive=int(labels.sum()),
    )


def _fit(values: np.ndarray, labels: np.ndarray, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(values, labels)


def _choose(values: np.ndarray, labels: np.ndarray) -> float:
    folds = min(FOLDS, int(np.bincount(labels).min()))
    if folds < 2:
        return STRENGTHS[0]
    splits = list(StratifiedKFold(folds).split(values, labels))
    losses = []
    for strength in STRENGTHS:
        held_out = np.empty(len(labels))
        for train, test in splits:
            model = _fit(values[train], labels[train], strength)
            held_out[test] = expit(model.decision_function(values[test]))
        losses.append(round(-_log_likelihood(labels, held_out), 9))
    return STRENGTHS[int(np.argmin(losses))]


def _covariance(
    values: np.ndarray,
    probability: np.ndarray,
    strength: float,
    mean: pd.Series,
    scale: pd.Series,
) -> pd.DataFrame:
    ones = np.column_stack([np.ones(len(values)), values])
    information = (ones * (probability * (1 - probability))[:, None]).T @ ones
    information[1:, 1:] += np.eye(values.shape[1]) / strength
    back = np.diag(np.concatenate([[1.0], 1.0 / scale.to_numpy()]))
    back[0, 1:] = -mean.to_numpy() / scale.to_numpy()
    names = ["intercept", *mean.index]
    covariance = back @ np.linalg.pinv(information, hermitian=True) @ back.T
    return pd.DataFrame(covariance, index=names, columns=names)


def _log_likelihood(labels: np.ndarray, probability: np.ndarray) -> float:
    clipped = np.clip(probability, 1e-15, 1 - 1e-15)
    return float(np.sum(xlogy(labels, clipped) + xlog1py(1 - labels, -clipped)))
