"""The two logistic fits behind the calibration slope and intercept."""

from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np
from scipy.special import expit

from dlr.errors import DlrError
from dlr.stats._clustered import no_error_note, sandwich
from dlr.stats._results import Estimate
from dlr.stats._validation import BoolArray, FloatArray, IntArray, equal_but_for_rounding

_STEPS = 100
_TOLERANCE = 1e-13


def fit_line(
    outcome: BoolArray, log_odds: FloatArray, codes: IntArray | None = None
) -> tuple[Estimate, Estimate]:
    """Fit logit P(event) = intercept + slope * log_odds by maximum likelihood.

    Returns
    -------
    intercept, slope : Estimate
        NaN with a note when all predictions are equal or they (all but) separate the classes,
        since the slope then has no (finite) maximum-likelihood value. With cluster `codes` the
        standard errors allow for them; below five clusters there are none, and a note.
    """
    reason = _no_slope(outcome, log_odds)
    if reason:
        return Estimate(nan, nan, reason), Estimate(nan, nan, reason)
    try:
        (intercept, slope), covariance = line_with_covariance(outcome, log_odds, codes)
    except DlrError as error:  # one cohort that cannot be measured must not end a study
        return Estimate(nan, nan, str(error)), Estimate(nan, nan, str(error))
    note = no_error_note(codes)
    if note:
        return Estimate(float(intercept), nan, note), Estimate(float(slope), nan, note)
    errors = np.sqrt(np.diag(covariance))
    return Estimate(float(intercept), float(errors[0])), Estimate(float(slope), float(errors[1]))


def line_with_covariance(
    outcome: BoolArray, log_odds: FloatArray, codes: IntArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return intercept and slope, and their covariance.

    Raises
    ------
    DlrError
        If they do not exist, or cannot be told from infinite ones.
    """
    # Centred and scaled, so that the Newton steps are well conditioned for any predictions.
    centre, scale = float(log_odds.mean()), float(log_odds.std())
    x = np.column_stack([np.ones(len(outcome)), (log_odds - centre) / scale])
    beta, covariance = _newton(x, outcome)
    back = np.array([[1.0, -centre / scale], [0.0, 1 / scale]])
    if codes is not None:
        scores = x * (outcome - expit(x @ beta))[:, None]
        covariance = sandwich(covariance, scores, codes)
    return back @ beta, back @ covariance @ back.T


def fit_offset(outcome: BoolArray, log_odds: FloatArray, codes: IntArray | None = None) -> Estimate:
    """Fit logit P(event) = intercept + log_odds: the calibration-in-the-large.

    Returns
    -------
    Estimate
        Positive when events are more frequent than predicted. Always finite, as both classes
        occur. With cluster `codes` the standard error allows for them; below five clusters there
        is none, and a note.
    """
    base = np.log(outcome.mean() / (1 - outcome.mean()))
    low, high = float(base - log_odds.max()), float(base - log_odds.min())
    value = (low + high) / 2
    for _ in range(_STEPS):
        probability = expit(value + log_odds)
        score = float((outcome - probability).sum())
        information = float((probability * (1 - probability)).sum())
        # The score falls with the intercept, so its sign says on which side the root lies.
        low, high = (value, high) if score > 0 else (low, value)
        step = score / information if information > 0 else inf
        if abs(step) <= _TOLERANCE * (1 + abs(value)) or high - low <= _TOLERANCE:
            break
        value = value + step if low < value + step < high else (low + high) / 2
    if information <= 0:
        return Estimate(value, nan, "predictions too extreme for a standard error")
    if codes is None:
        return Estimate(value, 1 / sqrt(information))
    if note := no_error_note(codes):
        return Estimate(value, nan, note)
    bread = np.array([[1 / information]])
    variance = sandwich(bread, (outcome - expit(value + log_odds))[:, None], codes)
    return Estimate(value, sqrt(float(variance[0, 0])))


def _no_slope(outcome: BoolArray, log_odds: FloatArray) -> str:
    positive, negative = log_odds[outcome], log_odds[~outcome]
    if log_odds.min() < log_odds.max() and equal_but_for_rounding(log_odds):
        return "all predictions are equal but for rounding, so there is no calibration slope"
    if log_odds.min() == log_odds.max():
        return "all predictions are equal, so there is no calibration slope"
    if positive.min() >= negative.max() or negative.min() >= positive.max():
        return "the predictions separate the classes, so the calibration slope is infinite"
    return ""


def _newton(x: FloatArray, outcome: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Maximise the logistic likelihood; return coefficients and their covariance."""
    beta = np.zeros(x.shape[1])
    value = _log_likelihood(x, outcome, beta)
    for _ in range(_STEPS):
        probability = expit(x @ beta)
        information = (x.T * (probability * (1 - probability))) @ x
        try:
            step = np.linalg.solve(information, x.T @ (outcome - probability))
        except np.linalg.LinAlgError:  # every probability is 0 or 1 but for rounding
            break
        new, new_value = beta + step, _log_likelihood(x, outcome, beta + step)
        while new_value < value - 1e-9 * (1 + abs(value)):
            step = step / 2
            new, new_value = beta + step, _log_likelihood(x, outcome, beta + step)
        done = np.abs(step).max() <= _TOLERANCE * (1 + np.abs(beta).max())
        beta, value = new, new_value
        if done:
            return beta, np.linalg.inv(information)
    raise DlrError(
        "the predictions all but separate the classes, so the calibration slope cannot be estimated"
    )


def _log_likelihood(x: FloatArray, outcome: BoolArray, beta: FloatArray) -> float:
    log_odds = x @ beta
    return float(-np.logaddexp(0.0, np.where(outcome, -log_odds, log_odds)).sum())
