"""LASSO paths on the input's scale and their cross-validation, by glmnet's conventions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from dlr.selection._coordinate_descent import lasso_path
from dlr.stats._mann_whitney import mann_whitney_columns

Floats = NDArray[np.float64]
PROBABILITY_FLOOR = 1e-5  # cv.glmnet clips predicted probabilities before taking logarithms


@dataclass(frozen=True)
class LassoProblem:
    """What stays the same over the full fit and all folds."""

    binomial: bool
    standardize: bool
    n_lambda: int
    minimum_ratio: float | None
    minimum_gain: float


@dataclass(frozen=True)
class LassoPath:
    """Coefficients at every penalty, on the scale of the input.

    Attributes
    ----------
    lambdas : ndarray of shape (n_lambda,)
    intercepts : ndarray of shape (n_lambda,)
    coefficients : ndarray of shape (n_lambda, n_features)
    explained : ndarray of shape (n_lambda,)
        Share of the null deviance that is explained.
    """

    lambdas: Floats
    intercepts: Floats
    coefficients: Floats
    explained: Floats

    def predict(self, values: Floats) -> Floats:
        """Linear predictor, shape (n_samples, n_lambda)."""
        linear: Floats = values @ self.coefficients.T + self.intercepts
        return linear

    def at(self, lambdas: Floats) -> LassoPath:
        """Interpolate linearly in lambda, constant beyond the ends, as glmnet's predict does."""
        if len(self.lambdas) == 1:
            left, weight = np.zeros(len(lambdas), dtype=int), np.zeros(len(lambdas))
        else:
            inside = np.clip(lambdas, self.lambdas[-1], self.lambdas[0])
            position = np.interp(-inside, -self.lambdas, np.arange(len(self.lambdas)))
            left = np.minimum(position.astype(int), len(self.lambdas) - 2)
            weight = position - left
        right = np.minimum(left + 1, len(self.lambdas) - 1)
        return LassoPath(
            lambdas,
            (1 - weight) * self.intercepts[left] + weight * self.intercepts[right],
            (1 - weight)[:, None] * self.coefficients[left]
            + weight[:, None] * self.coefficients[right],
            (1 - weight) * self.explained[left] + weight * self.explained[right],
        )


def fit_path(problem: LassoProblem, values: Floats, y: Floats, lambdas: Floats | None) -> LassoPath:
    """Fit the whole path; without `lambdas` on glmnet's own sequence, which may end early.

    glmnet's sequence: from the smallest penalty at which every coefficient is zero, in equal
    steps of log(lambda), down to `minimum_ratio` times it (1e-4, or 0.01 with fewer cases than
    features).
    """
    columns, centre, scale = _prepare(values, problem.standardize)
    gain = 0.0
    if lambdas is None:
        lambdas = _sequence(problem, columns, y)
        gain = problem.minimum_gain
    intercepts, coefficients, explained = lasso_path(problem.binomial, columns, y, lambdas, gain)
    coefficients = coefficients / scale
    return LassoPath(
        lambdas[: len(intercepts)], intercepts - coefficients @ centre, coefficients, explained
    )


def _prepare(values: Floats, standardize: bool) -> tuple[Floats, Floats, Floats]:
    """Return centred (and scaled, SD with divisor n) columns as rows; constants become zero."""
    centre = values.mean(axis=0)
    columns = np.ascontiguousarray((values - centre).T)
    constant = np.ptp(values, axis=0) == 0
    columns[constant] = 0.0  # not the rounding error of the mean
    scale = np.ones(len(columns))
    if standardize:
        scale[~constant] = np.sqrt(np.mean(columns[~constant] ** 2, axis=1))
        columns /= scale[:, None]
    return columns, centre, scale


def _sequence(problem: LassoProblem, columns: Floats, y: Floats) -> Floats:
    p, n = columns.shape
    largest = np.abs(columns @ (y - y.mean())).max(initial=0.0) / n
    ratio = problem.minimum_ratio
    if ratio is None:
        ratio = 0.01 if n < p else 1e-4
    steps = np.arange(problem.n_lambda) / max(problem.n_lambda - 1, 1)
    sequence: Floats = largest * ratio**steps
    return sequence


def cross_validate(
    problem: LassoProblem,
    values: Floats,
    y: Floats,
    lambdas: Floats,
    fold_id: NDArray[np.intp],
    measure: str,
    own_sequence: bool,
) -> tuple[Floats, Floats]:
    """Return mean and standard error of the out-of-fold loss at every penalty.

    As cv.glmnet: the mean over folds, weighted by their size, and the weighted standard deviation
    of the folds' losses over sqrt(K - 1). With fewer than three cases per fold single cases take
    the place of folds (glmnet's ``grouped=FALSE``). ``"auc"`` is negated: smaller is better.
    """
    losses, weights = [], []
    for fold in range(fold_id.max() + 1):
        test = fold_id == fold
        given = None if own_sequence else lambdas
        path = fit_path(problem, values[~test], y[~test], given)
        linear = (path.at(lambdas) if own_sequence else path).predict(values[test])
        losses.append(_loss(measure, y[test], linear))
        weights.append(test.sum())
    if measure != "auc" and len(y) / len(losses) < 3:
        table, weight = np.vstack(losses), np.ones(len(y))
    else:
        table, weight = np.array([loss.mean(axis=0) for loss in losses]), np.array(weights)
    mean = np.average(table, axis=0, weights=weight)
    spread = np.average((table - mean) ** 2, axis=0, weights=weight) / (len(table) - 1)
    return mean, np.sqrt(spread)


def _loss(measure: str, y: Floats, linear: Floats) -> Floats:
    """Loss per case and penalty; for ``"auc"`` one row, minus the AUC of the fold."""
    outcome = y[:, None]
    if measure == "mse":
        return np.asarray((outcome - linear) ** 2)
    if measure == "class":
        return np.asarray((linear > 0) != (outcome == 1), dtype=float)
    if measure == "auc":
        pairs = (y == 1).sum() * (y == 0).sum()
        return -mann_whitney_columns(linear, y == 1, method="asymptotic")[0][None, :] / pairs
    probability = np.clip(expit(linear), PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return np.asarray(-2 * np.where(outcome == 1, np.log(probability), np.log1p(-probability)))


def choose(mean: Floats, sd: Floats) -> tuple[int, int]:
    """Return the positions of lambda.min and lambda.1se.

    The largest lambda whose loss is the minimum, and the largest lambda whose loss is within one
    standard error of it.
    """
    best = int(np.flatnonzero(mean <= mean.min())[0])
    within = int(np.flatnonzero(mean <= mean[best] + sd[best])[0])
    return best, within
