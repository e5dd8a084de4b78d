"""Agreement of any number of ratings of many features, such as those of perturbed ROIs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.stats._icc_formulas import FORMS, notes
from dlr.stats._mean_squares import mean_squares
from dlr.stats._validation import check_choice
from dlr.stats.icc import IccTable, same_cases


def icc_repeated(ratings: Sequence[pd.DataFrame], form: str = "1,1") -> IccTable:
    """Estimate how well several ratings agree on each of many features.

    Parameters
    ----------
    ratings : sequence of DataFrame of shape (n_cases, m_features)
        One table per rating, at least two: the same cases (rows) and features (columns) in the
        same order. A case lacking a value in any of them is left out for that feature only.
    form : {"1,1", "2,1", "3,1", "1,k", "2,k", "3,k"}
        See :func:`dlr.stats.icc`. "1,1" suits ratings that have no identity, such as random
        perturbations (Zwanenburg et al., Sci Rep 9:614, 2019).

    Returns
    -------
    IccTable
        NaN with a note for features that do not vary or have fewer than two complete cases.

    Raises
    ------
    DlrError
        If there are fewer than two tables, they differ in cases or features, or the form is
        unknown.
    """
    check_choice(form, "form", FORMS)
    if len(ratings) < 2:
        raise DlrError(f"agreement needs at least two ratings, but got {len(ratings)}")
    first = ratings[0]
    for number, table in enumerate(ratings[1:], start=2):
        if not (table.index.equals(first.index) and table.columns.equals(first.columns)):
            raise DlrError(
                f"rating {number} differs from the first in its cases or features; "
                "bring all ratings to the same rows and columns"
            )
    values = np.stack([table.to_numpy(dtype=float) for table in ratings])
    complete = np.isfinite(values).all(axis=0)
    counts = complete.sum(axis=0)
    reasons = ["" if n >= 2 else f"only {n} case(s) measured in all ratings" for n in counts]
    parts = []
    for where in same_cases(complete):
        if counts[where[0]] < 2:
            continue
        rows = complete[:, where[0]]
        squares = mean_squares(values[:, rows][:, :, where])
        parts.append((where, squares))
        for position, note in zip(where, notes(squares, form)):
            reasons[position] = note
    names = tuple(str(name) for name in first.columns)
    return IccTable(form, names, counts, tuple(reasons), tuple(parts))
