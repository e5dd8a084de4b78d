"""Updating a frozen score to another hospital: offered with its evidence, never applied silently.

Two updates leave the ranking of patients, and so the AUC, as it is: a new intercept (risks are
higher or lower everywhere) and a new intercept and slope (risks are too extreme or too timid).
Which one the data support is decided by a closed test procedure that guards against updating more
than they do (Vergouwe et al. 2017). A validation writes the result as ``recalibration.json``; a
prediction uses that file only when told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit, logit

from dlr.errors import DlrError
from dlr.stats import ConfidenceInterval, Estimate
from dlr.stats._clustered import wald_p_value
from dlr.stats._recalibration import fit_line, fit_offset, line_with_covariance
from dlr.stats._validation import (
    BoolArray,
    FloatArray,
    IntArray,
    group_codes,
    outcome_and_score,
)

Update = Literal["none", "intercept", "intercept and slope"]
UPDATES: tuple[Update, ...] = ("none", "intercept", "intercept and slope")


@dataclass(frozen=True)
class ScoreUpdate:
    """New log-odds = intercept + slope x old log-odds."""

    intercept: float = 0.0
    slope: float = 1.0

    def log_odds(self, score: FloatArray) -> FloatArray:
        """Update scores in log-odds."""
        return self.intercept + self.slope * np.asarray(score, dtype=np.float64)

    def probability(self, probability: float) -> float:
        """Update one probability, such as a threshold: the same cases stay above it."""
        if probability in (0.0, 1.0):
            return probability
        return float(expit(self.intercept + self.slope * logit(probability)))


@dataclass(frozen=True)
class Recalibration:
    """Both updates of one score, the tests between them, and what they suggest.

    Attributes
    ----------
    feature_set : str
    n, n_positive : int
    offset : Estimate
        New intercept where the slope stays 1; above 0: risks were predicted too low.
    intercept, slope : Estimate
        Of the update of both; NaN with a note where there is no finite slope.
    log_likelihood : mapping of str to float
        Of the cohort, by update.
    p_any : float
        Test of both updated against none, 2 degrees of freedom: likelihood ratio, or Wald's F
        where patients have several cases.
    p_slope : float
        Of both updated against the intercept alone, 1 degree of freedom.
    alpha : float
        Level of both tests.
    note : str
    """

    feature_set: str
    n: int
    n_positive: int
    offset: Estimate
    intercept: Estimate
    slope: Estimate
    log_likelihood: Mapping[str, float]
    p_any: float
    p_slope: float
    alpha: float = 0.05
    note: str = ""

    @property
    def warning(self) -> str:
        """Why the score must not be used in this cohort, updated or not; empty otherwise."""
        if self.slope.value <= 0:
            return (
                "do not use: the score ranks this cohort the wrong way round, which no update mends"
            )
        return ""

    @property
    def suggested(self) -> Update:
        """What the closed test procedure supports.

        None where the score as it is fits as well as the fullest update; else the intercept alone
        where that fits as well as both; else both.
        """
        if self.p_any != self.p_any:
            # Without a slope only the intercept can be tested.
            return "intercept" if self.offset.p_value < self.alpha else "none"
        if self.p_any >= self.alpha:
            return "none"
        return "intercept" if self.p_slope >= self.alpha else "intercept and slope"

    def update(self, kind: Update) -> ScoreUpdate:
        """Return one of the updates.

        Raises
        ------
        DlrError
            If it does not exist or would turn the score round.
        """
        if kind == "none":
            return ScoreUpdate()
        if kind == "intercept":
            return ScoreUpdate(self.offset.value)
        if not self.slope.value > 0:
            raise DlrError(
                f"{self.feature_set} has no positive slope in this cohort "
                f"({self.slope.note or f'{self.slope.value:.3g}'}), so it cannot be updated by one"
            )
        return ScoreUpdate(self.intercept.value, self.slope.value)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per update: intercept and slope with limits, likelihood, tests."""
        none = ConfidenceInterval(nan, nan, level)
        rows = []
        for kind in UPDATES:
            large = self.offset if kind == "intercept" else self.intercept
            if kind == "none":
                values, limits = (0.0, 1.0), (none, none)
            elif kind == "intercept":
                values, limits = (large.value, 1.0), (large.confidence_interval(level), none)
            else:
                values = (large.value, self.slope.value)
                limits = (large.confidence_interval(level), self.slope.confidence_interval(level))
            rows.append(
                {
                    "feature_set": self.feature_set,
                    "n": self.n,
                    "n_positive": self.n_positive,
                    "update": kind,
                    "intercept": values[0],
                    "intercept_low": limits[0].low,
                    "intercept_high": limits[0].high,
                    "slope": values[1],
                    "slope_low": limits[1].low,
                    "slope_high": limits[1].high,
                    "log_likelihood": self.log_likelihood[kind],
                    "p_value": {"none": self.p_any, "intercept": self.p_slope}.get(kind, nan),
                    "suggested": kind == self.suggested,
                }
            )
        return pd.DataFrame(rows)


def recalibrate(
    y: ArrayLike,
    log_odds: ArrayLike,
    feature_set: str = "",
    alpha: float = 0.05,
    groups: ArrayLike | None = None,
) -> Recalibration:
    """Fit both updates of a score on a cohort it was not made on.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 for the event, 0 for none; both must occur.
    log_odds : array_like, shape (n,)
        The frozen score.
    feature_set : str
        Its name.
    alpha : float
        Level of the tests.
    groups : array_like, shape (n,), optional
        Patient of each case. Where patients have several, standard errors allow for it and the
        likelihood-ratio tests, which count cases as independent, become Wald's F tests.

    Returns
    -------
    Recalibration

    Raises
    ------
    DlrError
        If an input is missing values or one class only.

    References
    ----------
    Vergouwe Y et al., A closed testing procedure to select an appropriate method for updating
    prediction models, Statistics in Medicine 36:4529-4539 (2017); for a single score their model
    revision is the update of intercept and slope. Steyerberg EW, Clinical Prediction Models, 2nd
    ed. (2019), chapter 20.
    """
    outcome, score = outcome_and_score(y, log_odds, "log_odds")
    codes = group_codes(groups, len(outcome), y, log_odds)
    offset = fit_offset(outcome, score, codes)
    intercept, slope = fit_line(outcome, score, codes)
    likelihood = {
        "none": _log_likelihood(outcome, score),
        "intercept": _log_likelihood(outcome, score + offset.value),
        "intercept and slope": _log_likelihood(outcome, intercept.value + slope.value * score),
    }
    notes = [slope.note]
    if not slope.note and slope.value <= 0:
        notes.append("the slope is not positive")
    p_any, p_slope = nan, nan
    if slope.value > 0 and codes is None:
        full = likelihood["intercept and slope"]
        p_any = _p_value(full - likelihood["none"], 2)
        p_slope = _p_value(full - likelihood["intercept"], 1)
    elif slope.value > 0 and codes is not None:
        p_any, p_slope = _clustered_tests(outcome, score, codes)
    return Recalibration(
        feature_set,
        len(outcome),
        int(outcome.sum()),
        offset,
        intercept,
        slope,
        likelihood,
        p_any,
        p_slope,
        alpha,
        "; ".join(filter(None, notes)),
    )


def _clustered_tests(outcome: BoolArray, score: FloatArray, codes: IntArray) -> tuple[float, float]:
    """Test both updates against none, and the slope against 1, where patients have several cases.

    With the likelihood-ratio tests 50 patients of four lesions each were told to update a score
    that fits in 17 % of simulated cohorts rather than 5 %; with these, in 6 %.
    """
    clusters = int(codes.max()) + 1
    line, covariance = line_with_covariance(outcome, score, codes)
    difference = line - np.array([0.0, 1.0])
    return (
        wald_p_value(difference, covariance, clusters),
        wald_p_value(difference[1:], covariance[1:, 1:], clusters),
    )


def _log_likelihood(outcome: BoolArray, log_odds: FloatArray) -> float:
    if np.isnan(log_odds).any():
        return nan
    return float(-np.logaddexp(0.0, np.where(outcome, -log_odds, log_odds)).sum())


def _p_value(gain: float, freedom: int) -> float:
    return float(chdtrc(freedom, max(2 * gain, 0.0)))
