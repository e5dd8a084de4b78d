"""Whether estimates from separate groups of cases differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from dlr.errors import DlrError


@dataclass(frozen=True)
class HeterogeneityTest:
    """Cochran's Q test that all groups share one value.

    Attributes
    ----------
    statistic : float
        Q; NaN when it cannot be computed (`note` says why).
    degrees_of_freedom : int
        Number of groups that entered, less one.
    p_value : float
        Small when the groups differ by more than chance would explain.
    pooled : float
        Mean of the groups, weighted by their inverse variances.
    note : str
        What was left out or is missing; empty otherwise.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    pooled: float
    note: str = ""

    @property
    def i_squared(self) -> float:
        """Share of the groups' variation that is not chance, (Q - df) / Q, at least 0."""
        if not self.statistic > 0:
            return nan if self.statistic != self.statistic else 0.0
        return max(0.0, (self.statistic - self.degrees_of_freedom) / self.statistic)


def cochran_q(values: ArrayLike, standard_errors: ArrayLike) -> HeterogeneityTest:
    """Test whether independent estimates share one value.

    Parameters
    ----------
    values : array_like, shape (k,)
        One estimate per group, such as AUCs of separate groups of patients.
    standard_errors : array_like, shape (k,)
        Their standard errors. Groups whose value or error is missing, or whose error is zero
        (an AUC of exactly 1), are left out and counted in the note.

    Returns
    -------
    HeterogeneityTest
        Q = sum of (value - pooled)^2 / variance against chi-squared with k - 1 degrees of
        freedom. With two groups it is the square of the unpaired z test.

    Raises
    ------
    DlrError
        If the two lengths differ.

    References
    ----------
    Cochran WG, The combination of estimates from different experiments, Biometrics 10:101-129
    (1954). I squared: Higgins & Thompson, Statistics in Medicine 21:1539-1558 (2002).
    """
    value = np.asarray(values, dtype=np.float64)
    error = np.asarray(standard_errors, dtype=np.float64)
    if value.shape != error.shape or value.ndim != 1:
        raise DlrError(
            f"values and standard_errors must be vectors of one length, got shapes "
            f"{value.shape} and {error.shape}."
        )
    usable = np.isfinite(value) & np.isfinite(error) & (error > 0)
    left_out = int((~usable).sum())
    note = f"{left_out} of {len(value)} groups without a standard error left out" * (left_out > 0)
    value, error = value[usable], error[usable]
    if len(value) < 2:
        few = "fewer than two groups have a standard error"
        return HeterogeneityTest(nan, max(len(value) - 1, 0), nan, nan, few)
    weight = error**-2
    pooled = float(weight @ value / weight.sum())
    statistic = float(weight @ (value - pooled) ** 2)
    freedom = len(value) - 1
    return HeterogeneityTest(statistic, freedom, float(chdtrc(freedom, statistic)), pooled, note)
