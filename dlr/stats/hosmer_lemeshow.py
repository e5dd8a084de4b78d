"""The Hosmer-Lemeshow test of calibration."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from dlr.stats._risk_groups import risk_groups
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    check_count,
    outcome_and_probability,
)


@dataclass(frozen=True, eq=False)
class HosmerLemeshow:
    """Observed against expected events in groups of predicted risk.

    Attributes
    ----------
    statistic : float
        Chi-squared statistic; larger means worse calibration.
    degrees_of_freedom : int
        G - 2 on the data the model was fitted to, G on other data.
    p_value : float
        NaN when the groups leave no degrees of freedom (`note` says so).
    groups : int
        Number G of groups formed; fewer than asked for when predictions are tied.
    table : DataFrame
        Per group: low, high, n, observed, expected, mean_predicted, observed_rate.
    external : bool
        Whether the data were not used to fit the model.
    note : str
        What needs care; empty otherwise.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    groups: int
    table: pd.DataFrame
    external: bool = False
    note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the statistic, its degrees of freedom and p value."""
        return pd.DataFrame(
            {
                "statistic": [self.statistic],
                "degrees_of_freedom": [self.degrees_of_freedom],
                "p_value": [self.p_value],
                "groups": [self.groups],
                "note": [self.note],
            }
        )


def hosmer_lemeshow(
    y: ArrayLike, p: ArrayLike, groups: int = 10, external: bool = False
) -> HosmerLemeshow:
    """Test calibration by comparing events with their expected number in groups of risk.

    The test has little power in small samples, rejects almost anything in large ones, and
    depends on the grouping; read the calibration slope and curve first.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    p : array_like, shape (n,)
        Predicted probability of the event.
    groups : int
        Number of groups asked for, cut at quantiles of `p`.
    external : bool
        True for data the model was not fitted to: no parameters were estimated on them, so
        the degrees of freedom are G instead of G - 2.

    Returns
    -------
    HosmerLemeshow
        Hosmer & Lemeshow, Applied Logistic Regression, 2nd ed. 2000, section 5.2.2. Groups as
        ResourceSelection::hoslem.test; degrees of freedom from the groups actually formed.

    Raises
    ------
    DlrError
        When an input is not valid or fewer than 2 groups are asked for.
    """
    outcome, predicted = outcome_and_probability(y, p)
    check_count(groups, "groups", 2)
    codes, breaks = risk_groups(predicted, groups)
    formed = int(codes.max()) + 1
    n = np.bincount(codes, minlength=formed).astype(np.float64)
    observed, expected = _sums(codes, outcome, formed), _sums(codes, predicted, formed)
    statistic = _chi_squared(observed, expected) + _chi_squared(n - observed, n - expected)
    freedom = formed if external else formed - 2
    note = _note(formed, groups, freedom, statistic)
    table = pd.DataFrame(
        {
            "low": breaks[:-1],
            "high": breaks[1:],
            "n": n.astype(np.int64),
            "observed": observed,
            "expected": expected,
            "mean_predicted": expected / n,
            "observed_rate": observed / n,
        }
    )
    p_value = float(chdtrc(freedom, statistic)) if freedom > 0 else nan
    return HosmerLemeshow(statistic, max(freedom, 0), p_value, formed, table, external, note)


def _sums(codes: IntArray, values: FloatArray | BoolArray, groups: int) -> FloatArray:
    return np.bincount(codes, weights=values, minlength=groups).astype(np.float64)


def _chi_squared(observed: FloatArray, expected: FloatArray) -> float:
    """Sum (O - E)^2 / E; a group with nothing expected and nothing seen adds nothing."""
    squared = (observed - expected) ** 2
    empty = expected <= 0
    if (squared[empty] > 0).any():
        return float("inf")
    return float((squared[~empty] / expected[~empty]).sum())


def _note(formed: int, asked: int, freedom: int, statistic: float) -> str:
    notes = []
    if freedom <= 0:
        notes.append(f"{formed} group(s) leave no degrees of freedom, so there is no p value")
    elif formed < asked:
        notes.append(f"tied predictions left {formed} of {asked} groups")
    if statistic == float("inf"):
        notes.append("an outcome occurred in a group where it had been predicted to be impossible")
    return "; ".join(notes)
