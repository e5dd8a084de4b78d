"""Exact p value of an r x c contingency table with fixed margins."""

from __future__ import annotations

from math import comb, log

import numpy as np
from scipy.special import gammaln
from scipy.stats import random_table

from dlr.stats._validation import FloatArray, IntArray

# R's fisher.test: tables up to 1e-7 more likely than the observed one count as equally likely.
_TIE = log(1 + 1e-7)
MOST_SUBTABLES = 4_000_000
_DRAWS, _SEED = 200_000, 20240101


def fisher_p_value(table: IntArray) -> tuple[float, str]:
    """Sum the probabilities of all tables that are at most as likely as `table`.

    Parameters
    ----------
    table : ndarray of int, shape (r, c)
        Counts; no margin is zero.

    Returns
    -------
    p_value : float
    note : str
        Says so when there are too many tables to list and the p value was simulated instead.

    Notes
    -----
    Meeting in the middle: the rows are split into two halves, all subtables of either half are
    listed, and halves whose column sums complement each other are combined through sorted
    cumulative sums. Listing r rows so costs the root of what listing all tables would.
    """
    rows_first = table if table.shape[0] >= table.shape[1] else table.T
    row_totals, column_totals = rows_first.sum(axis=1), rows_first.sum(axis=0)
    constant = float(
        gammaln(row_totals + 1).sum() + gammaln(column_totals + 1).sum() - gammaln(table.sum() + 1)
    )
    threshold = constant - float(gammaln(rows_first + 1).sum()) + _TIE
    halves = _split(row_totals, len(column_totals))
    if halves is None:
        return _simulated(row_totals, column_totals, threshold)
    first, second = (_subtables(half, column_totals) for half in halves)
    # Column sums as one number; the last column follows from the total.
    base = np.cumprod([1, *(column_totals[:-1] + 1)])[:-1]
    keys = first[0][:, :-1] @ base
    partners = (column_totals - second[0])[:, :-1] @ base
    p_value = _combine(keys, first[1] + constant, partners, second[1], threshold)
    return min(p_value, 1.0), ""


def _split(row_totals: IntArray, columns: int) -> tuple[list[int], list[int]] | None:
    """Divide the rows so that both halves have about equally many subtables."""
    halves: tuple[list[int], list[int]] = ([], [])
    sizes = [1, 1]
    for total in sorted((int(value) for value in row_totals), reverse=True):
        smaller = int(sizes[1] < sizes[0])
        halves[smaller].append(total)
        sizes[smaller] *= comb(total + columns - 1, columns - 1)
    return None if max(sizes) > MOST_SUBTABLES else halves


def _subtables(row_totals: list[int], column_totals: IntArray) -> tuple[IntArray, FloatArray]:
    """List all rows with these totals: their column sums and -sum(log x!)."""
    sums = np.zeros((1, len(column_totals)), dtype=np.int64)
    weights = np.zeros(1)
    for total in row_totals:
        row = _compositions(total, column_totals)
        sums = (sums[:, None, :] + row[None, :, :]).reshape(-1, len(column_totals))
        weights = (weights[:, None] - gammaln(row + 1).sum(axis=1)[None, :]).ravel()
        possible = (sums <= column_totals).all(axis=1)
        sums, weights = sums[possible], weights[possible]
    return sums, weights


def _compositions(total: int, most: IntArray) -> IntArray:
    """List all ways to divide `total` among the columns with at most `most` in each."""
    ways = np.zeros((1, 0), dtype=np.int64)
    for limit in most[:-1]:
        counts = np.arange(min(total, int(limit)) + 1)
        ways = np.column_stack([np.repeat(ways, len(counts), axis=0), np.tile(counts, len(ways))])
        ways = ways[ways.sum(axis=1) <= total]
    ways = np.column_stack([ways, total - ways.sum(axis=1)])
    return np.asarray(ways[ways[:, -1] <= most[-1]], dtype=np.int64)


def _combine(
    keys: IntArray,
    weights: FloatArray,
    partners: IntArray,
    partner_weights: FloatArray,
    threshold: float,
) -> float:
    order = np.argsort(keys, kind="stable")
    keys, weights = keys[order], weights[order]
    order = np.lexsort([partner_weights, partners])
    partners, partner_weights = partners[order], partner_weights[order]
    total = 0.0
    for key in np.intersect1d(keys, partners):
        mine = weights[np.searchsorted(keys, key) : np.searchsorted(keys, key, "right")]
        low, high = np.searchsorted(partners, key), np.searchsorted(partners, key, "right")
        theirs = partner_weights[low:high]
        # Relative to the largest of them, so that nothing overflows.
        cumulated = np.concatenate([[0.0], np.cumsum(np.exp(theirs - theirs[-1]))])
        count = np.searchsorted(theirs, threshold - mine, "right")
        total += float(np.exp(mine + theirs[-1]) @ cumulated[count])
    return total


def _simulated(
    row_totals: IntArray, column_totals: IntArray, threshold: float
) -> tuple[float, str]:
    """Estimate the p value from random tables with the same margins (Hope 1968)."""
    law = random_table(row_totals, column_totals)
    draws = law.rvs(_DRAWS, random_state=_SEED)
    constant = float(
        gammaln(row_totals + 1).sum()
        + gammaln(column_totals + 1).sum()
        - gammaln(row_totals.sum() + 1)
    )
    likelihood = constant - gammaln(draws + 1).sum(axis=(1, 2))
    p_value = (1 + int((likelihood <= threshold).sum())) / (1 + _DRAWS)
    return p_value, f"simulated with {_DRAWS:,} random tables: there are too many to list them all"
