"""Covariates of ComBat as columns of a design; the outcome is never one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dlr.errors import DlrError
from dlr.models.batch_effects import Floats


@dataclass(frozen=True)
class CovariateTerm:
    """One column of the covariates' design.

    Parameters
    ----------
    name : str
    level : str or None
        The level the column marks; None for a number.
    mean : float
        Of the column in training; what a missing value counts as.
    """

    name: str
    level: str | None
    mean: float

    def centred(self, covariates: pd.DataFrame) -> Floats:
        """Return the column less its training mean, shape (n_cases,)."""
        column = covariates[self.name]
        if self.level is None:
            values = column.to_numpy(dtype=float, na_value=np.nan)
        else:
            values = (column.astype(str) == self.level).to_numpy(dtype=float)
            values[column.isna().to_numpy()] = np.nan
        return np.where(np.isfinite(values), values - self.mean, 0.0)


def covariate_terms(
    covariates: pd.DataFrame, outcome: ArrayLike | None
) -> tuple[CovariateTerm, ...]:
    """Learn the design of the covariates: numbers as they are, levels after the first one.

    Parameters
    ----------
    covariates : DataFrame of shape (n_cases, n_covariates)
    outcome : array_like of shape (n_cases,), optional
        Refused as a covariate, by name and by values.
    """
    terms: list[CovariateTerm] = []
    for name in covariates.columns:
        column = covariates[name]
        if outcome is not None:
            _refuse_outcome(column, outcome)
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            known = column.to_numpy(dtype=float, na_value=np.nan)
            known = known[np.isfinite(known)]
            if len(known) and np.ptp(known) > 0:
                terms.append(CovariateTerm(str(name), None, float(known.mean())))
            continue
        levels = column.dropna().astype(str)
        terms += [
            CovariateTerm(str(name), level, float((levels == level).mean()))
            for level in sorted(set(levels))[1:]
        ]
    return tuple(terms)


def _refuse_outcome(covariate: pd.Series, outcome: ArrayLike) -> None:
    """Refuse a covariate that is called like the outcome, or stands for it one to one."""
    message = (
        f"ComBat's covariate '{covariate.name}' is the outcome: keeping its effect would write "
        "the answer into the features; leave it out"
    )
    if isinstance(outcome, pd.Series) and outcome.name == covariate.name:
        raise DlrError(message)
    both = pd.DataFrame({"a": covariate.to_numpy(), "b": np.asarray(outcome)}).dropna()
    classes, pairs = both["b"].nunique(), len(both.drop_duplicates())
    if classes > 1 and classes == both["a"].nunique() == pairs:
        raise DlrError(message)


def covariate_design(
    terms: tuple[CovariateTerm, ...], covariates: pd.DataFrame | None, n_cases: int
) -> Floats:
    """Return the columns less their training means, shape (n_cases, n_terms).

    Without covariates every case has their training means: all columns are zero.
    """
    if covariates is None:
        return np.zeros((n_cases, len(terms)))
    absent = [term.name for term in terms if term.name not in covariates]
    if absent:
        raise DlrError(f"ComBat was fitted with the covariate '{absent[0]}', which is absent")
    columns = [term.centred(covariates) for term in terms]
    return np.column_stack(columns) if columns else np.zeros((n_cases, 0))
