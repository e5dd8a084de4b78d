"""The DLR score: a chain's decision value put on the log-odds scale, honestly.

Decision values of a support vector machine have no unit, and those of the training cases are too
good. So the log-odds line (Platt 1999) is fitted on decision values of an inner cross-validation
in which the whole chain is learnt again, and those inner scores, not in-sample ones, feed the
nomogram.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy.special import logit

from dlr.models.chain import ChainSettings, FittedChain, FrozenChain, fit_chain
from dlr.models.folds import grouped_folds
from dlr.stats import fit_logistic

MINIMUM_SLOPE = 1e-3
"""A slope below zero would turn the score round; without inner evidence it is made nearly flat."""


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

    def score(self, features: pd.DataFrame) -> pd.Series:
        """Return the score of each case, in log-odds; higher means positive."""
        return (self.intercept + self.slope * self.chain.decision(features)).rename("score")


@dataclass(frozen=True, eq=False)
class FittedSignature:
    """A signature, its selection record, and the inner out-of-fold scores of its training cases."""

    signature: Signature
    fitted: FittedChain
    inner_scores: pd.Series


def fit_signature(
    feature_set: str,
    features: pd.DataFrame,
    outcome: pd.Series,
    subjects: pd.Series,
    settings: ChainSettings,
    second_reader: pd.DataFrame,
    seed: int,
) -> FittedSignature:
    """Fit a score on training cases.

    Parameters are those of :func:`dlr.models.chain.fit_chain`.

    References
    ----------
    Platt J, Probabilistic outputs for support vector machines, Advances in Large Margin
    Classifiers (1999): the sigmoid is fitted on cross-validated decision values.
    """
    held_out = []
    for train, test in grouped_folds(outcome, subjects, settings.model.inner_folds, seed):
        inner = fit_chain(
            features.iloc[train],
            outcome.iloc[train],
            subjects.iloc[train],
            settings,
            second_reader,
            seed,
        )
        held_out.append(inner.chain.decision(features.iloc[test]))
    decisions = pd.concat(held_out).loc[features.index]
    line = fit_logistic(decisions.to_frame(), outcome)
    intercept, slope = line.coefficients["intercept"], line.coefficients["decision"]
    if slope < MINIMUM_SLOPE:
        slope, intercept = MINIMUM_SLOPE, float(logit(outcome.mean()))
    fitted = fit_chain(features, outcome, subjects, settings, second_reader, seed)
    signature = Signature(feature_set, fitted.chain, float(intercept), float(slope))
    inner_scores = (intercept + slope * decisions).rename("score")
    return FittedSignature(signature, fitted, inner_scores)
