"""The DLR score: a chain's decision value put on the log-odds scale, honestly.

Decision values of a support vector machine have no unit, and those of the training cases are too
good. So the log-odds line (Platt 1999) is fitted on decision values of an inner cross-validation
in which the whole chain is learnt again, and those inner scores, not in-sample ones, feed the
nomogram.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from dlr.models.frozen import FittedSelection, FrozenChain
from dlr.models.grid import AlgorithmFit, GridFit
from dlr.stats import fit_logistic

MINIMUM_SLOPE = 1e-3
"""A slope below zero would turn the score round; without inner evidence it is made nearly flat."""


NOTHING_LEARNT = 1e-3
"""Spread of a classifier's decisions on its own training cases, relative to that of the inner
ones, below which it tells them apart in nothing. What spreads the inner ones then is the share of
events, which differs between inner folds; a line fitted on it would be followed anywhere."""


@dataclass(frozen=True, eq=False)
class Signature:
    """A frozen score: chain and log-odds line.

    Parameters
    ----------
    feature_set : str
        Such as ``"Rad_sag"`` or ``"DLR"``.
    chain : FrozenChain
    intercept, slope : float
        Log-odds = intercept + slope x decision value; the slope is positive.
    """

    feature_set: str
    chain: FrozenChain
    intercept: float
    slope: float

    def score(self, features: pd.DataFrame, centers: pd.Series | None = None) -> pd.Series:
        """Return the score of each case, in log-odds; higher means positive."""
        decision = self.chain.decision(features, centers)
        return (self.intercept + self.slope * decision).rename("score")


@dataclass(frozen=True, eq=False)
class FusedSignature:
    """A late fusion: a weighted sum of other scores, in log-odds.

    Parameters
    ----------
    feature_set : str
    members : tuple of Signature
    weights : tuple of float
    intercept : float
    """

    feature_set: str
    members: tuple[Signature, ...]
    weights: tuple[float, ...]
    intercept: float

    def score(self, features: pd.DataFrame, centers: pd.Series | None = None) -> pd.Series:
        """Return the score of each case, in log-odds; higher means positive."""
        total = pd.Series(self.intercept, index=features.index)
        for member, weight in zip(self.members, self.weights, strict=True):
            total = total + weight * member.score(features, centers)
        return total.rename("score")


@dataclass(frozen=True, eq=False)
class FittedSignature:
    """A signature, its selection record, and the inner out-of-fold scores of its training cases.

    `fitted` is None for a late fusion, which selects nothing.
    """

    signature: Signature | FusedSignature
    fitted: FittedSelection | None
    inner_scores: pd.Series
    algorithm: str = ""


def platt_line(decisions: pd.Series, outcome: pd.Series) -> tuple[float, float]:
    """Return intercept and slope of the log-odds over decision values.

    Parameters
    ----------
    decisions : pandas.Series
        Decision values of cases the classifier did not learn from.
    outcome : pandas.Series
        1 or 0, indexed alike.

    References
    ----------
    Platt J, Probabilistic outputs for support vector machines, Advances in Large Margin
    Classifiers (1999): the sigmoid is fitted on cross-validated decision values.
    """
    flat = float(logit(outcome.mean()))
    spread = float(np.std(decisions.to_numpy()))
    if np.ptp(decisions.to_numpy()) == 0:
        return flat, MINIMUM_SLOPE
    # Per SD, since algorithms' decision values have scales of their own.
    line = fit_logistic((decisions / spread).to_frame("decision"), outcome)
    intercept, slope = line.coefficients["intercept"], line.coefficients["decision"]
    if slope < MINIMUM_SLOPE:
        return flat, MINIMUM_SLOPE / spread
    return float(intercept), float(slope / spread)


def signature_of(grid: GridFit, algorithm: str, outcome: pd.Series) -> FittedSignature:
    """Make the score of one algorithm of a grid.

    One that learnt nothing gives everyone the log-odds of the training cases' share of events.
    """
    fit: AlgorithmFit = grid.algorithms[algorithm]
    intercept, slope = platt_line(fit.inner_decisions, outcome)
    inner_spread = float(np.std(fit.inner_decisions.to_numpy()))
    if fit.training_spread < NOTHING_LEARNT * inner_spread:
        intercept, slope = float(logit(outcome.mean())), MINIMUM_SLOPE**2 / inner_spread
    chain = grid.selection.with_classifier(algorithm, fit.classifier)
    signature = Signature(grid.feature_set, chain, intercept, slope)
    inner_scores = (intercept + slope * fit.inner_decisions).rename("score")
    return FittedSignature(signature, grid.selection, inner_scores, algorithm)


def fuse(
    feature_set: str, members: list[FittedSignature], fusion: str, outcome: pd.Series
) -> FittedSignature:
    """Fuse scores: their mean, or a logistic regression on their inner out-of-fold values.

    Parameters
    ----------
    feature_set : str
        Name of the fused score.
    members : list of FittedSignature
        None of them a fusion itself.
    fusion : {"average", "stack"}
    outcome : pandas.Series
        1 or 0, of the cases the members learnt from.

    References
    ----------
    Wolpert DH, Stacked generalization, Neural Networks 5:241-259 (1992).
    """
    scores = pd.DataFrame({m.signature.feature_set: m.inner_scores for m in members})
    if fusion == "average":
        weights, intercept = np.full(len(members), 1 / len(members)), 0.0
    else:
        stacked = fit_logistic(scores, outcome)
        intercept = float(stacked.coefficients["intercept"])
        weights = stacked.coefficients.drop("intercept").to_numpy(dtype=float)
    plain = tuple(m.signature for m in members if isinstance(m.signature, Signature))
    fused = FusedSignature(feature_set, plain, tuple(map(float, weights)), intercept)
    inner = (intercept + scores.to_numpy() @ weights).astype(float)
    return FittedSignature(fused, None, pd.Series(inner, scores.index, name="score"), fusion)
