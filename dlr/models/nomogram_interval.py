"""Confidence intervals of a nomogram's probabilities, from the covariance of its coefficients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from dlr.errors import DlrError
from dlr.models.nomogram_terms import Term

Covariance = tuple[tuple[float, ...], ...]
"""Of the intercept and then every term's coefficients; a factor's reference has none."""


def parameter_count(terms: Sequence[Term]) -> int:
    """Return the number of coefficients that were estimated, the intercept included."""
    return 1 + sum(len(term.coefficients) - bool(term.levels) for term in terms)


def check_covariance(covariance: Covariance, terms: Sequence[Term]) -> None:
    """Refuse a covariance that is no symmetric matrix of the size of the model.

    Raises
    ------
    DlrError
        If it has another size, is not symmetric, or holds values that are not finite.
    """
    expected = parameter_count(terms)
    if len(covariance) != expected or any(len(row) != expected for row in covariance):
        raise DlrError(
            f"the nomogram's covariance must be {expected} x {expected} (the intercept, then each "
            f"coefficient but those of reference levels), got {len(covariance)} rows"
        )
    matrix = np.asarray(covariance, dtype=float)
    scale = float(np.abs(matrix).max())
    if not np.isfinite(matrix).all() or np.abs(matrix - matrix.T).max() > 1e-8 * scale:
        raise DlrError("the nomogram's covariance must be symmetric and finite")


def design_matrix(terms: Sequence[Term], cases: pd.DataFrame) -> NDArray[np.float64]:
    """Return one column per estimated coefficient, the intercept's ones first."""
    blocks = [np.ones((len(cases), 1))]
    blocks += [term.design(cases[term.variable]) for term in terms]
    return np.hstack(blocks)


def probability_interval(
    log_odds: NDArray[np.float64],
    design: NDArray[np.float64],
    covariance: Covariance,
    level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return low and high of the probability of each case.

    The interval is that of the linear predictor by the normal approximation (delta method),
    carried over to the probability, so that it never leaves 0 to 1. It tells how exactly the
    coefficients are known from the training cases, not whether the model holds elsewhere.

    References
    ----------
    .. [1] Hosmer DW, Lemeshow S, Sturdivant RX, Applied Logistic Regression, 3rd ed. (2013),
       section 2.5.
    """
    if not 0 < level < 1:
        raise DlrError(f"level must lie strictly between 0 and 1, got {level!r}")
    variance = np.einsum("ij,jk,ik->i", design, np.asarray(covariance, dtype=float), design)
    half = norm.ppf((1 + level) / 2) * np.sqrt(np.maximum(variance, 0.0))
    return np.asarray(expit(log_odds - half)), np.asarray(expit(log_odds + half))
