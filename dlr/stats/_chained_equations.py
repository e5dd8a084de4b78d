"""Multiple imputation by chained equations: each variable in turn from all the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dlr.stats._validation import BoolArray, FloatArray
from dlr.stats._variables import is_categorical, level_column, level_names, numbers

CYCLES = 10
DONORS = 5
_RIDGE = 1e-5  # of the cross-products' diagonal: collinear predictors do no harm
_PENALTY = 10.0  # inverse ridge penalty of the levels' regression, whose classes may separate


def impute_once(
    frame: pd.DataFrame,
    outcome: FloatArray,
    levels: Sequence[str],
    random: np.random.Generator,
) -> pd.DataFrame:
    """Complete a table by one run of chained equations.

    Parameters
    ----------
    frame : DataFrame of shape (n_cases, n_variables)
    outcome : ndarray of shape (n_cases,)
        A predictor of every variable, never imputed.
    levels : sequence of str
        Variables with levels though their column is numeric.
    random : numpy.random.Generator

    Returns
    -------
    DataFrame
        Numbers stay numbers, levels become categories; known values stay as they are.

    Notes
    -----
    Numbers: predictive mean matching, five donors, with a Bayesian draw of the regression on the
    side of the missing cases (van Buuren, Flexible Imputation of Missing Data, 2nd ed., 2018,
    algorithm 3.3 and type 1 matching), so that only values that occur are imputed. Levels: drawn
    from a multinomial logistic regression fitted on a bootstrap sample of the known cases. Ten
    cycles from random known values, variables with fewest missing values first.
    """
    table = pd.DataFrame(index=frame.index)
    kinds: dict[str, list[str]] = {}
    for name in frame:
        column = frame[name]
        coded = is_categorical(column, forced=name in levels)
        kinds[str(name)] = level_names(column) if coded else []
        values = level_column(column) if coded else pd.Series(numbers(column), frame.index)
        table[name] = values
    gaps = {str(n): table[n].isna().to_numpy() for n in table if table[n].isna().any()}
    gaps = {name: gap for name, gap in gaps.items() if not gap.all()}
    order = sorted(gaps, key=lambda name: int(gaps[name].sum()))
    for name in order:
        known = table.loc[~gaps[name], name].to_numpy()
        table.loc[gaps[name], name] = random.choice(known, int(gaps[name].sum()))
    for _ in range(CYCLES if len(order) > 1 else 1):
        for name in order:
            predictors = _predictors(table, kinds, outcome, name)
            known = table.loc[~gaps[name], name].to_numpy()
            draw = _draw_levels if kinds[name] else _draw_numbers
            table.loc[gaps[name], name] = draw(predictors, gaps[name], known, random)
    for name, order_of_levels in kinds.items():
        if order_of_levels:
            table[name] = pd.Categorical(table[name], order_of_levels)
    return table


def _predictors(
    table: pd.DataFrame, kinds: dict[str, list[str]], outcome: FloatArray, target: str
) -> FloatArray:
    """Return ones, the outcome and all variables but one, standardised."""
    columns: list[FloatArray] = [outcome]
    for name, levels in kinds.items():
        if name == target or table[name].isna().any():
            continue
        if levels:
            columns += [np.asarray(table[name] == level, dtype=float) for level in levels[1:]]
        else:
            columns.append(table[name].to_numpy(dtype=float))
    values = np.column_stack(columns)
    scale = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    return np.column_stack([np.ones(len(values)), values])


def _draw_numbers(
    predictors: FloatArray, gap: BoolArray, known: FloatArray, random: np.random.Generator
) -> FloatArray:
    """Give each missing case the value of a known one with a similar prediction."""
    seen, unseen = predictors[~gap], predictors[gap]
    products = seen.T @ seen
    products[np.diag_indices_from(products)] *= 1 + _RIDGE
    # Columns that are zero throughout have no diagonal to raise.
    products += _RIDGE * np.eye(len(products))
    values = known.astype(float)
    best = np.linalg.solve(products, seen.T @ values)
    freedom = max(len(values) - len(best), 1)
    variance = ((values - seen @ best) ** 2).sum() / random.chisquare(freedom)
    factor = np.linalg.cholesky(np.linalg.inv(products))
    drawn = best + np.sqrt(variance) * (factor @ random.normal(size=len(best)))
    distance = np.abs((unseen @ drawn)[:, None] - (seen @ best)[None, :])
    near = np.argsort(distance, axis=1, kind="stable")[:, :DONORS]
    picked = random.integers(near.shape[1], size=len(near))
    return np.asarray(values[near[np.arange(len(near)), picked]])


def _draw_levels(
    predictors: FloatArray, gap: BoolArray, known: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Draw levels from a regression whose uncertainty a bootstrap sample stands for."""
    from sklearn.linear_model import LogisticRegression

    sample = random.integers(len(known), size=len(known))
    labels = known[sample].astype(str)
    if len(np.unique(labels)) == 1:
        return np.full(int(gap.sum()), labels[0], dtype=object)
    model = LogisticRegression(C=_PENALTY, max_iter=2000)
    model.fit(predictors[~gap][sample][:, 1:], labels)
    cumulative = model.predict_proba(predictors[gap][:, 1:]).cumsum(axis=1)
    below = random.random(len(cumulative))[:, None] > cumulative[:, :-1]
    return np.asarray(model.classes_[below.sum(axis=1)], dtype=object)
