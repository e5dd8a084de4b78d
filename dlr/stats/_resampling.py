"""Bootstrap resamples expressed as how often each case was drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dlr.stats._validation import BoolArray, FloatArray, IntArray

# Entries of one block of resamples; keeps memory near 32 MB whatever the number of cases.
_BLOCK = 4_000_000


def resample_counts(rng: np.random.Generator, n: int, size: int) -> FloatArray:
    """Return, for `size` draws of n out of n with replacement, how often each was drawn.

    Returns
    -------
    ndarray, shape (size, n)
        Whole numbers as floats, each row summing to n.
    """
    drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def weight_blocks(
    rng: np.random.Generator,
    n_resamples: int,
    outcome: BoolArray,
    codes: IntArray | None = None,
    stratified: bool = False,
) -> Iterator[FloatArray]:
    """Draw resamples block by block.

    Parameters
    ----------
    rng : numpy Generator
    n_resamples : int
    outcome : ndarray of bool, shape (n,)
    codes : ndarray of int, shape (n,), optional
        Cluster of each case; whole clusters are then drawn.
    stratified : bool
        Draw cases within each class, which keeps the numbers with and without the event.
        Clusters are never stratified, since one may hold both.

    Yields
    ------
    ndarray, shape (size, n)
        How often each case occurs; every resample holds both classes (one that does not is
        drawn again).
    """
    rows = max(1, _BLOCK // len(outcome))
    for start in range(0, n_resamples, rows):
        size = min(rows, n_resamples - start)
        if stratified and codes is None:
            yield _stratified(rng, outcome, size)
        else:
            units = np.arange(len(outcome)) if codes is None else codes
            yield _both_classes(rng, outcome, units, size)


def _stratified(rng: np.random.Generator, outcome: BoolArray, size: int) -> FloatArray:
    weights = np.empty((size, len(outcome)))
    for members in (np.flatnonzero(outcome), np.flatnonzero(~outcome)):
        weights[:, members] = resample_counts(rng, len(members), size)
    return weights


def _both_classes(
    rng: np.random.Generator, outcome: BoolArray, units: IntArray, size: int
) -> FloatArray:
    n_units = int(units.max()) + 1
    counts = resample_counts(rng, n_units, size)
    while True:
        weights: FloatArray = counts[:, units]
        events, total = weights @ outcome, weights.sum(1)
        lacking = (events == 0) | (events == total)
        if not lacking.any():
            return weights
        counts[lacking] = resample_counts(rng, n_units, int(lacking.sum()))
