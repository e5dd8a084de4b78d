"""Odds-ratio tables: every variable alone, or all together, as papers print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from dlr.stats._clustered import no_error_note, wald_p_value
from dlr.stats._logistic_fit import LogisticFit
from dlr.stats._regression_design import Design, make_design
from dlr.stats._results import normal_quantile, two_sided_p
from dlr.stats._validation import FloatArray, check_level
from dlr.stats._variables import check_columns
from dlr.stats.logistic import METHOD_NAMES, fit_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NUMBERS = ("odds_ratio", "low", "high", "profile_low", "profile_high", "p_value")


@dataclass(frozen=True, eq=False)
class LogisticTable:
    """Odds ratios of one or several logistic regressions.

    Attributes
    ----------
    kind : str
        ``"univariate"`` (one model per variable) or ``"multivariable"`` (one model of all).
    variables : tuple of str
    level : float
        Confidence level that `to_frame` takes when none is given.
    """

    kind: str
    variables: tuple[str, ...]
    level: float
    _models: tuple[_Model, ...] = field(repr=False)
    _frames: dict[float, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def to_frame(self, level: float | None = None) -> pd.DataFrame:
        """Return the table, unrounded.

        Parameters
        ----------
        level : float, optional
            Confidence level of both kinds of interval.

        Returns
        -------
        DataFrame
            One row per continuous variable, or per level other than the reference: ``variable``,
            ``level`` and ``reference`` (empty for continuous ones), ``odds_ratio`` (above 1: event
            more likely), ``low``, ``high`` (Wald), ``profile_low``, ``profile_high`` (profile
            likelihood), ``p_value`` (Wald), ``p_likelihood_ratio`` (of the whole variable), ``n``,
            ``n_events`` and ``n_missing`` (of the model), ``separated``, ``method``, ``note``
            and, in a joint model, ``vif`` (variance inflation factor).
        """
        chosen = check_level(self.level if level is None else level)
        if chosen not in self._frames:  # profiling is the slow part; figures and tables ask again
            parts = [model.to_frame(chosen) for model in self._models]
            self._frames[chosen] = pd.concat(parts, ignore_index=True)
        frame = self._frames[chosen].copy()
        return frame if self.kind == "multivariable" else frame.drop(columns="vif")

    def formatted(self, level: float | None = None, profile: bool = True) -> pd.DataFrame:
        """Return the table as papers print it.

        Parameters
        ----------
        level : float, optional
            Confidence level.
        profile : bool
            Print profile-likelihood intervals (R's confint) rather than Wald's (SPSS).

        Returns
        -------
        DataFrame
            Text: Variable, Level, "OR (95% CI)" and P. A dash where nothing could be estimated.
        """
        chosen = self.level if level is None else level
        prefix = "profile_" if profile else ""
        rows = []
        for row in self.to_frame(chosen).to_dict("records"):
            limits = row[f"{prefix}low"], row[f"{prefix}high"]
            level_text = f"{row['level']} vs {row['reference']}" if row["level"] else ""
            odds = f"{_short(row['odds_ratio'])} ({_short(limits[0])}–{_short(limits[1])})"
            unknown = isnan(row["odds_ratio"])
            rows.append(
                {
                    "Variable": row["variable"],
                    "Level": level_text,
                    f"OR ({chosen:.0%} CI)": "–" if unknown else odds,
                    "P": "–" if unknown else _short_p(row["p_value"]),
                }
            )
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the odds ratios as a forest plot."""
        from dlr.figures import plot_odds_ratios

        return plot_odds_ratios(self, ax)


def univariate_logistic(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    references: Mapping[str, str] | None = None,
    level: float = 0.95,
    groups: str | None = None,
) -> LogisticTable:
    """Regress the outcome on each variable alone.

    Parameters
    ----------
    frame : DataFrame of shape (n_cases, ...)
        One row per case.
    outcome : str
        Column with 1 for the event and 0 for none; cases of unknown outcome are left out.
    variables : sequence of str
        Numbers are continuous (odds ratio per unit); text, categories and booleans have levels.
        Each model uses the cases that are complete in its own variable.
    references : mapping of str to str, optional
        Reference level by variable; by default the first in category or sorted order. A numeric
        column named here is taken as having levels.
    level : float
        Confidence level.
    groups : str, optional
        Column that names the patient of each case. Where patients have several, covariances allow
        for it (Liang & Zeger, Biometrika 73:13, 1986): the profile limits, which cannot, are
        those of Wald, and the likelihood-ratio test becomes Wald's F test.

    Returns
    -------
    LogisticTable
        Where the classes are separated (such as by a level without events) no maximum-likelihood
        estimate exists; that model is fitted by Firth's penalised likelihood, its profile limits
        and likelihood-ratio p are penalised too, and ``separated`` and ``method`` say so. What
        cannot be estimated (a constant variable) is NaN with a note.

    Raises
    ------
    DlrError
        When a column is absent, the outcome has one class, or a reference level does not occur.

    Notes
    -----
    Wald intervals and p values from the inverse information. Profile-likelihood limits (Venzon &
    Moolgavkar, Applied Statistics 37:87, 1988) are solved to rounding error; R's ``confint``
    interpolates them with a spline and differs by up to 1e-3. Under separation: Heinze &
    Schemper, Statistics in Medicine 21:2409 (2002).
    """
    names = check_columns(frame, outcome, variables)
    models = [_fit(frame, outcome, [name], references, groups) for name in names]
    return LogisticTable("univariate", tuple(names), check_level(level), tuple(models))


def multivariable_logistic(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    references: Mapping[str, str] | None = None,
    level: float = 0.95,
    groups: str | None = None,
) -> LogisticTable:
    """Regress the outcome on all variables together.

    Parameters, errors and methods are those of `univariate_logistic`; cases that lack any of the
    variables are left out and counted.

    Returns
    -------
    LogisticTable
        With the variance inflation factor of each column, from the correlation of the estimated
        coefficients (rms::vif). A column that follows from those before it is not estimated.
    """
    names = check_columns(frame, outcome, variables)
    model = _fit(frame, outcome, names, references, groups)
    return LogisticTable("multivariable", tuple(names), check_level(level), (model,))


@dataclass(frozen=True, eq=False)
class _Model:
    """One fitted regression with its design; `fit` is None when nothing can be estimated."""

    design: Design
    fit: LogisticFit | None
    separated: bool

    def to_frame(self, level: float) -> pd.DataFrame:
        rows = []
        ratio_tests = self._likelihood_ratios()
        coefficients, covariance = self._estimates()
        inflation = _inflation(covariance[1:, 1:])
        for term, column in zip(self.design.terms, self.design.columns):
            row: dict[str, object] = {
                "variable": term.variable,
                "level": term.level,
                "reference": term.reference,
            }
            row |= self._odds(column, level, coefficients, covariance)
            row |= {
                "p_likelihood_ratio": ratio_tests[term.variable],
                "n": len(self.design.outcome),
                "n_events": int(self.design.outcome.sum()),
                "n_missing": self.design.n_missing,
                "separated": self.separated,
                "method": METHOD_NAMES[self.fit.firth] if self.fit is not None else "",
                "note": term.note or no_error_note(self.design.codes),
                "vif": nan if column is None else inflation[column],
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def _estimates(self) -> tuple[FloatArray, FloatArray]:
        if self.fit is None:
            return np.zeros(1), np.zeros((1, 1))
        return self.fit.on_input_scale(self.design.codes)

    def _odds(
        self, column: int | None, level: float, coefficients: FloatArray, covariance: FloatArray
    ) -> dict[str, float]:
        if column is None or self.fit is None:
            return dict.fromkeys(_NUMBERS, nan)
        beta, error = coefficients[column + 1], sqrt(covariance[column + 1, column + 1])
        half = normal_quantile(level) * error
        profile = (beta - half, beta + half)
        if self.design.codes is None:
            profile = self.fit.profile_interval(column, level)
        limits = (beta - half, beta + half, *profile)
        odds = [_exp(beta), *(nan if isnan(value) else _exp(value) for value in limits)]
        return dict(zip(_NUMBERS, [*odds, two_sided_p(beta / error)]))

    def _likelihood_ratios(self) -> dict[str, float]:
        """Return the p value of leaving out each variable with all its levels."""
        own: dict[str, list[int]] = {term.variable: [] for term in self.design.terms}
        for term, column in zip(self.design.terms, self.design.columns):
            if column is not None:
                own[term.variable].append(column)
        return {name: self._likelihood_ratio(columns) for name, columns in own.items()}

    def _likelihood_ratio(self, columns: list[int]) -> float:
        if not columns or self.fit is None:
            return nan
        if self.design.codes is not None:
            coefficients, covariance = self._estimates()
            chosen = np.array(columns) + 1
            block = covariance[np.ix_(chosen, chosen)]
            return wald_p_value(coefficients[chosen], block, int(self.design.codes.max()) + 1)
        drop = 2 * (self.fit.objective - self.fit.restricted(columns).objective)
        return float(chdtrc(len(columns), max(drop, 0.0)))


def _inflation(covariance: FloatArray) -> FloatArray:
    """Return the variance inflation factors, from the coefficients' correlation (rms::vif)."""
    error = np.sqrt(np.diag(covariance))
    return np.asarray(np.diag(np.linalg.inv(covariance / np.outer(error, error))))


def _fit(
    frame: pd.DataFrame,
    outcome: str,
    names: Sequence[str],
    references: Mapping[str, str] | None,
    groups: str | None,
) -> _Model:
    design = make_design(frame, outcome, names, references or {}, groups)
    if not design.values.shape[1]:
        return _Model(design, None, separated=False)
    fit, separated = fit_columns(design.values, design.outcome)
    return _Model(design, fit, separated)


def _exp(value: float) -> float:
    """Return e to `value`; infinite rather than an overflow."""
    return float(np.exp(value)) if value < 709 else inf


def _short(value: float) -> str:
    """Three decimals, as most papers give odds ratios; large ones in short."""
    if isnan(value):
        return "NA"
    return f"{value:.3f}" if value < 1000 else f"{value:.3g}"


def _short_p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
