"""The nomogram: a logistic model as axes on which a probability is worked out by hand.

Scaling and axes are those of ``rms::nomogram`` (Harrell): the variable whose axis spans most
log-odds gets 0 to 100 points, all others are drawn to the same scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from dlr.errors import DlrError
from dlr.models.nomogram_interval import (
    Covariance,
    check_covariance,
    design_matrix,
    probability_interval,
)
from dlr.models.nomogram_terms import Axis, Term
from dlr.models.pretty import pretty

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAXIMUM_POINTS = 100.0
"""Points of the axis that spans most log-odds."""

Case = Mapping[str, Any] | pd.Series


@dataclass(frozen=True)
class Nomogram:
    """An additive logistic model drawn as points.

    Points are never negative on the axes and higher points always mean a higher probability; a
    variable with a negative coefficient therefore has its axis reversed. For a value beyond its
    axis points are extrapolated, so that :meth:`probability` still equals the model's.

    Parameters
    ----------
    intercept : float
        Log-odds where every term is 0.
    terms : tuple of Term
        The variables, in the order of the drawing.
    low, high : float
        Smallest and largest log-odds among the cases the model was fitted on; they decide how
        far the result axes go.
    outcome : str
        What the event is called, for the probability axis; may be empty.
    risks : tuple of float
        Probabilities to mark; round ones between the extremes when empty.
    covariance : tuple of tuple of float
        Of the intercept and then every coefficient in the order of the terms, those of reference
        levels left out; empty where it is not known.

    Examples
    --------
    >>> nomogram = Nomogram.from_coefficients(
    ...     -4.0, {"age": (0.05, 20.0, 70.0)}, {"pain": {"no": 0.0, "yes": 1.5}}, (-3.0, 1.0)
    ... )
    >>> [axis.points[-1] for axis in nomogram.axes]
    [100.0, 60.0]
    >>> nomogram.total_points({"age": 60, "pain": "yes"})
    140.0
    >>> round(nomogram.probability({"age": 60, "pain": "yes"}), 3)
    0.622
    """

    intercept: float
    terms: tuple[Term, ...]
    low: float
    high: float
    outcome: str = ""
    risks: tuple[float, ...] = ()
    covariance: Covariance = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not self.terms:
            raise DlrError("a nomogram needs at least one variable")
        if not np.isfinite([self.intercept, self.low, self.high]).all() or self.low > self.high:
            raise DlrError(
                "a nomogram needs a finite intercept and the range of the log-odds from low to "
                f"high, got intercept {self.intercept} and range {self.low} to {self.high}"
            )
        if any(not 0 < risk < 1 for risk in self.risks):
            raise DlrError(f"risks to mark must lie strictly between 0 and 1, got {self.risks}")
        if self.covariance:
            check_covariance(self.covariance, self.terms)

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        outcome: str,
        variables: Sequence[str],
        *,
        splines: Mapping[str, int] | None = None,
        references: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        risks: Sequence[float] = (),
    ) -> Self:
        """Fit a logistic regression and make its nomogram.

        Rows with a missing value are left out, as R does.

        Parameters
        ----------
        frame : DataFrame
            One row per case.
        outcome : str
            Column with 1 for the event and 0 for none.
        variables : sequence of str
            Numeric columns enter as numbers; text, boolean and categorical ones as factors.
        splines : mapping of str to int, optional
            Number of knots (3 to 7) of the restricted cubic spline of a numeric column.
        references : mapping of str to str, optional
            Reference level of factors; the first level (of the category, or in sorted order)
            where not given.
        labels : mapping of str to str, optional
            What variables, and the outcome on the probability axis, are called.
        risks : sequence of float, optional
            Probabilities to mark.

        Returns
        -------
        Nomogram

        Raises
        ------
        DlrError
            If a column is absent or does not vary, the outcome has one class, or an option names
            a variable that is not used.
        """
        from dlr.models.nomogram_fit import fit_terms

        names = labels or {}
        intercept, terms, log_odds, covariance = fit_terms(
            frame, outcome, variables, splines or {}, references or {}, names
        )
        low, high = float(log_odds.min()), float(log_odds.max())
        event = names.get(outcome, "")
        return cls(intercept, terms, low, high, event, tuple(risks), covariance)

    @classmethod
    def from_coefficients(
        cls,
        intercept: float,
        continuous: Mapping[str, tuple[float, float, float]],
        factors: Mapping[str, Mapping[str, float]],
        log_odds_range: tuple[float, float],
        *,
        order: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        outcome: str = "",
        risks: Sequence[float] = (),
    ) -> Self:
        """Make the nomogram of a model fitted elsewhere.

        Parameters
        ----------
        intercept : float
        continuous : mapping of str to (coefficient, low, high)
            Slope in log-odds per unit, and the extremes of the data, of each number.
        factors : mapping of str to mapping of str to float
            Log-odds of each level of each factor; 0 for the reference, which comes first.
        log_odds_range : (low, high)
            Extremes of the fitted log-odds among the training cases.
        order : sequence of str, optional
            Order of the axes; numbers before factors when left out.
        labels : mapping of str to str, optional
            What variables are called; their names where not given.
        outcome : str
            What the event is called.
        risks : sequence of float, optional
            Probabilities to mark.

        Returns
        -------
        Nomogram
        """
        names = labels or {}
        terms = {
            name: Term(name, names.get(name, name), (float(slope),), float(low), float(high))
            for name, (slope, low, high) in continuous.items()
        }
        for name, weights in factors.items():
            levels = tuple(str(level) for level in weights)
            values = tuple(float(weight) for weight in weights.values())
            terms[name] = Term(name, names.get(name, name), values, levels=levels)
        wanted = list(order) if order is not None else list(terms)
        if sorted(wanted) != sorted(terms):
            raise DlrError(f"order must name each variable once: {', '.join(terms)}; got {wanted}")
        low, high = log_odds_range
        chosen = tuple(terms[name] for name in wanted)
        return cls(float(intercept), chosen, float(low), float(high), outcome, tuple(risks))

    @cached_property
    def scale(self) -> float:
        """Points per unit of log-odds; 1 where no variable has any effect."""
        widest = max(float(np.ptp(term.tick_log_odds)) for term in self.terms)
        return MAXIMUM_POINTS / widest if widest > 0 else 1.0

    @cached_property
    def origin(self) -> float:
        """Log-odds at zero total points."""
        return self.intercept + sum(float(term.tick_log_odds.min()) for term in self.terms)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """One axis per variable."""
        return tuple(
            Axis(
                term.variable,
                term.label,
                term.ticks,
                tuple(((term.tick_log_odds - term.tick_log_odds.min()) * self.scale).tolist()),
                term.levels,
            )
            for term in self.terms
        )

    @cached_property
    def points_axis(self) -> Axis:
        """The ruler at the top, 0 to 100."""
        ticks = tuple(pretty(0.0, MAXIMUM_POINTS))
        return Axis("points", "Points", ticks, ticks)

    @cached_property
    def total_axis(self) -> Axis:
        """The ruler of total points; as long as the cases the model was fitted on need."""
        end = max(MAXIMUM_POINTS, self._position(self._log_odds_ticks[-1]))
        ticks = tuple(pretty(0.0, end))
        return Axis("total", "Total points", ticks, ticks)

    @cached_property
    def log_odds_axis(self) -> Axis:
        """Log-odds against total points."""
        ticks = tuple(self._log_odds_ticks)
        points = tuple(self._position(tick) for tick in ticks)
        return Axis("log_odds", "Linear predictor", ticks, points)

    @cached_property
    def probability_axis(self) -> Axis:
        """Probability against total points; exact where rms interpolates (1e-4 points)."""
        low, high = self._log_odds_ticks[0], self._log_odds_ticks[-1]
        marked = self.risks or pretty(float(expit(low)), float(expit(high)))
        # Marks on the ends of the range count as inside although expit and logit round.
        slack = 1e-12 * max(abs(low), abs(high), 1.0)
        ticks = tuple(
            risk for risk in marked if 0 < risk < 1 and low - slack <= logit(risk) <= high + slack
        )
        points = tuple(self._position(float(logit(risk))) for risk in ticks)
        label = f"Probability of {self.outcome}" if self.outcome else "Probability"
        return Axis("probability", label, ticks, points)

    @cached_property
    def _log_odds_ticks(self) -> list[float]:
        return pretty(self.low, self.high)

    def _position(self, log_odds: float) -> float:
        """Return the total points of a log-odds."""
        return (log_odds - self.origin) * self.scale

    @overload
    def points(self, cases: pd.DataFrame) -> pd.DataFrame: ...
    @overload
    def points(self, cases: Case) -> pd.Series: ...
    def points(self, cases: pd.DataFrame | Case) -> pd.DataFrame | pd.Series:
        """Return the points of every variable.

        Parameters
        ----------
        cases : DataFrame, Series or mapping
            The variables by name; a Series or mapping is one case.

        Returns
        -------
        DataFrame of shape (n_cases, n_variables), or Series for one case

        Raises
        ------
        DlrError
            If a variable is absent or missing, or a level is unknown.
        """
        frame = cases if isinstance(cases, pd.DataFrame) else pd.DataFrame([dict(cases)])
        absent = [term.variable for term in self.terms if term.variable not in frame]
        if absent:
            raise DlrError(f"the nomogram needs the variable '{absent[0]}', which the data lack")
        columns = {
            term.variable: (term.log_odds(frame[term.variable]) - float(term.tick_log_odds.min()))
            * self.scale
            for term in self.terms
        }
        points = pd.DataFrame(columns, index=frame.index)
        return points if isinstance(cases, pd.DataFrame) else points.iloc[0].rename("points")

    @overload
    def total_points(self, cases: pd.DataFrame) -> pd.Series: ...
    @overload
    def total_points(self, cases: Case) -> float: ...
    def total_points(self, cases: pd.DataFrame | Case) -> pd.Series | float:
        """Return the sum of points: a Series for a DataFrame, a number for one case."""
        if isinstance(cases, pd.DataFrame):
            return self.points(cases).sum(axis=1).rename("total_points")
        return float(self.points(cases).sum())

    @overload
    def probability(self, cases: pd.DataFrame) -> pd.Series: ...
    @overload
    def probability(self, cases: Case) -> float: ...
    def probability(self, cases: pd.DataFrame | Case) -> pd.Series | float:
        """Return the probability of the event, in (0, 1), read off by way of the points."""
        if isinstance(cases, pd.DataFrame):
            total = self.total_points(cases)
            return pd.Series(self._risk(total.to_numpy()), index=total.index, name="probability")
        return float(self._risk(np.asarray(self.total_points(cases))))

    def probability_at(self, total_points: float) -> float:
        """Return the probability that belongs to a sum of points."""
        return float(self._risk(np.asarray(total_points)))

    def _risk(self, total: np.ndarray) -> np.ndarray:
        return np.asarray(expit(self.origin + total / self.scale))

    def confidence_interval(
        self, cases: pd.DataFrame | Case, level: float = 0.95
    ) -> pd.DataFrame | pd.Series:
        """Return the confidence interval of the probability.

        See :func:`dlr.models.nomogram_interval.probability_interval` for the method.

        Parameters
        ----------
        cases : DataFrame, Series or mapping
            As for :meth:`points`.
        level : float
            Confidence level, strictly between 0 and 1.

        Returns
        -------
        DataFrame with the columns ``low`` and ``high``, or Series for one case

        Raises
        ------
        DlrError
            If the nomogram has no covariance, or `cases` is refused by :meth:`points`.
        """
        if not self.covariance:
            raise DlrError(
                "this nomogram has no covariance of its coefficients, so it gives no confidence "
                "intervals; fit it with Nomogram.fit or give covariance="
            )
        frame = cases if isinstance(cases, pd.DataFrame) else pd.DataFrame([dict(cases)])
        log_odds = self.origin + self.total_points(frame).to_numpy() / self.scale
        design = design_matrix(self.terms, frame)
        low, high = probability_interval(log_odds, design, self.covariance, level)
        limits = pd.DataFrame({"low": low, "high": high}, index=frame.index)
        return limits if isinstance(cases, pd.DataFrame) else limits.iloc[0]

    def to_frame(self) -> pd.DataFrame:
        """Return every tick of every axis: variable, label, value, points."""
        result = (self.total_axis, self.log_odds_axis, self.probability_axis)
        rows = [
            (axis.variable, axis.label, text, points)
            for axis in (*self.axes, *result)
            for text, points in zip(axis.texts, axis.points, strict=True)
        ]
        return pd.DataFrame(rows, columns=["variable", "label", "value", "points"])

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "intercept": self.intercept,
            "terms": [term.to_dict() for term in self.terms],
            "low": self.low,
            "high": self.high,
            "outcome": self.outcome,
            "risks": list(self.risks),
            "covariance": [list(row) for row in self.covariance],
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        terms = tuple(Term.from_dict(term) for term in item["terms"])
        low, high, risks = item["low"], item["high"], tuple(item["risks"])
        # Bundles written before intervals were drawn have no covariance here.
        covariance = tuple(tuple(row) for row in item.get("covariance", ()))
        return cls(item["intercept"], terms, low, high, item["outcome"], risks, covariance)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the nomogram; see :func:`dlr.figures.plot_nomogram`."""
        from dlr.figures import plot_nomogram

        return plot_nomogram(self, ax)
