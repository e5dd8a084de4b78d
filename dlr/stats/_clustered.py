"""What several cases of one patient do to variances: sandwich covariance and design effect."""

from __future__ import annotations

from math import nan

import numpy as np
from scipy.special import fdtrc

from dlr.stats._validation import BoolArray, FloatArray, IntArray

FEW_CLUSTERS = 5
"""With fewer clusters standard errors that allow for them are too small by any amount."""

NO_SPREAD = 1e-12
"""A variance of an area that is zero but for rounding."""


def clusters_words(count: int) -> str:
    """Name a number of clusters that is too small."""
    return f"only {count} clusters of cases (such as patients)"


def no_error_note(codes: IntArray | None) -> str:
    """Say why there are no standard errors; empty where there are clusters enough, or none."""
    clusters = FEW_CLUSTERS if codes is None else int(codes.max()) + 1
    if clusters >= FEW_CLUSTERS:
        return ""
    return f"no interval can be given from {clusters_words(clusters)}"


def sandwich(bread: FloatArray, scores: FloatArray, codes: IntArray) -> FloatArray:
    """Return the covariance of estimates that allows for clusters.

    Parameters
    ----------
    bread : ndarray of shape (k, k)
        Inverse information.
    scores : ndarray of shape (n, k)
        Derivative of each case's log-likelihood.
    codes : ndarray of shape (n,)
        Cluster of each case, 0 to G - 1.

    Returns
    -------
    ndarray of shape (k, k)
        With the usual correction G / (G - 1) x (n - 1) / (n - k), as statsmodels and R's
        ``sandwich::vcovCL`` have it (Liang & Zeger, Biometrika 73:13, 1986).
    """
    n, k = scores.shape
    clusters = int(codes.max()) + 1
    sums = np.zeros((clusters, k))
    np.add.at(sums, codes, scores)
    correction = clusters / (clusters - 1) * (n - 1) / max(n - k, 1)
    return np.asarray(bread @ (sums.T @ sums) @ bread * correction)


def wald_p_value(difference: FloatArray, covariance: FloatArray, clusters: int) -> float:
    """Test that all of `difference` is zero, by F with one degree of freedom less than clusters.

    NaN with fewer than five of these.

    Needed where likelihood-ratio tests are wrong because they count cases as independent.
    """
    if clusters < FEW_CLUSTERS:
        return nan
    k = len(difference)
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference) / k
    return float(fdtrc(k, clusters - 1, max(statistic, 0.0)))


def design_effect(hits: BoolArray, codes: IntArray) -> float:
    """Return how many times larger clusters make the variance of a share; at least 1.

    The variance of the ratio estimate over clusters against that of independent cases (Rao &
    Scott, Biometrics 48:577, 1992). Where all or none are hits the clusters tell nothing about
    it, and each counts as one case.
    """
    n = len(hits)
    if n == 0:
        return 1.0
    _, codes = np.unique(codes, return_inverse=True)
    clusters = int(codes.max()) + 1
    share = float(hits.mean())
    if share in (0.0, 1.0) or clusters == 1:
        return n / clusters
    residuals = np.bincount(codes, weights=hits - share)
    variance = clusters / (clusters - 1) * float(residuals @ residuals) / n**2
    return max(variance / (share * (1 - share) / n), 1.0)
