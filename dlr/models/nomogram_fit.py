"""Fitting the logistic regression behind a nomogram from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from dlr.errors import DlrError
from dlr.models.nomogram_interval import Covariance
from dlr.models.nomogram_terms import Term
from dlr.models.spline import spline_basis, spline_knots
from dlr.stats import fit_logistic


def fit_terms(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    splines: Mapping[str, int],
    references: Mapping[str, str],
    labels: Mapping[str, str],
) -> tuple[float, tuple[Term, ...], NDArray[np.float64], Covariance]:
    """Fit the model; parameters are those of :meth:`dlr.models.nomogram.Nomogram.fit`.

    Returns
    -------
    intercept : float
    terms : tuple of Term
    log_odds : ndarray of shape (n_complete,)
        Of the rows without missing values.
    covariance : tuple of tuple of float
        Of the intercept and the coefficients, in the order of the terms.
    """
    _check(frame, outcome, variables, splines, references)
    rows = frame[[outcome, *variables]].dropna()
    blocks = {
        name: _levels_block(rows[name], references.get(name))
        if _is_factor(rows[name])
        else _number_block(rows[name], splines.get(name))
        for name in variables
    }
    design = pd.concat([block for block, _ in blocks.values()], axis=1)
    model = fit_logistic(design, rows[outcome])
    terms = []
    for name, (block, empty) in blocks.items():
        slopes = tuple(float(model.coefficients[str(column)]) for column in block)
        coefficients = (0.0, *slopes) if empty.levels else slopes
        terms.append(replace(empty, label=labels.get(name, name), coefficients=coefficients))
    log_odds = np.asarray(model.predict_log_odds(design))
    covariance = tuple(tuple(row) for row in model.covariance.to_numpy(dtype=float).tolist())
    return float(model.coefficients["intercept"]), tuple(terms), log_odds, covariance


def _check(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    splines: Mapping[str, int],
    references: Mapping[str, str],
) -> None:
    if not variables:
        raise DlrError("a nomogram needs at least one variable")
    absent = [name for name in (outcome, *variables) if name not in frame]
    if absent:
        raise DlrError(f"the table has no column '{absent[0]}'")
    if len(set(variables)) < len(variables):
        raise DlrError(f"each variable must be named once, got {', '.join(variables)}")
    for option, given, factor in (("splines", splines, False), ("references", references, True)):
        for name in given:
            if name not in variables or _is_factor(frame[name]) != factor:
                kind = "a factor" if factor else "a number"
                raise DlrError(f"{option} names '{name}', which is not {kind} of this model")


def _is_factor(column: pd.Series) -> bool:
    return not is_numeric_dtype(column) or is_bool_dtype(column)


def _number_block(column: pd.Series, count: int | None) -> tuple[pd.DataFrame, Term]:
    """Return the design columns of a number, and its term still without coefficients."""
    values = column.to_numpy(dtype=float)
    if not values.size or np.ptp(values) == 0:
        raise DlrError(f"'{column.name}' does not vary among the complete rows; leave it out")
    knots = spline_knots(values, count) if count is not None else ()
    basis = spline_basis(values, knots)
    names = [str(column.name) + "'" * power for power in range(basis.shape[1])]
    blank = (0.0,) * len(names)
    low, high = float(values.min()), float(values.max())
    term = Term(str(column.name), "", blank, low, high, knots=knots)
    return pd.DataFrame(basis, index=column.index, columns=names), term


def _levels_block(column: pd.Series, reference: str | None) -> tuple[pd.DataFrame, Term]:
    """Return the treatment contrasts of a factor, and its term still without coefficients."""
    text = column.astype(str)
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = [str(level) for level in column.cat.categories if (text == str(level)).any()]
    else:
        known = sorted(text.unique())
    if reference is not None and str(reference) not in known:
        raise DlrError(
            f"the reference level '{reference}' of '{column.name}' does not occur; "
            f"its levels are {', '.join(known)}"
        )
    if len(known) < 2:
        raise DlrError(f"'{column.name}' does not vary among the complete rows; leave it out")
    first = str(reference) if reference is not None else known[0]
    levels = (first, *(level for level in known if level != first))
    contrasts = {f"{column.name}={level}": (text == level).astype(float) for level in levels[1:]}
    term = Term(str(column.name), "", (0.0,) * len(levels), levels=levels)
    return pd.DataFrame(contrasts, index=column.index), term
