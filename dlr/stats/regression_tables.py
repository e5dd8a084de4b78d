"""Odds-ratio tables: every variable alone, or all together, as papers print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, ndtri

from dlr.errors import DlrError
from dlr.stats._validation import binary_outcome, check_level
from dlr.stats.logistic import LogisticModel, fit_logistic, profile_interval


@dataclass(frozen=True, eq=False)
class LogisticTable:
    """Odds ratios of one or several logistic regressions.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per continuous variable or per level other than the reference: ``variable``,
        ``level``, ``reference``, ``odds_ratio``, ``low``, ``high`` (Wald), ``profile_low``,
        ``profile_high``, ``p_value`` (Wald), ``p_likelihood_ratio`` (of the whole variable),
        ``n``, ``n_missing``, ``separated``, ``method`` and, in a joint model, ``vif``.
    kind : str
        ``"univariate"`` or ``"multivariable"``.
    level : float
        Of the intervals.
    """

    table: pd.DataFrame
    kind: str
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return the table, unrounded."""
        return self.table.copy()


@dataclass(frozen=True, eq=False)
class _Design:
    """Design columns of several variables on their complete cases."""

    X: pd.DataFrame
    y: pd.Series
    columns: Mapping[str, tuple[tuple[str, str, str], ...]]  # variable: (column, level, reference)
    n_missing: int


def univariate_logistic(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    references: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> LogisticTable:
    """Regress the outcome on each variable alone.

    Parameters
    ----------
    frame : DataFrame
        One row per case; numbers are continuous variables, anything else has levels.
    outcome : str
        Column with 1 and 0.
    variables : sequence of str
    references : mapping of str to str, optional
        Reference level by variable; the first in sorted order where left out.
    level : float
        Of the intervals.

    Returns
    -------
    LogisticTable
        Separated data are fitted by Firth's penalised likelihood, and say so; a variable without
        variation has an undefined odds ratio.

    Raises
    ------
    DlrError
        If a column is absent, the outcome has one class, or a reference is no level.
    """
    check_level(level)
    rows = []
    for variable in variables:
        design = _design(frame, outcome, [variable], references or {})
        rows += _rows(design, level, joint=False)
    return LogisticTable(pd.DataFrame(rows), "univariate", level)


def multivariable_logistic(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    references: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> LogisticTable:
    """Regress the outcome on all variables together; complete cases only.

    Parameters are those of :func:`univariate_logistic`.

    Returns
    -------
    LogisticTable
        With the variance inflation factor of each column.
    """
    check_level(level)
    design = _design(frame, outcome, variables, references or {})
    return LogisticTable(pd.DataFrame(_rows(design, level, joint=True)), "multivariable", level)


def _design(
    frame: pd.DataFrame, outcome: str, variables: Sequence[str], references: Mapping[str, str]
) -> _Design:
    """Make treatment contrasts of the complete cases."""
    absent = [name for name in (outcome, *variables) if name not in frame]
    if absent:
        raise DlrError(f"the table has no column '{absent[0]}'")
    used = frame[[outcome, *variables]]
    complete = used.dropna()
    if complete.empty:
        raise DlrError(f"no case is complete in {', '.join(variables)}")
    parts: dict[str, pd.Series] = {}
    columns: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for name in variables:
        values = complete[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            parts[name] = values.astype(float)
            columns[name] = ((name, "", ""),)
            continue
        levels = sorted(values.astype(str).unique())
        reference = references.get(name, levels[0])
        if reference not in levels:
            raise DlrError(
                f"the reference level '{reference}' of '{name}' does not occur; the levels are: "
                f"{', '.join(levels)}"
            )
        others = [level for level in levels if level != reference]
        columns[name] = tuple((f"{name}={level}", level, reference) for level in others)
        for column, level, _ in columns[name]:
            parts[column] = (values.astype(str) == level).astype(float)
    X = pd.DataFrame(parts, index=complete.index, dtype=float)
    y = pd.Series(binary_outcome(complete[outcome]).astype(float), index=complete.index)
    return _Design(X, y, columns, len(used) - len(complete))


def _rows(design: _Design, level: float, joint: bool) -> list[dict[str, object]]:
    """Fit the model and describe each of its columns."""
    varying = design.X.loc[:, design.X.nunique() > 1]
    model = fit_logistic(varying, design.y)
    inflation = _inflation(varying) if joint else {}
    rows = []
    for variable, columns in design.columns.items():
        own = [column for column, _, _ in columns if column in varying]
        p_ratio = _likelihood_ratio(varying, design.y, own, model)
        if not columns:
            columns = (("", "", ""),)  # one level only: nothing to compare
        for column, name, reference in columns:
            row: dict[str, object] = {"variable": variable, "level": name, "reference": reference}
            row |= _odds(varying, design.y, column, model, level)
            row |= {
                "p_likelihood_ratio": p_ratio,
                "n": model.n,
                "n_missing": design.n_missing,
                "separated": model.separated,
                "method": model.method,
            }
            if joint:
                row["vif"] = inflation.get(column, np.nan)
            rows.append(row)
    return rows


def _odds(
    X: pd.DataFrame, y: pd.Series, column: str, model: LogisticModel, level: float
) -> dict[str, float]:
    """Return odds ratio, intervals and Wald p of one column."""
    names = ("odds_ratio", "low", "high", "profile_low", "profile_high", "p_value")
    if column not in X:
        return dict.fromkeys(names, np.nan)
    beta = float(model.coefficients[column])
    error = model.standard_error(column)
    width = float(ndtri(1 - (1 - level) / 2)) * error
    low, high = profile_interval(X, y, column, model, level)
    with np.errstate(over="ignore"):
        values = np.exp([beta, beta - width, beta + width, low, high])
    return dict(zip(names, [*map(float, values), float(2 * ndtr(-abs(beta / error)))], strict=True))


def _likelihood_ratio(X: pd.DataFrame, y: pd.Series, own: list[str], model: LogisticModel) -> float:
    """Return the likelihood-ratio p of one variable with all its levels."""
    if not own:
        return float("nan")
    rest = fit_logistic(X.drop(columns=own), y)
    return float(chdtrc(len(own), max(2 * (model.log_likelihood - rest.log_likelihood), 0.0)))


def _inflation(X: pd.DataFrame) -> dict[str, float]:
    """Return the variance inflation factor of each column."""
    if X.shape[1] < 2:
        return dict.fromkeys(X.columns, 1.0)
    inverse = np.linalg.pinv(np.corrcoef(X.to_numpy(), rowvar=False))
    return {str(name): float(value) for name, value in zip(X, np.diag(inverse), strict=True)}
