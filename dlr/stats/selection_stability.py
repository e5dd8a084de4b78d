"""How alike the feature sets are that a selection gives on resamples of the same data."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.stats._results import ConfidenceInterval, normal_quantile
from dlr.stats._validation import FloatArray


@dataclass(frozen=True, eq=False)
class SelectionStability:
    """Nogueira's index of the sets selected in several runs.

    Attributes
    ----------
    value : float
        1 where all runs select the same features, about 0 where they select at random; at least
        -1 / (n_runs - 1). Below 0.4 is commonly called poor, above 0.75 excellent. NaN where the
        index is not defined; `note` then says why.
    variance : float
        Of the value; NaN where undefined.
    frequency : pandas.Series
        Share of the runs that select a feature, index feature.
    n_runs, n_features : int
    mean_selected : float
        Mean number of features selected.
    note : str
        Why the value is missing; empty otherwise.
    """

    value: float
    variance: float
    frequency: pd.Series
    n_runs: int
    n_features: int
    mean_selected: float
    note: str = ""

    @property
    def standard_error(self) -> float:
        """Root of the variance."""
        return float(np.sqrt(self.variance))

    def confidence_interval(self, level: float = 0.95) -> ConfidenceInterval:
        """Return the normal interval, cut at the index's bounds."""
        half = normal_quantile(level) * self.standard_error
        low, high = np.clip([self.value - half, self.value + half], -1 / (self.n_runs - 1), 1.0)
        return ConfidenceInterval(float(low), float(high), level, "Nogueira", self.note)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row with the index, its interval and what it was made from."""
        interval = self.confidence_interval(level)
        return pd.DataFrame(
            {
                "stability": [self.value],
                "low": [interval.low],
                "high": [interval.high],
                "runs": [self.n_runs],
                "features": [self.n_features],
                "mean_selected": [self.mean_selected],
                "note": [self.note],
            }
        )


def nogueira_stability(selected: pd.DataFrame | ArrayLike) -> SelectionStability:
    """Measure how stable a selection is over resamples.

    Parameters
    ----------
    selected : DataFrame or array of shape (n_runs, n_features)
        True (or 1) where a run selects a feature. All features that could have been selected
        need a column, also those that never were: chance agreement depends on their number.

    Returns
    -------
    SelectionStability

    Raises
    ------
    DlrError
        With fewer than two runs, without features, or with values other than 0 and 1.

    Notes
    -----
    Theorem 4 and Corollary 8 of [1]_. With p_f the frequency of feature f, d features, M runs and
    k features in the mean, the index is
    1 - mean_f[M / (M - 1) p_f (1 - p_f)] / [(k / d)(1 - k / d)]. It is corrected for chance, does
    not depend on the number of features selected, and is the same as Fleiss' kappa with runs as
    raters.

    References
    ----------
    .. [1] Nogueira S, Sechidis K, Brown G, On the stability of feature selection algorithms,
       Journal of Machine Learning Research 18(174):1-54 (2018).
    """
    table = selected if isinstance(selected, pd.DataFrame) else pd.DataFrame(np.asarray(selected))
    chosen = _zeros_and_ones(table)
    runs, features = chosen.shape
    frequency = chosen.mean(axis=0)
    mean = float(chosen.sum(axis=1).mean())
    share = mean / features
    chance = share * (1 - share)
    named = pd.Series(frequency, index=table.columns, name="frequency")
    if mean in (0.0, float(features)):
        what = "no feature" if mean == 0 else "every feature"
        note = f"not defined: every run selects {what}"
        return SelectionStability(nan, nan, named, runs, features, mean, note)
    spread = float((frequency * (1 - frequency)).mean()) * runs / (runs - 1)
    value = 1 - spread / chance
    variance = _variance(chosen, value)
    return SelectionStability(value, variance, named, runs, features, mean)


def _zeros_and_ones(table: pd.DataFrame) -> FloatArray:
    try:
        chosen = table.to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        chosen = np.full(table.shape, nan)
    if chosen.ndim != 2 or len(chosen) < 2 or chosen.shape[1] == 0:
        raise DlrError(
            f"stability needs at least two runs and one feature, got a table of {table.shape}."
        )
    if not np.isin(chosen, (0.0, 1.0)).all():
        raise DlrError("stability needs True or False for every run and feature.")
    return chosen


def _variance(chosen: FloatArray, value: float) -> float:
    """Return the variance of the index, from the part each run has in it."""
    runs, features = chosen.shape
    size = chosen.sum(axis=1) / features
    share = size.mean()
    agreement = chosen @ chosen.mean(axis=0) / features - size * share
    parts = agreement + value / 2 * (2 * share * size - size - share + 1)
    parts = parts / (share * (1 - share))
    return float(4 / runs**2 * ((parts - parts.mean()) ** 2).sum())
