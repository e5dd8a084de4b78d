"""Newton's method for the logistic likelihood and for Firth's penalised one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan, sqrt
from typing import Self

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import linprog
from scipy.special import expit, ndtri

from dlr.stats._clustered import no_error_note, sandwich
from dlr.stats._validation import BoolArray, FloatArray, IntArray

_ITERATIONS, _FIRTH_ITERATIONS, _TOLERANCE, _LONGEST_STEP = 50, 500, 1e-10, 5.0
_HALVINGS, _QUICK_STEPS, _PROFILE_STEPS = 30, 40, 60
# Below it a pivot of the information is rounding error: a column repeats others.
_SINGULAR = 1e-12
_FARTHEST = 1e4  # standard errors; a profile that has not fallen there never falls
# A fitted probability so close to 0 or 1 raises the suspicion of separation.
_NEARLY_CERTAIN = 1e-6


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A maximum of the (penalised) likelihood, on standardised columns.

    Attributes
    ----------
    design : ndarray of shape (n, k + 1)
        Ones and the standardised columns; one scale keeps the information well conditioned.
    outcome : ndarray of shape (n,)
    mean, scale : ndarray of shape (k,)
        Of the columns before they were standardised.
    firth : bool
        Whether the likelihood is penalised.
    beta : ndarray of shape (k + 1,)
    objective : float
        Log-likelihood, with half the log-determinant of the information when penalised.
    converged : bool
    """

    design: FloatArray
    outcome: FloatArray
    mean: FloatArray
    scale: FloatArray
    firth: bool
    beta: FloatArray
    objective: float
    converged: bool

    @classmethod
    def of(cls, values: FloatArray, outcome: FloatArray, firth: bool) -> Self:
        """Fit the columns of `values`, shape (n, k)."""
        mean, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        design = np.column_stack([np.ones(len(values)), (values - mean) / scale])
        start = np.zeros(design.shape[1])
        return cls(design, outcome, mean, scale, firth, start, -inf, False)._maximised()

    def penalised(self) -> Self:
        """Fit the same data by Firth's penalised likelihood."""
        start = np.zeros_like(self.beta)
        return replace(self, firth=True, beta=start)._maximised()

    def restricted(self, columns: list[int]) -> Self:
        """Fit with the coefficients of these columns (0 is the first after the intercept) at 0.

        The penalty keeps the full design, as in Heinze & Schemper's likelihood-ratio test.
        """
        free = np.ones(len(self.beta), dtype=bool)
        free[[column + 1 for column in columns]] = False
        return replace(self, beta=np.where(free, self.beta, 0.0))._maximised(free)

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood without the penalty."""
        return _log_likelihood(self.design, self.outcome, self.beta)

    @property
    def separated(self) -> bool:
        """Whether the maximum-likelihood estimate does not exist.

        Asked of a linear program (Konis, DPhil thesis, Oxford 2007): is there a direction along
        which no case's fit gets worse and some case's gets better?
        """
        doubt = np.abs(self.outcome - expit(self.design @ self.beta)) < _NEARLY_CERTAIN
        if self.converged and not doubt.any():
            return False
        return separates(self.design, self.outcome)

    def on_input_scale(self, codes: IntArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return coefficients and their covariance for the columns as they were given.

        With cluster `codes` the covariance allows for them; of fewer than five it is NaN.
        """
        covariance = np.linalg.pinv(_information(self.design, self.beta), hermitian=True)
        if no_error_note(codes):
            covariance = np.full_like(covariance, nan)
        elif codes is not None:
            covariance = sandwich(np.asarray(covariance, dtype=np.float64), self._scores(), codes)
        back = np.diag(np.concatenate([[1.0], 1.0 / self.scale]))
        back[0, 1:] = -self.mean / self.scale
        return back @ self.beta, back @ covariance @ back.T

    def _scores(self) -> FloatArray:
        """Return each case's derivative of the (penalised) log-likelihood, shape (n, k + 1)."""
        probability = expit(self.design @ self.beta)
        residual = self.outcome - probability
        if self.firth:
            weight = probability * (1 - probability)
            information = _information(self.design, self.beta)
            leverage = weight * (self.design.T * _solve(information, self.design.T)).sum(axis=0)
            residual = residual + leverage * (0.5 - probability)
        return np.asarray(self.design * residual[:, None])

    def profile_interval(self, column: int, level: float) -> tuple[float, float]:
        """Return the profile-likelihood limits of one coefficient, on the input scale.

        Where twice the drop of the profiled log-likelihood equals the chi-squared quantile,
        solved to rounding error; infinite where the likelihood never drops so far.
        """
        z = float(ndtri(0.5 + level / 2))
        limits = [self._profile_limit(column + 1, side * z) for side in (-1, 1)]
        return limits[0] / self.scale[column], limits[1] / self.scale[column]

    def _profile_limit(self, index: int, target: float) -> float:
        quick = self._quick_limit(index, target)
        return self._bracketed_limit(index, target) if quick is None else quick

    def _quick_limit(self, index: int, target: float) -> float | None:
        """Venzon & Moolgavkar's method (Applied Statistics 37:87, 1988); None when it gets lost.

        The limit and the other coefficients move together: the free scores go to zero while the
        quadratic model of the likelihood is to reach the wanted value, so that each step costs one
        information matrix.
        """
        wanted = self.objective - target**2 / 2
        pick = np.zeros_like(self.beta)
        pick[index] = np.sign(target)
        beta = self.beta.copy()
        for _ in range(_QUICK_STEPS):
            score, curvature = self._derivatives(beta)
            toward, along = _solve(curvature, np.column_stack([score, pick])).T
            if along @ pick <= 0:
                return None
            surplus = self._objective(beta) - wanted + score @ toward / 2
            step = toward + sqrt(max(2 * surplus / (along @ pick), 0.0)) * along
            longest = float(np.abs(step).max())
            beta = beta + step * min(1.0, _LONGEST_STEP / max(longest, _TOLERANCE))
            if longest < 1e-11 * max(1.0, float(np.abs(beta).max())):
                reached = abs(self._objective(beta) - wanted) < 1e-9
                outwards = (beta[index] - self.beta[index]) * target > 0
                return float(beta[index]) if reached and outwards else None
        return None

    def _bracketed_limit(self, index: int, target: float) -> float:
        """Newton's method on the signed root of the drop, which is almost linear, within a bracket.

        Slower, but it always ends. The slope is known: by the envelope theorem the profile's
        derivative is the score.
        """
        covariance = np.linalg.pinv(_information(self.design, self.beta), hermitian=True)
        error = sqrt(covariance[index, index])
        side, z = np.sign(target), abs(target)
        free = np.arange(len(self.beta)) != index
        inside, outside = 0.0, inf  # distances from the maximum
        distance, point = z * error, self
        for _ in range(_PROFILE_STEPS):
            start = point.beta.copy()
            start[index] = self.beta[index] + side * distance
            point = replace(self, beta=start)._maximised(free)
            root = sqrt(max(2 * (self.objective - point.objective), 0.0))
            inside, outside = (distance, outside) if root < z else (inside, distance)
            slope = abs(self._derivatives(point.beta)[0][index]) / root if root > 0 else 0.0
            step = (z - root) / slope if slope > 0 else inf
            if abs(step) <= 1e-13 * distance or outside - inside <= 1e-14 * distance:
                break
            distance = _within(distance + step, inside, outside)
            if distance > _FARTHEST * error:
                return float(side * inf)
        return float(self.beta[index] + side * distance)

    def _derivatives(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the score, and the matrix that turns it into a step.

        Firth's penalty acts like additional cases, half in either class, whose weights are the
        leverages (the diagonal of the hat matrix). Without them in the matrix a step for a case
        that alone decides a coefficient (leverage 1) is twice too long and swings about the maximum
        without end.
        """
        design = self.design
        probability = expit(design @ beta)
        residual, weight = self.outcome - probability, probability * (1 - probability)
        information = design.T @ (design * weight[:, None])
        if not self.firth:
            return design.T @ residual, information
        leverage = weight * (design.T * _solve(information, design.T)).sum(axis=0)
        score = design.T @ (residual + leverage * (0.5 - probability))
        return score, design.T @ (design * (weight * (1 + leverage))[:, None])

    def _maximised(self, free: BoolArray | None = None) -> Self:
        """Climb from the present coefficients; those not `free` stay.

        Not converging means that no maximum exists.
        """
        moving = np.ones(len(self.beta), dtype=bool) if free is None else free
        point = replace(self, objective=self._objective(self.beta), converged=True)
        if not moving.any():
            return point
        for _ in range(_FIRTH_ITERATIONS if self.firth else _ITERATIONS):
            score, curvature = self._derivatives(point.beta)
            step = np.zeros_like(point.beta)
            step[moving] = _solve(curvature[np.ix_(moving, moving)], score[moving])
            step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), _TOLERANCE))
            for _halving in range(_HALVINGS):
                gained = self._objective(point.beta + step)
                if gained >= point.objective - 1e-12 * abs(point.objective):
                    break
                step = step / 2
            beta = point.beta + step
            point = replace(point, beta=beta, objective=gained)
            if float(np.abs(step).max()) < _TOLERANCE * max(1.0, float(np.abs(beta).max())):
                return point
        return replace(point, converged=False)

    def _objective(self, beta: FloatArray) -> float:
        value = _log_likelihood(self.design, self.outcome, beta)
        if self.firth:
            value += 0.5 * float(np.linalg.slogdet(_information(self.design, beta))[1])
        return value


def separates(design: FloatArray, outcome: FloatArray) -> bool:
    """Say whether some combination of the columns separates the classes, wholly or in part."""
    signed = design * np.where(outcome > 0, 1.0, -1.0)[:, None]
    answer = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    return bool(answer.status == 0 and -answer.fun > 1e-7)


def independent_columns(values: FloatArray) -> list[int]:
    """Return the columns that are no linear combination of a constant and earlier columns."""
    basis = np.full((len(values), 1), 1 / sqrt(max(len(values), 1)))
    kept = []
    for column in range(values.shape[1]):
        vector = values[:, column] - values[:1, column]
        length = float(np.linalg.norm(vector))
        for _ in range(2):  # twice is enough for orthogonality to rounding error
            vector = vector - basis @ (basis.T @ vector)
        rest = float(np.linalg.norm(vector))
        if rest > 1e-9 * length and length > 0:
            basis = np.column_stack([basis, vector / rest])
            kept.append(column)
    return kept


def _within(distance: float, inside: float, outside: float) -> float:
    """Keep a step inside its bracket; by halves, or by doubling while there is no outer end."""
    if inside < distance < outside and distance < 10 * max(inside, 1e-300):
        return distance
    if np.isinf(outside):
        return 2 * inside
    return (inside + outside) / 2 if not inside < distance < outside else distance


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Divide by a symmetric matrix; by its pseudo-inverse when it is singular."""
    try:
        factor = cho_factor(matrix, lower=True, check_finite=False)
    except LinAlgError:
        return np.asarray(np.linalg.pinv(matrix, hermitian=True) @ right)
    pivots = np.diag(factor[0]) ** 2
    if pivots.min() <= _SINGULAR * pivots.max():
        return np.asarray(np.linalg.pinv(matrix, hermitian=True) @ right)
    return np.asarray(cho_solve(factor, right, check_finite=False))


def _information(design: FloatArray, beta: FloatArray) -> FloatArray:
    probability = expit(design @ beta)
    weight = probability * (1 - probability)
    return design.T @ (design * weight[:, None])


def _log_likelihood(design: FloatArray, outcome: FloatArray, beta: FloatArray) -> float:
    predictor = design @ beta
    return float(outcome @ predictor - np.logaddexp(0, predictor).sum())
