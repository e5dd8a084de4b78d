"""Location and scale of centres, shrunk towards what the features of a centre have in common.

The parametric empirical Bayes estimates of ComBat. Values are Z-scores around the features' common
mean and in units of their common spread; NaN where missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOLERANCE = 1e-10
"""Relative change at which the estimates have settled."""
STEPS = 10_000


def centre_effect(z: Floats, usable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Estimate one centre's shift and ratio of variances of every feature.

    Parameters
    ----------
    z : ndarray of shape (n_cases, n_features)
        Standardised values of the centre's cases.
    usable : ndarray of bool, shape (n_features,)
        Features that vary within centres; the others are shifted without shrinkage.

    Returns
    -------
    gamma : ndarray of shape (n_features,)
        Shift in units of the common spread.
    delta : ndarray of shape (n_features,)
        Variance as a multiple of the common one; 1 where it cannot be estimated.
    """
    count, mean, variance = _moments(z)
    gamma = np.where(count > 0, mean, 0.0)
    delta = np.ones(z.shape[1])
    with_mean, with_variance = usable & (count > 0), usable & (count > 1)
    if usable.any() and with_mean.any():
        prior = _shift_prior(mean[with_mean])
        shape = _variance_prior(variance[with_variance])
        gamma[usable], delta[usable] = _posterior(
            count[usable], mean[usable], variance[usable], prior, shape
        )
    return gamma, delta


def _moments(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the number of known values, their mean and their variance (divisor n - 1)."""
    known = np.isfinite(z)
    count = known.sum(axis=0).astype(float)
    if len(z) == 0:
        empty = np.full(z.shape[1], np.nan)
        return count, empty, empty
    # Around the first known value, so that a centre's constant feature has exactly that mean.
    base = np.take_along_axis(z, known.argmax(axis=0)[None, :], axis=0)[0]
    shifted = np.where(known, z - base, 0.0)
    mean = base + shifted.sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, z - mean, 0.0) ** 2
    variance = np.where(count > 1, squares.sum(axis=0) / np.maximum(count - 1, 1), np.nan)
    return count, np.where(count > 0, mean, np.nan), variance


def _shift_prior(mean: Floats) -> tuple[float, float]:
    """Return mean and variance of the normal prior of shifts; infinite: no shrinkage."""
    return float(mean.mean()), float(mean.var(ddof=1)) if len(mean) > 1 else np.inf


def _variance_prior(variance: Floats) -> tuple[float, float] | None:
    """Return shape and scale of the inverse gamma prior of variances, by its moments."""
    if len(variance) < 2:
        return None
    mean, spread = float(variance.mean()), float(variance.var(ddof=1))
    if spread <= 0:
        return None
    return (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread


def _posterior(
    count: Floats,
    mean: Floats,
    variance: Floats,
    prior: tuple[float, float],
    shape: tuple[float, float] | None,
) -> tuple[Floats, Floats]:
    """Return the shifts and variances that are each other's posterior mean.

    Without a prior of the variances (a centre of one case, a single feature, equal variances)
    they stay as measured, or 1 where there is nothing to measure.
    """
    centre, width = prior
    known_mean = np.where(count > 0, mean, 0.0)
    measured = np.where(count > 1, variance, 1.0)
    delta = measured
    gamma = _shift(count, known_mean, delta, centre, width)
    if shape is None:
        return gamma, np.where(delta > 0, delta, 1.0)
    a, b = shape
    around = np.where(count > 1, variance * (count - 1), 0.0)
    for _ in range(STEPS):
        squares = around + count * (known_mean - gamma) ** 2
        new_delta = (0.5 * squares + b) / (count / 2 + a - 1)
        new_gamma = _shift(count, known_mean, new_delta, centre, width)
        change = np.abs(new_delta - delta).max() / np.abs(new_delta).max()
        moved = np.abs(new_gamma - gamma).max() / max(np.abs(new_gamma).max(), 1e-300)
        gamma, delta = new_gamma, new_delta
        if max(change, moved) < TOLERANCE:
            break
    return gamma, delta


def _shift(count: Floats, mean: Floats, delta: Floats, centre: float, width: float) -> Floats:
    if np.isinf(width):
        return np.where(count > 0, mean, centre)
    weight = count * width
    total = weight + delta
    # No width and no variance: all shifts are the same number, which is then the estimate.
    safe = np.where(total > 0, total, 1.0)
    return np.where(total > 0, (weight * mean + delta * centre) / safe, centre)
