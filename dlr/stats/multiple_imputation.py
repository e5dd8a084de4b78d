"""Multiple imputation of clinical variables, pooled by Rubin's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isinf

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from dlr.errors import DlrError
from dlr.stats._chained_equations import impute_once
from dlr.stats._regression_design import Design, Term, make_design
from dlr.stats._validation import FloatArray, check_level
from dlr.stats._variables import check_columns, known_outcome
from dlr.stats.logistic import INTERCEPT, METHOD_NAMES, fit_columns


@dataclass(frozen=True, eq=False)
class PooledEstimates:
    """Estimates of several imputed tables made into one.

    Attributes
    ----------
    estimate : pandas.Series
        Mean over the imputations.
    within : pandas.DataFrame
        Mean covariance: the uncertainty with complete data.
    between : pandas.DataFrame
        Covariance of the estimates between the imputations (divisor m - 1).
    total : pandas.DataFrame
        within + (1 + 1/m) between.
    degrees_of_freedom : pandas.Series
        Barnard & Rubin's.
    fraction_missing : pandas.Series
        Fraction of missing information about each estimate, in [0, 1].
    imputations : int
    """

    estimate: pd.Series
    within: pd.DataFrame
    between: pd.DataFrame
    total: pd.DataFrame
    degrees_of_freedom: pd.Series
    fraction_missing: pd.Series
    imputations: int

    @property
    def standard_error(self) -> pd.Series:
        """Root of the total variance."""
        return pd.Series(np.sqrt(np.diag(self.total)), self.estimate.index)

    @property
    def p_value(self) -> pd.Series:
        """Two-sided p value of each estimate being zero, from Student's t."""
        t = -(self.estimate / self.standard_error).abs()
        return pd.Series(2 * stdtr(self.degrees_of_freedom, t), self.estimate.index)

    def confidence_interval(self, level: float = 0.95) -> pd.DataFrame:
        """Return the limits ``low`` and ``high`` of each estimate, from Student's t."""
        quantile = stdtrit(self.degrees_of_freedom, 0.5 + check_level(level) / 2)
        half = quantile * self.standard_error
        return pd.DataFrame({"low": self.estimate - half, "high": self.estimate + half})

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per estimate."""
        frame = pd.DataFrame(
            {
                "estimate": self.estimate,
                "standard_error": self.standard_error,
                "degrees_of_freedom": self.degrees_of_freedom,
                "p_value": self.p_value,
                "fraction_missing": self.fraction_missing,
            }
        )
        return frame.join(self.confidence_interval(level))


def pool_rubin(
    estimates: pd.DataFrame | ArrayLike,
    covariances: Sequence[ArrayLike],
    complete_degrees_of_freedom: float = inf,
) -> PooledEstimates:
    """Pool estimates of several imputed tables by Rubin's rules.

    Parameters
    ----------
    estimates : DataFrame or array of shape (m, k)
        One row per imputed table.
    covariances : sequence of m arrays of shape (k, k)
    complete_degrees_of_freedom : float
        Of the analysis had nothing been missing: cases less parameters. Infinite gives Rubin's
        degrees of freedom of 1987.

    Returns
    -------
    PooledEstimates

    Raises
    ------
    DlrError
        With fewer than two imputations, or shapes that do not fit.

    References
    ----------
    .. [1] Rubin DB, Multiple Imputation for Nonresponse in Surveys, Wiley (1987), section 3.1.
    .. [2] Barnard J, Rubin DB, Small-sample degrees of freedom with multiple imputation,
       Biometrika 86:948-955 (1999).
    .. [3] van Buuren S, Flexible Imputation of Missing Data, 2nd ed. (2018), equation 2.26, for
       the fraction of missing information.
    """
    table = (
        estimates if isinstance(estimates, pd.DataFrame) else pd.DataFrame(np.asarray(estimates))
    )
    values = table.to_numpy(dtype=float)
    m, k = values.shape
    if m < 2:
        raise DlrError(f"pooling needs at least two imputations, got {m}")
    parts = np.asarray([np.asarray(c, dtype=float) for c in covariances])
    if parts.shape != (m, k, k):
        raise DlrError(
            f"{m} imputations of {k} estimates need covariances of shape {(m, k, k)}, "
            f"got {parts.shape}"
        )
    within, between = parts.mean(axis=0), np.cov(values, rowvar=False).reshape(k, k)
    total = within + (1 + 1 / m) * between
    names = list(table.columns)
    added = (1 + 1 / m) * np.diag(between)
    share = added / np.diag(total)
    freedom = np.array([_degrees_of_freedom(s, m, complete_degrees_of_freedom) for s in share])
    increase = added / np.diag(within)
    missing = (increase + 2 / (freedom + 3)) / (1 + increase)
    return PooledEstimates(
        pd.Series(values.mean(axis=0), names),
        pd.DataFrame(within, names, names),
        pd.DataFrame(between, names, names),
        pd.DataFrame(total, names, names),
        pd.Series(freedom, names),
        pd.Series(np.where(share > 0, missing, 0.0), names),
        m,
    )


def _degrees_of_freedom(share: float, m: int, complete: float) -> float:
    """Return Barnard & Rubin's degrees of freedom; `share` of the variance is due to gaps."""
    old = (m - 1) / share**2 if share > 0 else inf
    if isinf(complete):
        return old
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    if isinf(old):
        return observed
    return old * observed / (old + observed)


@dataclass(frozen=True, eq=False)
class ImputedLogistic:
    """Odds ratios of a joint logistic regression on multiply imputed variables.

    Attributes
    ----------
    pooled : PooledEstimates
        Log-odds, index ``"intercept"`` and the terms that could be estimated.
    missing : pandas.Series
        Number of missing values by variable.
    n, n_events : int
    separated : int
        Imputed tables whose classes are separated; these were fitted by Firth's penalised
        likelihood.
    level : float
        Confidence level that `to_frame` takes when none is given.
    """

    pooled: PooledEstimates
    missing: pd.Series
    n: int
    n_events: int
    separated: int
    level: float
    _terms: tuple[Term, ...]

    def to_frame(self, level: float | None = None) -> pd.DataFrame:
        """Return the table, unrounded.

        Parameters
        ----------
        level : float, optional
            Confidence level; the table's own by default.

        Returns
        -------
        DataFrame
            One row per term: ``variable``, ``level``, ``reference``, ``coefficient``,
            ``odds_ratio``, ``low``, ``high``, ``p_value``, ``degrees_of_freedom``,
            ``fraction_missing``, ``n``, ``n_events``, ``n_missing`` (of the variable),
            ``imputations``, ``method`` and ``note``.
        """
        numbers = self.pooled.to_frame(self.level if level is None else level)
        rows = []
        for term in self._terms:
            key = _key(term)
            own = numbers.loc[key] if key in numbers.index else numbers.iloc[0] * np.nan
            rows.append(
                {
                    "variable": term.variable,
                    "level": term.level,
                    "reference": term.reference,
                    "coefficient": own["estimate"],
                    "odds_ratio": np.exp(own["estimate"]),
                    "low": np.exp(own["low"]),
                    "high": np.exp(own["high"]),
                    "p_value": own["p_value"],
                    "degrees_of_freedom": own["degrees_of_freedom"],
                    "fraction_missing": own["fraction_missing"],
                    "n": self.n,
                    "n_events": self.n_events,
                    "n_missing": int(self.missing[term.variable]),
                    "imputations": self.pooled.imputations,
                    "method": METHOD_NAMES[self.separated > 0],
                    "note": term.note,
                }
            )
        return pd.DataFrame(rows)


def multiple_imputation_logistic(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    imputations: int = 20,
    seed: int = 0,
    references: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> ImputedLogistic:
    """Regress the outcome on all variables together, missing ones imputed several times.

    The variables are imputed with the help of the outcome, as they must be for unbiased odds
    ratios; so the result says which variables go with the outcome, and is no basis for judging
    predictions of the same cases.

    Parameters
    ----------
    frame : DataFrame of shape (n_cases, ...)
        One row per case.
    outcome : str
        Column with 1 for the event and 0 for none; cases of unknown outcome are left out.
    variables : sequence of str
        Numbers are continuous; text, categories and booleans have levels.
    imputations : int
        At least two; White et al. ask for as many as the percentage of incomplete cases.
    seed : int
        Same seed, same table; imputation i does not depend on how many there are.
    references : mapping of str to str, optional
        Reference level by variable; a numeric column named here has levels.
    level : float
        Confidence level.

    Returns
    -------
    ImputedLogistic
        Missing values are assumed to depend on what is known only (missing at random). A variable
        without any known value is not estimated, with a note.

    Raises
    ------
    DlrError
        As `multivariable_logistic`, and with fewer than two imputations.

    References
    ----------
    .. [1] van Buuren S, Groothuis-Oudshoorn K, mice: multivariate imputation by chained equations
       in R, Journal of Statistical Software 45(3) (2011).
    .. [2] White IR, Royston P, Wood AM, Multiple imputation using chained equations: issues and
       guidance for practice, Statistics in Medicine 30:377-399 (2011).
    """
    names = check_columns(frame, outcome, variables)
    if imputations < 2:
        raise DlrError(f"imputations must be at least 2, got {imputations}")
    chosen = dict(references or {})
    known, event = known_outcome(frame, outcome, both_classes=True)
    known = known.reset_index(drop=True)
    missing = known[names].isna().sum()
    usable = [name for name in names if missing[name] < len(known)]
    if not usable:
        raise DlrError("none of the variables has a known value; there is nothing to impute from")
    designs = []
    for number in range(imputations):
        random = np.random.default_rng([seed, number])
        complete = impute_once(known[usable], event.astype(float), list(chosen), random)
        complete[outcome] = event.astype(float)
        held = {name: ref for name, ref in chosen.items() if name in usable}
        designs.append(make_design(complete, outcome, usable, held))
    terms = tuple(_common_terms(designs))
    keys = [_key(term) for term in terms if not term.note]
    fits = [fit_columns(_columns(d, terms), d.outcome) for d in designs]
    scaled = [fit.on_input_scale() for fit, _ in fits]
    pooled = pool_rubin(
        pd.DataFrame([beta for beta, _ in scaled], columns=[INTERCEPT, *keys]),
        [covariance for _, covariance in scaled],
        len(known) - len(keys) - 1,
    )
    empty = [Term(n, note="not estimated: no known value") for n in names if n not in usable]
    ordered = sorted((*terms, *empty), key=lambda term: names.index(term.variable))
    separated = sum(flag for _, flag in fits)
    return ImputedLogistic(
        pooled, missing, len(known), int(event.sum()), separated, check_level(level), tuple(ordered)
    )


def _key(term: Term) -> str:
    return f"{term.variable}={term.level}" if term.level else term.variable


def _common_terms(designs: list[Design]) -> list[Term]:
    """Return the terms; one that some imputed table cannot estimate is estimated in none."""
    terms = []
    for position, term in enumerate(designs[0].terms):
        notes = [d.terms[position].note for d in designs if d.columns[position] is None]
        terms.append(Term(term.variable, term.level, term.reference, notes[0] if notes else ""))
    return terms


def _columns(design: Design, terms: tuple[Term, ...]) -> FloatArray:
    columns = [c for c, term in zip(design.columns, terms) if not term.note and c is not None]
    return design.values[:, columns]
