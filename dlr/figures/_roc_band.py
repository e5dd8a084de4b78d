"""Confidence bands of ROC curves."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlr.errors import DlrError

if TYPE_CHECKING:
    from dlr.stats import RocCurve

Method = Literal["wilson", "bootstrap", "simultaneous"]
METHODS: tuple[Method, ...] = ("wilson", "bootstrap", "simultaneous")
_GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True, eq=False)
class RocBand:
    """A band around an ROC curve.

    Attributes
    ----------
    false_positive_rate : ndarray, shape (k,)
        1 - specificity, rising from 0 to 1.
    low, high : ndarray, shape (k,)
        Limits of the sensitivity, in [0, 1].
    level : float
        Confidence level: at each point, or of the whole curve for "simultaneous".
    method : {"wilson", "bootstrap", "simultaneous"}
    """

    false_positive_rate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    level: float
    method: Method

    def to_frame(self) -> pd.DataFrame:
        """Return one row per false positive rate."""
        return pd.DataFrame(
            {"false_positive_rate": self.false_positive_rate, "low": self.low, "high": self.high}
        )


def roc_band(
    curve: RocCurve,
    method: Method = "bootstrap",
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> RocBand:
    """Compute a confidence band of an ROC curve.

    Parameters
    ----------
    curve : RocCurve
        The empirical curve.
    method : {"bootstrap", "wilson", "simultaneous"}
        "bootstrap": percentiles of the sensitivity at each specificity over stratified resamples
        of cases (of whole groups where the curve has some), as ``pROC::ci.se`` (Robin et al.,
        BMC Bioinformatics 12:77, 2011); pointwise.
        "wilson": interval of the sensitivity at each threshold (Wilson, JASA 22:209, 1927);
        pointwise, and without the uncertainty of the specificity.
        "simultaneous": Kolmogorov-Smirnov limits of both distributions at once (Campbell, Stat
        Med 13:499-508, 1994): with at least the confidence level the whole true curve lies
        inside. It assumes independent cases.
    level : float
        Confidence level in (0, 1).
    n_resamples : int
        Resamples of the bootstrap.
    random_state : int
        Seed of the bootstrap.

    Returns
    -------
    RocBand

    Raises
    ------
    DlrError
        If the method is unknown, the level is not in (0, 1), there are fewer than two resamples,
        or "simultaneous" is asked of grouped cases.
    """
    if not 0 < level < 1:
        raise DlrError(f"the confidence level must lie strictly between 0 and 1, got {level!r}")
    if method == "wilson":
        return _wilson(curve, level)
    if method == "simultaneous":
        return _simultaneous(curve, level)
    if method == "bootstrap":
        return _bootstrap(curve, level, n_resamples, random_state)
    raise DlrError(f"the band of an ROC curve must be one of {', '.join(METHODS)}, got {method!r}")


def _wilson(curve: RocCurve, level: float) -> RocBand:
    from scipy.special import ndtri

    z, n = float(ndtri(0.5 + level / 2)), curve.auc.n_positive
    rate = np.asarray(curve.true_positive_rate, dtype=float)
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return RocBand(curve.false_positive_rate, centre - half, centre + half, level, "wilson")


def _simultaneous(curve: RocCurve, level: float) -> RocBand:
    """Move the curve by the Kolmogorov-Smirnov distance of both classes at once."""
    from scipy.stats import kstwo

    if curve.auc.n_clusters is not None:
        raise DlrError(
            "the simultaneous band assumes independent cases, but these are grouped; use the "
            "bootstrap band"
        )
    # The classes are independent, so each needs only the square root of the joint level.
    up = float(kstwo.ppf(sqrt(level), curve.auc.n_positive))
    across = float(kstwo.ppf(sqrt(level), curve.auc.n_negative))
    rates, hits = curve.false_positive_rate, curve.true_positive_rate
    right = np.searchsorted(rates, _GRID + across + 1e-12, side="right") - 1
    left = np.searchsorted(rates, _GRID - across - 1e-12, side="left")
    high = np.minimum(hits[right] + up, 1.0)
    low = np.maximum(hits[left] - up, 0.0)
    return RocBand(_GRID, low, high, level, "simultaneous")


def _bootstrap(curve: RocCurve, level: float, n_resamples: int, random_state: int) -> RocBand:
    from dlr.stats._resampling import weight_blocks

    if n_resamples < 2:
        raise DlrError(f"the bootstrap band needs at least 2 resamples, got {n_resamples}")
    area = curve.auc
    # From the strictest threshold to the laxest; ends of runs of equal scores count.
    order = np.argsort(-area._score, kind="stable")
    outcome, ranked = area._outcome[order], area._score[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    codes = None if area._codes is None else area._codes[order]
    rng = np.random.default_rng(random_state)
    draws = [
        _sensitivities(weights, outcome, ends)
        for block in weight_blocks(rng, n_resamples, outcome, codes, stratified=True)
        for weights in block
    ]
    low, high = np.quantile(np.array(draws), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return RocBand(_GRID, low, high, level, "bootstrap")


def _sensitivities(
    weights: NDArray[np.float64], outcome: NDArray[np.bool_], ends: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the sensitivity of one resample on the grid of false positive rates."""
    hits = np.append(0.0, np.cumsum(weights * outcome)[ends])
    alarms = np.append(0.0, np.cumsum(weights * ~outcome)[ends])
    alarms /= alarms[-1]
    place = np.searchsorted(alarms, _GRID + 1e-12, side="right") - 1
    # Between two points the curve is a straight line.
    after = np.minimum(place + 1, len(alarms) - 1)
    gap = alarms[after] - alarms[place]
    share = np.where(gap > 0, (_GRID - alarms[place]) / np.where(gap > 0, gap, 1.0), 0.0)
    found: NDArray[np.float64] = hits[place] + np.clip(share, 0, 1) * (hits[after] - hits[place])
    return found / hits[-1]
