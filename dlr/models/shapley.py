"""Shapley values of a decision function against one baseline, the case of zeros.

A feature's value is its mean contribution when features are put from zero to the case's own value
one after another, over all orders [1]_. Up to `EXACT_UP_TO` features all coalitions are evaluated,
which is exact; beyond, orders are sampled, each together with its reverse [2]_. Either way the
values of a case sum to its decision minus that of the baseline.

References
----------
.. [1] Lundberg SM, Lee SI, A unified approach to interpreting model predictions, NeurIPS 30
   (2017).
.. [2] Mitchell R, Cooper J, Frank E, Holmes G, Sampling permutations for Shapley value
   estimation, J Mach Learn Res 23:1-46 (2022).
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EXACT_UP_TO = 10
"""Features of which all 1,024 coalitions are evaluated."""
PAIRS = 50
"""Pairs of feature orders (one and its reverse) drawn where there are more features."""


def shapley_values(decide: Callable[[Array], Array], cases: Array, seed: int) -> Array:
    """Return Shapley values.

    Parameters
    ----------
    decide : callable
        From (n, n_features) to n decision values.
    cases : ndarray of shape (n_cases, n_features)
        Values relative to the baseline, such as Z-scores.
    seed : int
        Draws the orders where they are sampled; the same for every case.

    Returns
    -------
    ndarray of shape (n_cases, n_features)
    """
    if not cases.size:
        return np.zeros_like(cases)
    if cases.shape[1] <= EXACT_UP_TO:
        return _exact(decide, cases)
    return _sampled(decide, cases, seed)


def _exact(decide: Callable[[Array], Array], cases: Array) -> Array:
    n = cases.shape[1]
    coalitions = np.arange(2**n)
    members = (coalitions[:, None] >> np.arange(n)) & 1  # row c: who is in coalition c
    sizes = members.sum(axis=1)
    weights = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)])
    found = np.empty_like(cases)
    for row, case in enumerate(cases):
        worth = decide(members * case)
        for feature in range(n):
            without = coalitions[members[:, feature] == 0]
            gains = worth[without | (1 << feature)] - worth[without]
            found[row, feature] = weights[sizes[without]] @ gains
    return found


def _sampled(decide: Callable[[Array], Array], cases: Array, seed: int) -> Array:
    n = cases.shape[1]
    random = np.random.default_rng(seed)
    drawn = [random.permutation(n) for _ in range(PAIRS)]
    orders = [order for one in drawn for order in (one, one[::-1])]
    # Step k of an order has its first k features in, from none to all.
    steps = np.concatenate([np.argsort(order) < np.arange(n + 1)[:, None] for order in orders])
    found = np.zeros_like(cases)
    for row, case in enumerate(cases):
        worth = decide(steps * case).reshape(len(orders), n + 1)
        for order, gains in zip(orders, np.diff(worth, axis=1)):
            found[row, order] += gains
    return found / len(orders)
