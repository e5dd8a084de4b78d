"""Which features moved a case's score, in log-odds, away from that of the average training case.

The features that reach a classifier are Z-scores of the training cases, so the case of zeros is
the average one: its score is the base, and every feature adds its contribution. Of a linear
classifier the contributions are coefficient times Z-score; of any other they are Shapley values
against the average case. Either way they sum to the score.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlr.errors import DlrError
from dlr.models.classifiers import CLASSIFIERS
from dlr.models.frozen import FrozenChain
from dlr.models.shapley import shapley_values
from dlr.models.signature import FusedSignature, Signature

Method = Literal["linear", "shapley"]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """What each feature added to each case's score.

    Parameters
    ----------
    feature_set : str
        The score that is taken apart.
    method : {"linear", "shapley"}
        Coefficient times Z-score, or Shapley values; of a late fusion the latter where any member
        needs them.
    base : float
        Score of the average training case, in log-odds.
    values : pandas.DataFrame of shape (n_cases, n_features)
        Contributions in log-odds; above 0 raises the probability of the event.
    measured : pandas.DataFrame of shape (n_cases, n_features)
        The features as measured; missing ones imputed.
    scaled : pandas.DataFrame of shape (n_cases, n_features)
        The same in SDs from the training mean.
    scores : pandas.Series of shape (n_cases,)
        The scores, in log-odds.
    seconds : float
        Time it took.
    """

    feature_set: str
    method: Method
    base: float
    values: pd.DataFrame
    measured: pd.DataFrame
    scaled: pd.DataFrame
    scores: pd.Series
    seconds: float

    def case(self, case_id: str) -> pd.DataFrame:
        """Return one case's features, the strongest first.

        Returns
        -------
        pandas.DataFrame
            Columns ``feature``, ``measured``, ``scaled``, ``contribution``.
        """
        frame = pd.DataFrame(
            {
                "feature": self.values.columns,
                "measured": self.measured.loc[case_id].to_numpy(),
                "scaled": self.scaled.loc[case_id].to_numpy(),
                "contribution": self.values.loc[case_id].to_numpy(),
            }
        )
        order = frame["contribution"].abs().sort_values(ascending=False, kind="stable").index
        return frame.loc[order].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per case and feature: ``case_id``, and the columns of :meth:`case`."""
        parts = [self.case(str(name)).assign(case_id=str(name)) for name in self.values.index]
        columns = ["case_id", "feature", "measured", "scaled", "contribution"]
        return (
            pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame([], [], columns)
        )


def explain(
    signature: Signature | FusedSignature,
    features: pd.DataFrame,
    centers: pd.Series | None = None,
    *,
    method: Literal["auto", "linear", "shapley"] = "auto",
    seed: int = 0,
) -> Contributions:
    """Take the scores of some cases apart.

    Parameters
    ----------
    signature : Signature or FusedSignature
        A frozen score.
    features : pandas.DataFrame
        A feature table's values, one row per case.
    centers : pandas.Series, optional
        Centre of each case, needed where the score harmonises centres.
    method : {"auto", "linear", "shapley"}
        ``"auto"``: linear where the classifier is, otherwise Shapley values.
    seed : int
        Draws the orders of features where Shapley values are sampled; see
        :func:`dlr.models.shapley.shapley_values`.

    Returns
    -------
    Contributions

    Raises
    ------
    DlrError
        If ``"linear"`` is asked of a classifier that is not linear.
    """
    started = time.perf_counter()
    if isinstance(signature, FusedSignature):
        parts = [
            _explain_one(member, features, centers, method, seed) for member in signature.members
        ]
        found = _fused(signature, parts)
    else:
        found = _explain_one(signature, features, centers, method, seed)
    values, measured, scaled, base, used = found
    scores = signature.score(features, centers)
    seconds = time.perf_counter() - started
    return Contributions(
        signature.feature_set, used, base, values, measured, scaled, scores, seconds
    )


_Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, float, Method]


def _explain_one(
    signature: Signature,
    features: pd.DataFrame,
    centers: pd.Series | None,
    method: str,
    seed: int,
) -> _Parts:
    chain = signature.chain
    measured, scaled = chain.values(features, centers), chain.scaled(features, centers)
    used = _method(chain, method)
    if used == "linear":
        coefficients, intercept = _line(chain.classifier)
        decisions, zero = scaled.to_numpy(dtype=float) * coefficients, intercept
    else:
        decide = _decision(chain)
        cases = scaled.to_numpy(dtype=float)
        decisions = shapley_values(decide, cases, seed)
        zero = float(decide(np.zeros((1, cases.shape[1])))[0])
    values = pd.DataFrame(signature.slope * decisions, scaled.index, scaled.columns)
    return values, measured, scaled, signature.intercept + signature.slope * zero, used


def _method(chain: FrozenChain, wanted: str) -> Method:
    linear = getattr(chain.classifier, "coef_", None) is not None
    if wanted == "linear" and not linear:
        label = CLASSIFIERS[chain.algorithm].label
        raise DlrError(f"{label} is not linear; take method 'shapley'")
    return "linear" if linear and wanted != "shapley" else "shapley"


def _line(classifier: Any) -> tuple[Array, float]:
    """Return coefficients and intercept of a linear decision function."""
    coefficients = np.asarray(classifier.coef_, dtype=float).reshape(-1)
    return coefficients, float(np.ravel(classifier.intercept_)[0])


def _decision(chain: FrozenChain) -> Callable[[Array], Array]:
    """Return the classifier's decision function."""
    score = CLASSIFIERS[chain.algorithm].score

    def decide(cases: Array) -> Array:
        return np.asarray(score(chain.classifier, cases), dtype=float)

    return decide


def _fused(signature: FusedSignature, parts: list[_Parts]) -> _Parts:
    """Put the members of a late fusion together; features are named by the member, too."""
    order: tuple[Method, ...] = ("linear", "shapley")
    frames: list[list[pd.DataFrame]] = [[], [], []]
    base = signature.intercept
    for member, weight, part in zip(signature.members, signature.weights, parts, strict=True):
        prefix = f"{member.feature_set}/"
        for place, (frame, factor) in enumerate(zip(part[:3], (weight, 1.0, 1.0), strict=True)):
            frames[place].append((factor * frame).add_prefix(prefix))
        base += weight * part[3]
    used = max((part[4] for part in parts), key=order.index)
    values, measured, scaled = (pd.concat(found, axis=1) for found in frames)
    return values, measured, scaled, base, used
