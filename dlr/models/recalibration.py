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
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit, logit

from dlr.errors import DlrError, Fault, InputError
from dlr.models.bundle import Bundle
from dlr.models.identity import model_identity
from dlr.safety.documents import is_file, read_json
from dlr.stats import ConfidenceInterval, Estimate
from dlr.stats._recalibration import fit_line, fit_offset
from dlr.stats._validation import BoolArray, FloatArray, outcome_and_score

Update = Literal["none", "intercept", "intercept and slope"]
UPDATES: tuple[Update, ...] = ("none", "intercept", "intercept and slope")
FORMAT = 1


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
        Likelihood-ratio test of both updated against none, 2 degrees of freedom.
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
        Patient of each case; several cases of one patient are noted, as likelihoods count them as
        independent.

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
    offset = fit_offset(outcome, score)
    intercept, slope = fit_line(outcome, score)
    likelihood = {
        "none": _log_likelihood(outcome, score),
        "intercept": _log_likelihood(outcome, score + offset.value),
        "intercept and slope": _log_likelihood(outcome, intercept.value + slope.value * score),
    }
    full = likelihood["intercept and slope"]
    notes = [slope.note]
    if not slope.note and slope.value <= 0:
        notes.append("the slope is not positive: the score ranks this cohort the wrong way round")
    if groups is not None and pd.Series(np.asarray(groups)).duplicated().any():
        notes.append("several cases of one subject count as independent: intervals too narrow")
    usable = slope.value > 0
    return Recalibration(
        feature_set,
        len(outcome),
        int(outcome.sum()),
        offset,
        intercept,
        slope,
        likelihood,
        _p_value(full - likelihood["none"], 2) if usable else nan,
        _p_value(full - likelihood["intercept"], 1) if usable else nan,
        alpha,
        "; ".join(filter(None, notes)),
    )


def _log_likelihood(outcome: BoolArray, log_odds: FloatArray) -> float:
    if np.isnan(log_odds).any():
        return nan
    return float(-np.logaddexp(0.0, np.where(outcome, -log_odds, log_odds)).sum())


def _p_value(gain: float, freedom: int) -> float:
    return float(chdtrc(freedom, max(2 * gain, 0.0)))


@dataclass(frozen=True)
class RecalibrationFile:
    """What ``recalibration.json`` says: which update of which score, from which cohort.

    Attributes
    ----------
    model : str
        Identity of the bundle; see :func:`model_identity`.
    cohort : str
        Where the updates were fitted.
    updates : mapping of str to ScoreUpdate
        By feature set; only those that change anything.
    kinds : mapping of str to str
        Which update each feature set takes.
    """

    model: str
    cohort: str
    updates: Mapping[str, ScoreUpdate]
    kinds: Mapping[str, str]

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file that a validation wrote; ``use`` may have been edited by hand.

        Raises
        ------
        InputError
            If the file is absent, is not such a file, or asks for an update it does not hold.
        """
        path = Path(path)
        if not is_file(path):
            raise _fault("the file does not exist; 'dlr validate' writes it", path)
        content = read_json(path)
        try:
            chosen = {name: item["use"] for name, item in content["feature_sets"].items()}
            updates = {
                name: _chosen(item, str(item["use"]), name)
                for name, item in content["feature_sets"].items()
            }
            model, cohort = str(content["model"]), str(content["cohort"])
        except DlrError as error:
            raise _fault(str(error), path) from None
        except (LookupError, TypeError, AttributeError, ValueError):
            message = "this is no recalibration.json of 'dlr validate'"
            raise _fault(message, path) from None
        changed = {name: update for name, update in updates.items() if update != ScoreUpdate()}
        return cls(model, cohort, changed, {name: chosen[name] for name in changed})

    def check(self, bundle: Bundle) -> None:
        """Refuse a file that belongs to another model.

        Raises
        ------
        DlrError
        """
        if self.model != model_identity(bundle):
            raise DlrError(
                "the recalibration was fitted for another model than this bundle; validate this "
                "bundle and use the recalibration.json written then"
            )

    def apply(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Update scores, one column of log-odds per feature set."""
        return scores.assign(
            **{n: u.log_odds(scores[n].to_numpy()) for n, u in self.updates.items() if n in scores}
        )

    def thresholds(self, thresholds: Mapping[str, float]) -> dict[str, float]:
        """Move the locked thresholds along, so that the same cases are called positive."""
        return {
            name: self.updates[name].probability(value) if name in self.updates else value
            for name, value in thresholds.items()
        }

    def describe(self) -> str:
        """Say in one sentence what was changed."""
        if not self.updates:
            return f"recalibration to the {self.cohort} cohort: no score needed a change"
        parts = [
            f"{name}: {self.kinds[name]} (log-odds {u.intercept:+.3f} {u.slope:+.3f} x score)"
            for name, u in self.updates.items()
        ]
        return f"recalibrated to the {self.cohort} cohort: {'; '.join(parts)}"


def recalibration_json(
    items: Mapping[str, Recalibration], bundle_identity: str, cohort: str, level: float = 0.95
) -> dict[str, Any]:
    """Return what ``recalibration.json`` holds.

    Parameters
    ----------
    items : mapping of str to Recalibration
        By feature set.
    bundle_identity : str
        See :func:`model_identity`.
    cohort : str
        Where they were fitted.
    level : float
        Of the limits.
    """
    return {
        "format": FORMAT,
        "what": "Updates of a frozen score, fitted on the cohort named here. Nothing is applied "
        "unless this file is given to 'dlr predict --recalibrate'; 'use' may be set to any of "
        f"{', '.join(UPDATES)}.",
        "model": bundle_identity,
        "cohort": cohort,
        "level": level,
        "feature_sets": {name: _item(item, level) for name, item in items.items()},
    }


def _item(item: Recalibration, level: float) -> dict[str, Any]:
    updates = {
        str(row["update"]): {
            str(name): _plain(value)
            for name, value in row.items()
            if str(name).startswith(("intercept", "slope", "log_likelihood"))
        }
        for row in item.to_frame(level).to_dict("records")
    }
    return {
        "use": item.suggested,
        "n": item.n,
        "n_positive": item.n_positive,
        "alpha": item.alpha,
        "p_any": _plain(item.p_any),
        "p_slope": _plain(item.p_slope),
        "note": item.note,
        "updates": updates,
    }


def _plain(value: Any) -> float | None:
    return None if value != value else float(value)


def _chosen(item: Mapping[str, Any], kind: str, name: str) -> ScoreUpdate:
    if kind not in UPDATES:
        raise DlrError(f"{name}: 'use' must be one of {', '.join(UPDATES)}, but is '{kind}'")
    found = item["updates"][kind]
    if found["slope"] is None or not found["slope"] > 0:
        raise DlrError(f"{name}: there is no update by '{kind}' that keeps the score's direction")
    return ScoreUpdate(float(found["intercept"]), float(found["slope"]))


def _fault(message: str, path: Path) -> InputError:
    return InputError([Fault(message, path, code="recalibration")])
