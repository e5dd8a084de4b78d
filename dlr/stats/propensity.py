"""Propensity-score matching: nearest neighbours on the probability of treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.stats._balance import balance_table
from dlr.stats._validation import BoolArray, FloatArray, check_choice, check_count
from dlr.stats._variables import (
    check_columns,
    is_categorical,
    known_outcome,
    level_column,
    level_names,
    numbers,
)
from dlr.stats.logistic import fit_logistic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINKS = ("logit", "linear.logit")
# Scores of cases with equal covariates differ by rounding; such distances count as tied.
_TIE = 1e-12


@dataclass(frozen=True, eq=False)
class PropensityMatch:
    """Matched treated and control cases.

    Attributes
    ----------
    pairs : DataFrame
        One row per match: ``treated``, ``control`` (index labels of the table) and ``distance``
        (absolute difference of the matching variable); in the order of the table's treated cases.
    propensity : Series
        Estimated probability of treatment of every case.
    distance : Series
        The matching variable: the probability, or its log-odds.
    weights : Series
        1 for a matched treated case; for a control its share in the matched sets it serves; 0 for
        unmatched cases. Treated and control weights sum to the same total.
    balance : DataFrame
        Index ``covariate``; means and standardised mean differences (``smd_before``,
        ``smd_after``; SD of all treated cases) before and after, see Notes of `propensity_match`.
    unmatched : tuple
        Labels of the treated cases for which no control was near enough.
    caliper_width : float or None
        Largest distance allowed, in units of `distance`.
    ratio : int
        Controls wanted per treated case.
    """

    pairs: pd.DataFrame
    propensity: pd.Series
    distance: pd.Series
    weights: pd.Series
    balance: pd.DataFrame
    unmatched: tuple[object, ...]
    caliper_width: float | None
    ratio: int

    @property
    def n_matched(self) -> int:
        """Number of treated cases with at least one control."""
        return int(self.pairs["treated"].nunique())

    def matched(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the matched cases, in the table's order."""
        return frame.loc[self.weights.index[self.weights > 0]]

    def to_frame(self) -> pd.DataFrame:
        """Return the balance table, the covariate as a column."""
        return self.balance.reset_index()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the love plot; see :func:`dlr.figures.plot_love`."""
        from dlr.figures import plot_love

        return plot_love(self, ax)


def propensity_match(
    frame: pd.DataFrame,
    treatment: str,
    covariates: Sequence[str],
    ratio: int = 1,
    caliper: float | None = None,
    *,
    link: str = "logit",
    references: Mapping[str, str] | None = None,
) -> PropensityMatch:
    """Match every treated case with its nearest controls, without replacement.

    Parameters
    ----------
    frame : DataFrame
        One row per case, with a unique index; cases with a missing covariate are refused.
    treatment : str
        Column with 1 (or True) for treated cases and 0 for controls; in a comparison of centres,
        1 for the centre whose cases are all to be matched.
    covariates : sequence of str
        Numeric columns enter as numbers; text, boolean and categorical ones by level.
    ratio : int
        Controls per treated case. All treated cases get a first control before any gets a second.
    caliper : float, optional
        Largest distance in SDs (divisor n - 1) of the matching variable over all cases.
    link : {"logit", "linear.logit"}
        Match on the probability of treatment, or on its log-odds. A caliper of 0.2 SD as
        recommended by Austin (2011) refers to the log-odds.
    references : mapping of str to str, optional
        Reference level by categorical covariate; it changes no match.

    Returns
    -------
    PropensityMatch

    Raises
    ------
    DlrError
        If a column is absent, a covariate has missing values, one of the groups is empty, no
        covariate varies, or an option is out of range.

    Notes
    -----
    As ``MatchIt::matchit(method = "nearest")``: probabilities from a logistic regression (Firth's
    where the covariates separate the groups); treated cases choose in order of descending
    probability; among equally near controls the first row is taken. MatchIt 4.5.1 as packaged by
    Debian ignores calipers on the probability scale (a fault mended later); these matches are
    those of its distance-matrix routine. Standardised mean differences divide by the SD of all
    treated cases (sqrt(p (1 - p)) for 0/1 columns), after matching too.

    References
    ----------
    .. [1] Ho DE, Imai K, King G, Stuart EA, MatchIt: nonparametric preprocessing for parametric
       causal inference, Journal of Statistical Software 42(8) (2011).
    .. [2] Austin PC, Optimal caliper widths for propensity-score matching, Pharmaceutical
       Statistics 10:150-161 (2011).
    """
    check_count(ratio, "ratio", 1)
    check_choice(link, "link", LINKS)
    if caliper is not None and not caliper > 0:
        raise DlrError(f"caliper must be a positive number of SDs, got {caliper!r}.")
    names = check_columns(frame, treatment, covariates)
    treated = _checked(frame, treatment, names)
    design, columns = _columns(frame, names, references or {})
    model = fit_logistic(design, treated)
    log_odds = model.predict_log_odds(design)
    probability = model.predict_probability(design)
    distance = probability if link == "logit" else log_odds
    width = None if caliper is None else caliper * float(np.std(distance, ddof=1))
    matches = _nearest(distance, probability, treated, ratio, width)
    weights = _weights(matches, len(frame))
    return PropensityMatch(
        _pairs(frame.index, matches, distance),
        pd.Series(probability, index=frame.index, name="propensity"),
        pd.Series(distance, index=frame.index, name="distance"),
        pd.Series(weights, index=frame.index, name="weight"),
        balance_table({"distance": distance, **columns}, treated, weights),
        tuple(frame.index[treated & (weights == 0)]),
        width,
        ratio,
    )


def _checked(frame: pd.DataFrame, treatment: str, names: Sequence[str]) -> BoolArray:
    """Return who is treated; refuse what would silently change who can be matched."""
    if not frame.index.is_unique:
        raise DlrError("the table's index must be unique: the pairs are named by it.")
    incomplete = [name for name in (treatment, *names) if frame[name].isna().any()]
    if incomplete:
        count = int(frame[incomplete[0]].isna().sum())
        raise DlrError(
            f"the column '{incomplete[0]}' lacks {count} values; drop or impute those cases first."
        )
    return known_outcome(frame, treatment, both_classes=True)[1]


def _columns(
    frame: pd.DataFrame, names: Sequence[str], references: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, FloatArray]]:
    """Return the design of the regression, and one column per covariate or level for balance."""
    design: dict[str, FloatArray] = {}
    columns: dict[str, FloatArray] = {}
    for name in names:
        if not is_categorical(frame[name]):
            design[name] = columns[name] = numbers(frame[name])
            continue
        levels = level_names(frame[name])
        reference = references.get(name, levels[0])
        if reference not in levels:
            raise DlrError(
                f"the reference level '{reference}' of '{name}' does not occur; the levels are: "
                f"{', '.join(levels)}."
            )
        text = level_column(frame[name])
        for level in levels:
            indicator: FloatArray = np.asarray(text == level, dtype=float)
            columns[f"{name}={level}"] = indicator
            if level != reference:
                design[f"{name}={level}"] = indicator
    varying = {name: values for name, values in design.items() if np.ptp(values) > 0}
    if not varying:
        raise DlrError("no covariate varies; there is nothing to match on.")
    return pd.DataFrame(varying, index=frame.index), columns


def _nearest(
    distance: FloatArray,
    probability: FloatArray,
    treated: BoolArray,
    ratio: int,
    width: float | None,
) -> dict[int, list[int]]:
    """Return the controls of each treated case, by position."""
    rows = np.flatnonzero(treated)
    order = rows[np.argsort(-np.round(probability[rows], 12), kind="stable")]
    controls = np.flatnonzero(~treated)
    matches: dict[int, list[int]] = {int(row): [] for row in rows}
    for _ in range(ratio):
        for row in order:
            if not len(controls):
                return matches
            gap = np.abs(distance[controls] - distance[row])
            best = int(np.argmax(gap <= gap.min() + _TIE))
            if width is None or gap[best] <= width:
                matches[int(row)].append(int(controls[best]))
                controls = np.delete(controls, best)
    return matches


def _weights(matches: Mapping[int, list[int]], n: int) -> FloatArray:
    weights = np.zeros(n)
    for row, controls in matches.items():
        if controls:
            weights[row] = 1.0
            weights[controls] = 1.0 / len(controls)
    return weights


def _pairs(index: pd.Index, matches: Mapping[int, list[int]], distance: FloatArray) -> pd.DataFrame:
    pairs = [(row, control) for row, controls in matches.items() for control in controls]
    treated = np.array([row for row, _ in pairs], dtype=int)
    control = np.array([control for _, control in pairs], dtype=int)
    gap = np.abs(distance[treated] - distance[control])
    return pd.DataFrame({"treated": index[treated], "control": index[control], "distance": gap})
