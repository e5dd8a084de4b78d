"""Balance of covariates between treated and controls, before and after matching."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dlr.stats._validation import BoolArray, FloatArray


def balance_table(
    columns: Mapping[str, FloatArray], treated: BoolArray, weights: FloatArray
) -> pd.DataFrame:
    """Return means and standardised mean differences before and after matching.

    Conventions are MatchIt's: the difference (treated minus control) is divided by the SD of *all*
    treated cases, with divisor n - 1 for a continuous covariate and sqrt(p (1 - p)) for one that
    holds only 0 and 1. The same divisor serves after matching, so that a smaller value means closer
    means and not a wider spread.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n,)
        Covariates, a column per level of a categorical one.
    treated : ndarray of bool, shape (n,)
    weights : ndarray of shape (n,)
        Matching weights; 0 for unmatched cases.

    Returns
    -------
    DataFrame
        Index ``covariate``; columns ``treated_before``, ``control_before``, ``smd_before``,
        ``treated_after``, ``control_after``, ``smd_after``. A covariate that does not vary among
        the treated has NaN differences unless the means agree.
    """
    rows = {}
    for name, values in columns.items():
        spread = _spread(values[treated])
        row: dict[str, float] = {}
        for when, weight in (("before", np.ones(len(values))), ("after", weights)):
            means = [_mean(values[group], weight[group]) for group in (treated, ~treated)]
            difference = means[0] - means[1]
            row[f"treated_{when}"], row[f"control_{when}"] = means
            row[f"smd_{when}"] = _ratio(difference, spread)
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "covariate"
    return table


def _mean(values: FloatArray, weights: FloatArray) -> float:
    return float(np.average(values, weights=weights)) if weights.sum() > 0 else float("nan")


def _spread(values: FloatArray) -> float:
    if np.isin(values, (0.0, 1.0)).all():
        share = values.mean()
        return float(np.sqrt(share * (1 - share)))
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _ratio(difference: float, spread: float) -> float:
    if spread > 0:
        return difference / spread
    return 0.0 if difference == 0 else float("nan")
