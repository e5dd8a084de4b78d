"""DeLong's test for many models at once: every pair, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from dlr.stats._placements import Placements, placements
from dlr.stats._results import normal_quantile
from dlr.stats._validation import (
    FloatArray,
    NamedVectors,
    binary_outcome,
    check_choice,
    check_same_order,
    group_codes,
    named_vectors,
)
from dlr.stats.delong import NO_VARIANCE, paired_test
from dlr.stats.multiplicity import ADJUSTMENTS, adjust_p_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class DelongMatrix:
    """Areas of several models on the same cases, compared pair by pair and jointly.

    Attributes
    ----------
    names : tuple of str
        The k models in the order given.
    auc : Series, shape (k,)
        Area of each model.
    covariance : DataFrame, shape (k, k)
        Estimated covariance of the areas.
    difference, standard_error, statistic, p_value, p_adjusted : DataFrame, shape (k, k)
        Entry (a, b) compares model a with model b; difference is area a - area b. On the
        diagonal a model meets itself: difference 0 and p 1.
    adjustment : str
        How p_adjusted corrects for the k (k - 1) / 2 comparisons.
    joint_statistic, joint_degrees_of_freedom, joint_p_value : float, int, float
        Chi-squared test that all areas are equal; the degrees of freedom are the rank of the
        contrasts, fewer than k - 1 when models coincide.
    note : str
        Why tests are missing; empty otherwise.
    """

    names: tuple[str, ...]
    auc: pd.Series
    covariance: pd.DataFrame
    difference: pd.DataFrame
    standard_error: pd.DataFrame
    statistic: pd.DataFrame
    p_value: pd.DataFrame
    p_adjusted: pd.DataFrame
    adjustment: str
    joint_statistic: float
    joint_degrees_of_freedom: int
    joint_p_value: float
    note: str = ""

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per pair of models with difference, interval, raw and adjusted p."""
        first, second = np.triu_indices(len(self.names), 1)
        areas, names = self.auc.to_numpy(), np.array(self.names, dtype=object)
        difference = self.difference.to_numpy()[first, second]
        half = normal_quantile(level) * self.standard_error.to_numpy()[first, second]
        return pd.DataFrame(
            {
                "model_a": names[first],
                "model_b": names[second],
                "auc_a": areas[first],
                "auc_b": areas[second],
                "difference": difference,
                "low": difference - half,
                "high": difference + half,
                "statistic": self.statistic.to_numpy()[first, second],
                "p_value": self.p_value.to_numpy()[first, second],
                "p_adjusted": self.p_adjusted.to_numpy()[first, second],
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the matrix of p values; see `dlr.figures.plot_delong_matrix`."""
        from dlr.figures import plot_delong_matrix

        return plot_delong_matrix(self, ax=ax)


def delong_matrix(
    y: ArrayLike,
    scores: NamedVectors,
    groups: ArrayLike | None = None,
    adjustment: str = "holm",
) -> DelongMatrix:
    """Compare the areas of several models on the same cases.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none.
    scores : mapping of str to array_like, or DataFrame
        Scores of two or more models on these cases, each higher when the event is more likely.
    groups : array_like, shape (n,), optional
        Patient of each case (Obuchowski's variance).
    adjustment : {"holm", "bh", "bonferroni", "none"}
        Correction of the pairwise p values for their number.

    Returns
    -------
    DelongMatrix

    Raises
    ------
    DlrError
        When fewer than two models are given or an input is not valid.
    """
    check_choice(adjustment, "adjustment", ADJUSTMENTS)
    outcome = binary_outcome(y)
    vectors = named_vectors(scores, "scores", len(outcome), minimum=2)
    given = [score for _, score in scores.items()]
    for name, score in scores.items():
        check_same_order(y, score, f"scores[{name!r}]")
        check_same_order(given[0], score, f"scores[{name!r}]", "the other scores")
    names = tuple(vectors)
    codes = group_codes(groups, len(outcome), y, *given)
    placed = placements(outcome, list(vectors.values()), codes)
    tables, note = _pair_tables(placed, names, adjustment)
    statistic, freedom, p_value, joint_note = _joint(placed)
    return DelongMatrix(
        names=names,
        auc=pd.Series(placed.auc, index=list(names), name="auc"),
        covariance=_table(placed.covariance(), names),
        **tables,
        adjustment=adjustment,
        joint_statistic=statistic,
        joint_degrees_of_freedom=freedom,
        joint_p_value=p_value,
        note=note or joint_note,
    )


def _table(values: FloatArray, names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(values, index=list(names), columns=list(names))


def _pair_tables(
    placed: Placements, names: tuple[str, ...], adjustment: str
) -> tuple[dict[str, pd.DataFrame], str]:
    """Test every pair; return the tables by field name, and why a test is missing."""
    pairs = list(combinations(range(len(names)), 2))
    tests = [paired_test(placed.of_models([a, b]), 0, 1) for a, b in pairs]
    raw = np.array([test.p_value for test in tests])
    tables = {
        "difference": _square(pairs, [test.difference for test in tests], names, 0.0, -1),
        "standard_error": _square(pairs, [test.standard_error for test in tests], names, 0.0, 1),
        "statistic": _square(pairs, [test.statistic for test in tests], names, 0.0, -1),
        "p_value": _square(pairs, raw, names, 1.0, 1),
        "p_adjusted": _square(pairs, adjust_p_values(raw, adjustment), names, 1.0, 1),
    }
    return tables, next((test.note for test in tests if test.note), "")


def _square(
    pairs: list[tuple[int, int]],
    values: Sequence[float] | FloatArray,
    names: tuple[str, ...],
    diagonal: float,
    sign: int,
) -> pd.DataFrame:
    """Spread values of pairs over a square; the lower triangle is `sign` times the upper."""
    table = np.full((len(names), len(names)), diagonal)
    for (a, b), value in zip(pairs, values):
        table[a, b], table[b, a] = value, sign * value
    return _table(table, names)


def _joint(placed: Placements) -> tuple[float, int, float, str]:
    """Test that all areas are equal; the rank drops when models coincide.

    The contrasts compare each model with the next; the statistic does not depend on that
    choice (DeLong et al. 1988, eq. 5).
    """
    k = len(placed.auc)
    contrast = np.eye(k - 1, k) - np.eye(k - 1, k, k=1)
    difference = contrast @ placed.auc
    covariance = placed.covariance(contrast)
    if placed.problem():
        return nan, k - 1, nan, placed.problem()
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values.max() * 1e-10
    rank = int(kept.sum())
    projected = vectors.T @ difference
    if (np.abs(projected[~kept]) > 1e-10).any():
        return nan, rank, nan, NO_VARIANCE
    statistic = float((projected[kept] ** 2 / values[kept]).sum())
    return statistic, rank, float(chdtrc(rank, statistic)) if rank else 1.0, ""
