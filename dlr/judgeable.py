"""Which cohorts of a validation can be judged, and by which columns; asked before extraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from dlr.cohort import Cohort
from dlr.cohort.rules import POOLED, pooled_faults
from dlr.errors import Fault, InputError
from dlr.subgroups import SubgroupColumn


def judgeable_parts(
    table: pd.DataFrame, cohort: Cohort, training: str
) -> tuple[list[pd.DataFrame], dict[str, str]]:
    """Split cases by cohort, the pooled ones last; tell which cohorts cannot be judged.

    Parameters
    ----------
    table : pandas.DataFrame
        Long score table, or the clinical table before there are scores; columns ``case_id``,
        ``cohort`` and ``outcome`` (1, 0 or missing).
    cohort : Cohort
        Where the cases come from, for messages.
    training : str
        The cohort that trained; it is never pooled.

    Returns
    -------
    parts : list of pandas.DataFrame
    reasons : dict of str to str
        By cohort that cannot be judged.

    Raises
    ------
    InputError
        If nothing can be judged, or a cohort is called ``"pooled"``.
    """
    column = cohort.config.cohorts.column
    faults = pooled_faults(pd.Series(cohort.names), cohort.config.clinical, column)
    if faults:
        raise InputError(faults)
    parts, reasons = [], {}
    for name, part in table.groupby("cohort", sort=False):
        known = part.drop_duplicates("case_id")["outcome"].dropna()
        if known.nunique() == 2:
            parts.append(part)
        else:
            reasons[str(name)] = "no outcome is known" if known.empty else "one outcome only"
    external = table[table["cohort"] != training]
    if external["cohort"].nunique() > 1 and external["outcome"].nunique() == 2:
        parts.append(external.assign(cohort=POOLED))
    if not parts:
        raise _nothing_to_judge(table["outcome"].dropna(), cohort)
    return parts, reasons


def _nothing_to_judge(known: pd.Series, cohort: Cohort) -> InputError:
    found = "absent or empty" if known.empty else "the same in all cases"
    message = (
        f"the outcome is {found}, so nothing can be judged; complete it, or use "
        "'dlr predict', which needs none"
    )
    column = cohort.config.outcome.column
    return InputError([Fault(message, cohort.config.clinical, column=column, code="no-outcome")])


def subgroup_values(
    columns: Sequence[SubgroupColumn], cases: Sequence[pd.DataFrame], cohort: Cohort
) -> Mapping[str, pd.Series]:
    """Read the columns to judge by, and see that each can be cut into groups.

    Parameters
    ----------
    columns : sequence of SubgroupColumn
    cases : sequence of pandas.DataFrame
        As :func:`judgeable_parts` returns them; the last is judged by subgroup.
    cohort : Cohort

    Returns
    -------
    mapping of str to pandas.Series
        By column: text by case, NaN where missing.

    Raises
    ------
    InputError
        If the table has no such column.
    DlrError
        If edges are given for a column that holds no numbers.
    """
    values = {column.column: cohort.column(column.column) for column in columns}
    main = cases[-1]["case_id"].unique()
    for column in columns:
        column.groups(values[column.column].loc[main])
    return values
