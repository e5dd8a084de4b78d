"""How many cases a prediction model for a binary outcome needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, sqrt

import numpy as np
import pandas as pd
from scipy.special import log_expit, logit, ndtri

from dlr.errors import DlrError
from dlr.stats._validation import check_count

# The 95 % interval of the published criterion is written with 1.96, not its exact quantile.
_Z = 1.96


@dataclass(frozen=True)
class SampleSize:
    """Smallest development sample by the criteria of Riley et al.

    Attributes
    ----------
    n : int
        Cases needed: the largest of the three criteria.
    events : float
        Expected number of events among them.
    events_per_parameter : float
        Expected events per candidate parameter.
    n_shrinkage : int
        For an expected shrinkage of predictor effects of at least `shrinkage`.
    n_optimism : int
        For an expected optimism in Nagelkerke's R-squared of at most 0.05.
    n_risk : int
        For an overall risk estimated to within the margin.
    r2_cox_snell, r2_cox_snell_max : float
        Anticipated Cox-Snell R-squared, and its largest possible value at this prevalence.
    """

    n: int
    events: float
    events_per_parameter: float
    n_shrinkage: int
    n_optimism: int
    n_risk: int
    r2_cox_snell: float
    r2_cox_snell_max: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the criteria and the total."""
        return pd.DataFrame({name: [value] for name, value in vars(self).items()})


def sample_size_binary(
    prevalence: float,
    n_parameters: int,
    r2_cox_snell: float | None = None,
    c_statistic: float | None = None,
    shrinkage: float = 0.9,
    margin: float = 0.05,
) -> SampleSize:
    """Compute the sample a new model for a binary outcome needs, as pmsampsize does.

    Parameters
    ----------
    prevalence : float
        Expected share of cases with the event, in (0, 1).
    n_parameters : int
        Number of *candidate* parameters: everything that is screened counts, not only what
        ends up in the model. A thousand screened features count as a thousand.
    r2_cox_snell : float, optional
        Anticipated Cox-Snell R-squared; or give `c_statistic`.
    c_statistic : float, optional
        Anticipated C statistic, in (0.5, 1). Turned into R-squared by assuming a linear
        predictor that is normal within each class (Riley et al., Stat Med 40:859, 2021), by
        integration instead of simulation.
    shrinkage : float
        Smallest acceptable expected shrinkage factor, in (0, 1).
    margin : float
        Largest acceptable half-width of the 95 % interval of the overall risk.

    Returns
    -------
    SampleSize
        Riley et al., Stat Med 38:1276-1296 (2019), criteria 1 to 3.

    Raises
    ------
    DlrError
        When an argument is out of range, or not exactly one of the two performance measures
        is given.

    Examples
    --------
    >>> sample_size_binary(0.174, 24, r2_cox_snell=0.288).n
    662
    """
    for name, value in (("prevalence", prevalence), ("shrinkage", shrinkage), ("margin", margin)):
        _check_open_unit(value, name)
    check_count(n_parameters, "n_parameters", 1)
    log_likelihood = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    r2_max = 1 - exp(2 * log_likelihood)
    r2 = _r2(prevalence, r2_cox_snell, c_statistic, r2_max)
    for_optimism = r2 / (r2 + 0.05 * r2_max)
    n_shrinkage = _n_for_shrinkage(n_parameters, r2, shrinkage)
    n_optimism = _n_for_shrinkage(n_parameters, r2, for_optimism)
    n_risk = ceil((_Z / margin) ** 2 * prevalence * (1 - prevalence))
    n = max(n_shrinkage, n_optimism, n_risk)
    events = n * prevalence
    return SampleSize(n, events, events / n_parameters, n_shrinkage, n_optimism, n_risk, r2, r2_max)


def _check_open_unit(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise DlrError(f"{name} must lie strictly between 0 and 1, got {value!r}.")


def _n_for_shrinkage(n_parameters: int, r2: float, shrinkage: float) -> int:
    if shrinkage <= r2:
        raise DlrError(
            f"A shrinkage of {shrinkage:g} cannot be reached with a Cox-Snell R-squared of "
            f"{r2:g}; ask for more shrinkage than that."
        )
    return ceil(n_parameters / ((shrinkage - 1) * log(1 - r2 / shrinkage)))


def _r2(prevalence: float, r2: float | None, c_statistic: float | None, r2_max: float) -> float:
    if (r2 is None) == (c_statistic is None):
        raise DlrError("Give exactly one of r2_cox_snell and c_statistic.")
    if c_statistic is not None:
        if not 0.5 < c_statistic < 1:
            raise DlrError(f"c_statistic must lie between 0.5 and 1, got {c_statistic!r}.")
        r2 = _r2_from_c(prevalence, c_statistic)
    if r2 is None or not 0 < r2 < r2_max:
        raise DlrError(
            f"r2_cox_snell must lie strictly between 0 and {r2_max:.4f}, the largest value "
            f"possible at a prevalence of {prevalence:g}, got {r2!r}."
        )
    return r2


def _r2_from_c(prevalence: float, c_statistic: float) -> float:
    """Return the Cox-Snell R-squared of a linear predictor, normal within each class.

    With unit variance and means 0 and d, C = Phi(d / sqrt 2), and the log-odds of the event are
    exactly linear: logit(prevalence) + d x - d^2 / 2.
    """
    d = sqrt(2) * float(ndtri(c_statistic))
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / weights.sum()
    # Logs of the risks themselves, which may round to 0 or 1.
    log_odds = logit(prevalence) + d * nodes - d**2 / 2
    fitted = prevalence * weights @ log_expit(log_odds + d**2)
    fitted += (1 - prevalence) * weights @ log_expit(-log_odds)
    null = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    return float(1 - np.exp(2 * (null - fitted)))
