"""Logistic regression by maximum likelihood, and by Firth's penalised likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtri, expit

from dlr.errors import DlrError
from dlr.stats._validation import FloatArray, binary_outcome, check_choice

INTERCEPT = "intercept"
_MAXIMUM_LIKELIHOOD, _FIRTH = "maximum likelihood", "firth"
_ITERATIONS, _FIRTH_ITERATIONS, _TOLERANCE, _LONGEST_STEP = 35, 500, 1e-10, 5.0


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


def fit_logistic(X: pd.DataFrame, y: ArrayLike, penalty: str = "auto") -> LogisticModel:
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
    outcome = binary_outcome(y).astype(float)
    names = tuple(str(column) for column in X.columns)
    values = X.to_numpy(dtype=float)
    if len(values) != len(outcome):
        raise DlrError(f"X has {len(values)} rows but y has {len(outcome)} values")
    if not np.isfinite(values).all():
        bad = names[int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0])]
        raise DlrError(f"the column '{bad}' has missing or infinite values; impute or drop them")
    # Columns on one scale keep the information matrix well conditioned; undone below.
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(values)), (values - mean) / scale])
    beta, converged = _maximise(design, outcome, firth=penalty == "firth")
    method = _FIRTH if penalty == "firth" else _MAXIMUM_LIKELIHOOD
    separated = False
    if penalty != "firth" and not converged:
        if penalty == "none":
            raise DlrError(
                "no maximum-likelihood estimate exists: some combination of the variables "
                "separates the classes; leave a variable out or use penalty='firth'"
            )
        separated, method = True, _FIRTH
        beta, converged = _maximise(design, outcome, firth=True)
    information = _information(design, beta)
    covariance = np.linalg.pinv(information)
    back = np.diag(np.concatenate([[1.0], 1.0 / scale]))
    back[0, 1:] = -mean / scale
    terms = [INTERCEPT, *names]
    return LogisticModel(
        names,
        pd.Series(back @ beta, index=terms),
        pd.DataFrame(back @ covariance @ back.T, index=terms, columns=terms),
        _log_likelihood(design, outcome, beta),
        method,
        separated,
        len(outcome),
        int(outcome.sum()),
    )


def _information(design: FloatArray, beta: FloatArray) -> FloatArray:
    probability = expit(design @ beta)
    weight = probability * (1 - probability)
    return design.T @ (design * weight[:, None])


def _log_likelihood(design: FloatArray, outcome: FloatArray, beta: FloatArray) -> float:
    predictor = design @ beta
    return float(outcome @ predictor - np.logaddexp(0, predictor).sum())


def _objective(design: FloatArray, outcome: FloatArray, beta: FloatArray, firth: bool) -> float:
    value = _log_likelihood(design, outcome, beta)
    if firth:
        value += 0.5 * float(np.linalg.slogdet(_information(design, beta))[1])
    return value


def _maximise(
    design: FloatArray,
    outcome: FloatArray,
    firth: bool,
    start: FloatArray | None = None,
    held: int | None = None,
) -> tuple[FloatArray, bool]:
    """Newton's method with step halving; not converging means that no maximum exists.

    The coefficient number `held` stays at its starting value (for profile likelihoods).
    """
    beta = np.zeros(design.shape[1]) if start is None else start.copy()
    free = np.arange(len(beta)) != held
    value = _objective(design, outcome, beta, firth)
    for _ in range(_FIRTH_ITERATIONS if firth else _ITERATIONS):
        information = _information(design, beta)
        probability = expit(design @ beta)
        residual = outcome - probability
        if firth:
            inverse = np.linalg.pinv(information, hermitian=True)
            weight = probability * (1 - probability)
            leverage = weight * np.einsum("ij,jk,ik->i", design, inverse, design)
            residual = residual + leverage * (0.5 - probability)
        part = information[np.ix_(free, free)]
        step = np.zeros(len(beta))
        step[free] = np.linalg.pinv(part, hermitian=True) @ (design[:, free].T @ residual)
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), _TOLERANCE))
        for _halving in range(30):
            trial = beta + step
            gained = _objective(design, outcome, trial, firth)
            if gained >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta, value = trial, gained
        if float(np.abs(step).max()) < _TOLERANCE * max(1.0, float(np.abs(beta).max())):
            return beta, True
    return beta, False


def profile_interval(
    X: pd.DataFrame, y: ArrayLike, name: str, model: LogisticModel, level: float = 0.95
) -> tuple[float, float]:
    """Return the profile-likelihood interval of one coefficient, solved exactly.

    Its ends are where twice the drop of the (penalised) log-likelihood, maximised over all other
    coefficients, reaches the chi-squared quantile of one degree of freedom. R's ``confint`` finds
    them by spline interpolation and differs by up to 1e-3 [1]_.

    Parameters
    ----------
    X, y
        As fitted.
    name : str
        Column of `X`.
    model : LogisticModel
        The fit of these data.
    level : float

    Returns
    -------
    low, high : float
        On the log-odds scale; infinite where the likelihood never falls that far.

    References
    ----------
    .. [1] Venzon DJ, Moolgavkar SH, A method for computing profile-likelihood-based confidence
       intervals, Applied Statistics 37:87-94 (1988).
    """
    outcome = binary_outcome(y).astype(float)
    values = X[list(model.names)].to_numpy(dtype=float)
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(values)), (values - mean) / scale])
    column = model.names.index(name)
    firth = model.method == _FIRTH
    slopes = model.coefficients[list(model.names)].to_numpy(dtype=float)
    best = np.concatenate([[model.coefficients[INTERCEPT] + mean @ slopes], slopes * scale])
    target = _objective(design, outcome, best, firth) - 0.5 * float(chdtri(1, 1 - level))
    error = model.standard_error(name) * scale[column]

    def excess(shift: float) -> float:
        start = best.copy()
        start[column + 1] += shift
        beta, _ = _maximise(design, outcome, firth, start, held=column + 1)
        return _objective(design, outcome, beta, firth) - target

    ends = [_solve(excess, direction * max(error, 1e-8)) for direction in (-1.0, 1.0)]
    low, high = ((best[column + 1] + end) / scale[column] for end in ends)
    return float(low), float(high)


def _solve(excess: Callable[[float], float], step: float) -> float:
    """Find where `excess` crosses zero, going outwards from 0 in growing steps."""
    inner, outer = 0.0, step
    for _ in range(12):
        if excess(outer) < 0:
            return float(brentq(excess, inner, outer, xtol=1e-12, rtol=1e-13))
        inner, outer = outer, outer * 2
    return float(np.copysign(np.inf, step))
