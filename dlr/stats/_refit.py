"""Refitting a whole modelling procedure on bootstrap resamples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._resampling import weight_blocks
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    binary_outcome,
    check_count,
    check_same_order,
    group_codes,
    probability_vector,
)

Fit = Callable[[Any, IntArray], Any]
Predict = Callable[[Any, Any], ArrayLike]


@dataclass(frozen=True, eq=False)
class Procedure:
    """A modelling procedure together with the data it is validated on.

    Attributes
    ----------
    fit : callable
        ``fit(X, y) -> model``; everything that was decided on the data belongs inside:
        filtering, selection, scaling, tuning, the choice of a threshold.
    predict : callable
        ``predict(model, X) -> probabilities``.
    X : DataFrame or ndarray, n rows
    outcome : ndarray of bool, shape (n,)
    """

    fit: Fit
    predict: Predict
    X: Any
    outcome: BoolArray

    @classmethod
    def of(cls, fit: Fit, predict: Predict, X: Any, y: ArrayLike) -> Procedure:
        """Check the data and put them together."""
        check_same_order(X, y, "y", "X")
        outcome = binary_outcome(y)
        table = X if isinstance(X, pd.DataFrame | pd.Series) else np.asarray(X)
        if len(table) != len(outcome):
            raise DlrError(f"X must have {len(outcome)} rows like y, but has {len(table)}.")
        return cls(fit, predict, table, outcome)

    def take(self, rows: IntArray) -> Any:
        """Return rows of X, with fresh labels so that repeated rows are rows of their own."""
        if isinstance(self.X, pd.DataFrame | pd.Series):
            return self.X.iloc[rows].reset_index(drop=True)
        return self.X[rows]

    def fitted_on(self, rows: IntArray) -> Any:
        """Fit the procedure to some rows."""
        return self.fit(self.take(rows), self.outcome[rows].astype(np.int64))

    def predictions(self, model: Any, rows: IntArray) -> FloatArray:
        """Predict some rows with a fitted model."""
        predicted = self.predict(model, self.take(rows))
        return probability_vector(predicted, "the result of predict", len(rows))


def resample_rows(
    outcome: BoolArray,
    n_resamples: int,
    groups: ArrayLike | None,
    random_state: int,
    resamples: ArrayLike | None,
) -> Iterator[IntArray]:
    """Yield the rows of each resample, drawn here or taken from `resamples` (B x n).

    With groups whole clusters are drawn, so the number of rows varies.
    """
    n = len(outcome)
    if resamples is not None:
        rows = np.asarray(resamples)
        if rows.ndim != 2 or not len(rows) or rows.min() < 0 or rows.max() >= n:
            raise DlrError(
                f"resamples must be a table of row numbers from 0 to {n - 1}, one resample a row."
            )
        yield from rows.astype(np.int64)
        return
    check_count(n_resamples, "B", 2)
    rng = np.random.default_rng(random_state)
    for block in weight_blocks(rng, n_resamples, outcome, group_codes(groups, n)):
        for weights in block:
            yield np.repeat(np.arange(n), weights.astype(np.int64))
