"""Logistic regression by maximum likelihood, and by Firth's penalised likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from dlr.errors import DlrError
from dlr.stats._logistic_fit import LogisticFit, separates
from dlr.stats._validation import (
    FloatArray,
    binary_outcome,
    check_choice,
    check_same_order,
    group_codes,
)

INTERCEPT = "intercept"
METHOD_NAMES = ("maximum likelihood", "firth")


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """A fitted logistic regression.

    Attributes
    ----------
    names : tuple of str
        Columns of the design, without the intercept.
    coefficients : pandas.Series
        Log-odds per unit, index ``"intercept"`` and then `names`; positive raises the risk.
    covariance : pandas.DataFrame
        Of the coefficients, from the inverse information.
    log_likelihood : float
        Unpenalised, also where the fit is penalised.
    method : str
        ``"maximum likelihood"`` or ``"firth"``.
    separated : bool
        Whether the maximum-likelihood estimate does not exist.
    n, n_positive : int
    """

    names: tuple[str, ...]
    coefficients: pd.Series
    covariance: pd.DataFrame
    log_likelihood: float
    method: str
    separated: bool
    n: int
    n_positive: int

    def predict_log_odds(self, X: pd.DataFrame) -> FloatArray:
        """Return log-odds; `X` holds the model's columns by name."""
        absent = [name for name in self.names if name not in X]
        if absent:
            raise DlrError(f"the model needs the column '{absent[0]}', which the data lack")
        slopes = self.coefficients[list(self.names)].to_numpy(dtype=float)
        design = X[list(self.names)].to_numpy(dtype=float)
        return np.asarray(self.coefficients[INTERCEPT] + design @ slopes, dtype=float)

    def predict_probability(self, X: pd.DataFrame) -> FloatArray:
        """Return probabilities of the event, in (0, 1)."""
        return np.asarray(expit(self.predict_log_odds(X)), dtype=float)

    def standard_error(self, name: str) -> float:
        """Return the standard error of one coefficient."""
        position = self.covariance.index.get_loc(name)
        return float(np.sqrt(np.diag(self.covariance.to_numpy(dtype=float))[position]))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per term: coefficient and standard error."""
        error = np.sqrt(np.diag(self.covariance.to_numpy()))
        return pd.DataFrame({"coefficient": self.coefficients, "standard_error": error})

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "coefficients": {str(k): float(v) for k, v in self.coefficients.items()},
            "covariance": self.covariance.to_numpy().tolist(),
            "log_likelihood": self.log_likelihood,
            "method": self.method,
            "separated": self.separated,
            "n": self.n,
            "n_positive": self.n_positive,
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        coefficients = pd.Series(item["coefficients"], dtype=float)
        terms = list(coefficients.index)
        return cls(
            tuple(terms[1:]),
            coefficients,
            pd.DataFrame(item["covariance"], index=terms, columns=terms),
            item["log_likelihood"],
            item["method"],
            item["separated"],
            item["n"],
            item["n_positive"],
        )


def fit_logistic(
    X: pd.DataFrame, y: ArrayLike, penalty: str = "auto", groups: ArrayLike | None = None
) -> LogisticModel:
    """Fit a logistic regression with intercept.

    Parameters
    ----------
    X : DataFrame of shape (n, k)
        Finite numbers; dummy columns for categories.
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    penalty : {"auto", "none", "firth"}
        ``"none"`` is maximum likelihood; ``"firth"`` penalises by the root of the information's
        determinant (Firth 1993; Heinze & Schemper 2002), which is finite under separation;
        ``"auto"`` takes maximum likelihood unless the data are separated.
    groups : array_like, shape (n,), optional
        Patient of each case, where a patient may have several: the covariance then allows for it
        (Liang & Zeger, Biometrika 73:13, 1986); the coefficients stay as they are.

    Returns
    -------
    LogisticModel

    Raises
    ------
    DlrError
        If `y` has one class, values are missing, or ``penalty="none"`` and no estimate exists.

    References
    ----------
    .. [1] Firth D, Bias reduction of maximum likelihood estimates, Biometrika 80:27-38 (1993).
    .. [2] Heinze G, Schemper M, A solution to the problem of separation in logistic regression,
       Statistics in Medicine 21:2409-2419 (2002).
    """
    check_choice(penalty, "penalty", ("auto", "none", "firth"))
    check_same_order(X, y, "y", "X")
    outcome = binary_outcome(y).astype(float)
    names = tuple(str(column) for column in X.columns)
    values = X.to_numpy(dtype=float)
    if len(values) != len(outcome):
        raise DlrError(f"X has {len(values)} rows but y has {len(outcome)} values")
    if not np.isfinite(values).all():
        bad = names[int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0])]
        raise DlrError(f"the column '{bad}' has missing or infinite values; impute or drop them")
    fit, separated = fit_columns(values, outcome, penalty)
    coefficients, covariance = fit.on_input_scale(group_codes(groups, len(outcome), X, y))
    terms = [INTERCEPT, *names]
    return LogisticModel(
        names,
        pd.Series(coefficients, index=terms),
        pd.DataFrame(covariance, index=terms, columns=terms),
        fit.log_likelihood,
        METHOD_NAMES[fit.firth],
        separated,
        len(outcome),
        int(outcome.sum()),
    )


def fit_columns(
    values: FloatArray, outcome: FloatArray, penalty: str = "auto"
) -> tuple[LogisticFit, bool]:
    """Fit finite columns, shape (n, k), and say whether the data are separated.

    The working part of `fit_logistic`, which documents `penalty` and the errors.
    """
    fit = LogisticFit.of(values, outcome, firth=penalty == "firth")
    if penalty == "firth":
        return fit, separates(fit.design, outcome)
    separated = fit.separated
    if not separated and fit.converged:
        return fit, False
    if penalty == "none":
        raise DlrError(
            "no maximum-likelihood estimate exists: some combination of the variables "
            "separates the classes; leave a variable out or use penalty='firth'"
        )
    return fit.penalised(), separated
