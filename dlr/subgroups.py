"""How a frozen model does in groups of patients: by sex, centre, age band or any other column.

Groups are made of the table's own values; a column of numbers is cut into bands. Whether the
groups differ is tested, since single intervals that include 0.5 or not are no comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.models.cases import groups_of
from dlr.stats import ClassificationMetrics, auc, classification_metrics, cochran_q
from dlr.stats._recalibration import fit_line, fit_offset
from dlr.stats._validation import group_codes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_VALUES = 8
"""A column of numbers with more different values than this is cut into thirds."""
NOT_KNOWN = "not known"
MEASURES = ("auc", "calibration_in_the_large", "calibration_slope")
"""Measures that are compared between groups."""


@dataclass(frozen=True)
class SubgroupColumn:
    """A column to group by and, for numbers, where to cut it.

    Parameters
    ----------
    column : str
        Column of the clinical table.
    edges : tuple of float
        Lower limits of all bands but the first, rising; without any, many-valued numbers are cut
        at their thirds.
    """

    column: str
    edges: tuple[float, ...] = ()

    @classmethod
    def parse(cls, text: str) -> SubgroupColumn:
        """Read ``"sex"`` or, with edges, ``"age:40,60"``.

        Raises
        ------
        DlrError
            If the edges are not rising numbers.
        """
        column, _, cuts = text.partition(":")
        try:
            edges = tuple(float(cut) for cut in cuts.split(",")) if cuts else ()
        except ValueError:
            edges = (nan,)
        if any(not a < b for a, b in zip((float("-inf"), *edges), edges)) or not column:
            raise DlrError(
                f"'{text}' names no subgroups; write a column ('sex') or a column and rising "
                "edges ('age:40,60')"
            )
        return cls(column, edges)

    def groups(self, values: pd.Series) -> pd.Series:
        """Name the group of each case.

        Parameters
        ----------
        values : pandas.Series
            Text or numbers of the column, one per case; NaN where not known.

        Returns
        -------
        pandas.Series
            An ordered categorical: the levels in alphabetical order or the bands from low to
            high; ``"not known"`` last.

        Raises
        ------
        DlrError
            If edges are given for a column that holds no numbers.
        """
        missing = values.isna()
        numbers = pd.to_numeric(values.where(~missing), errors="coerce")
        numeric = bool(numbers[~missing].notna().all()) and not missing.all()
        if self.edges and not numeric:
            raise DlrError(f"the column '{self.column}' holds no numbers that could be cut")
        if self.edges:
            named, order = _bands(numbers, np.array(self.edges))
        elif numeric and numbers.nunique() > MANY_VALUES:
            thirds = np.unique(np.quantile(numbers.dropna(), [1 / 3, 2 / 3]))
            named, order = _bands(numbers, thirds)
        else:
            named = values.astype(str)
            levels = named[~missing].unique()
            order = sorted(levels, key=float) if numeric else sorted(levels)
        named = named.where(~missing, NOT_KNOWN)
        order = [*order, NOT_KNOWN] if missing.any() else list(order)
        return pd.Series(pd.Categorical(named, order, ordered=True), values.index)


def _bands(numbers: pd.Series, edges: np.ndarray) -> tuple[pd.Series, list[str]]:
    """Cut numbers into bands that hold their lower limit."""
    texts = [f"{edge:.4g}" for edge in edges]
    between = [f"{low} to <{high}" for low, high in pairwise(texts)]
    names = [f"<{texts[0]}", *between, f"\N{GREATER-THAN OR EQUAL TO}{texts[-1]}"]
    codes = np.searchsorted(edges, numbers.fillna(edges[0]).to_numpy(), side="right")
    return pd.Series([names[code] for code in codes], numbers.index), names


@dataclass(frozen=True, eq=False)
class SubgroupTable:
    """One score judged in every group of one column.

    Attributes
    ----------
    column, feature_set : str
    table : pandas.DataFrame
        One row per group: ``group``, ``n``, ``n_positive``, ``auc``, ``auc_low``, ``auc_high``,
        ``auc_error``; ``calibration_in_the_large`` (above 0: risks predicted too low),
        ``calibration_slope`` (below 1: too extreme), each with ``_low``, ``_high``, ``_error``;
        ``sensitivity`` and ``specificity`` at the locked threshold with limits (Wilson); and a
        ``note`` where something cannot be computed.
    heterogeneity : pandas.DataFrame
        Index: `MEASURES`; columns ``statistic``, ``degrees_of_freedom``, ``p_value``,
        ``i_squared``, ``note``. A small p value: the groups differ by more than chance would
        explain.
    threshold : float
        Locked threshold on the probability.
    level : float
        Confidence level of all limits.
    """

    column: str
    feature_set: str
    table: pd.DataFrame
    heterogeneity: pd.DataFrame
    threshold: float
    level: float = 0.95

    def to_frame(self) -> pd.DataFrame:
        """Return the table with the names of column and feature set in front."""
        frame = self.table.copy()
        frame.insert(0, "column", self.column)
        frame.insert(1, "feature_set", self.feature_set)
        return frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the AUC of every group with its interval; see `dlr.figures`."""
        from dlr.figures._subgroups import plot_subgroups

        return plot_subgroups([self], ax=ax)


def judge_subgroups(
    scores: pd.DataFrame,
    values: pd.Series,
    by: SubgroupColumn,
    threshold: float,
    level: float = 0.95,
) -> SubgroupTable:
    """Judge one score in every group of a column.

    Parameters
    ----------
    scores : pandas.DataFrame
        Rows of one feature set of a long score table: ``case_id``, ``subject_id``,
        ``feature_set``, ``outcome`` (rows without one are left out), ``score``, ``probability``.
    values : pandas.Series
        The column's value of each case, by ``case_id``; NaN where not known.
    by : SubgroupColumn
    threshold : float
        Locked threshold on the probability.
    level : float

    Returns
    -------
    SubgroupTable
        Intervals of the AUC are DeLong's (Obuchowski's where subjects have several cases). The
        groups are compared by Cochran's Q over estimates and standard errors, separately for
        each measure.

    Raises
    ------
    DlrError
        If edges are given for a column that holds no numbers.
    """
    known = scores[scores["outcome"].notna()]
    named = by.groups(values.reindex(known["case_id"]))
    pairs = [
        (str(group), known[(named == group).to_numpy()])
        for group in named.cat.categories
        if (named == group).any()
    ]
    table = pd.DataFrame([_judge(group, rows, threshold, level) for group, rows in pairs])
    return SubgroupTable(
        by.column,
        str(known["feature_set"].iloc[0]),
        table,
        _compare(table[table["group"] != NOT_KNOWN], _shared_subjects(known, named)),
        threshold,
        level,
    )


def _judge(group: str, rows: pd.DataFrame, threshold: float, level: float) -> dict[str, object]:
    outcome = rows["outcome"].to_numpy() == 1
    row: dict[str, object] = {"group": group, "n": len(rows), "n_positive": int(outcome.sum())}
    if outcome.all() or not outcome.any():
        return {**row, "note": "all cases have the same outcome", **_nothing()}
    if len(rows) > 1 and rows["subject_id"].nunique() == 1:
        return {**row, "note": "all cases are of one subject", **_nothing()}
    log_odds = rows["score"].to_numpy(dtype=float)
    groups = groups_of(rows["subject_id"])
    codes = group_codes(groups, len(outcome))
    area = auc(outcome, log_odds, groups=groups)
    slope = fit_line(outcome, log_odds, codes)[1]
    large = fit_offset(outcome, log_odds, codes)
    row["note"] = "; ".join(filter(None, (area.note, slope.note, large.note)))
    estimates = {"calibration_in_the_large": large, "calibration_slope": slope}
    low, high = area.confidence_interval(level)
    row |= {"auc": area.value, "auc_low": low, "auc_high": high, "auc_error": area.standard_error}
    for name, estimate in estimates.items():
        low, high = estimate.confidence_interval(level)
        row |= {name: estimate.value, f"{name}_low": low, f"{name}_high": high}
        row[f"{name}_error"] = estimate.standard_error
    calls = classification_metrics(outcome, rows["probability"], threshold, groups)
    return row | _shares(calls, level)


def _shares(calls: ClassificationMetrics, level: float) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, share in (("sensitivity", calls.sensitivity), ("specificity", calls.specificity)):
        low, high = share.confidence_interval(level)
        row |= {name: share.value, f"{name}_low": low, f"{name}_high": high}
    return row


def _nothing() -> dict[str, float]:
    names = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high", "_error")]
    names += [f"{s}{e}" for s in ("sensitivity", "specificity") for e in ("", "_low", "_high")]
    return dict.fromkeys(names, nan)


def _compare(table: pd.DataFrame, shared: int) -> pd.DataFrame:
    """Test each measure for differences between the groups."""
    rows = []
    for name in MEASURES:
        test = cochran_q(table[name], table[f"{name}_error"])
        warning = f"{shared} subjects are in several groups, which the test takes as independent"
        rows.append(
            {
                "measure": name,
                "statistic": test.statistic,
                "degrees_of_freedom": test.degrees_of_freedom,
                "p_value": test.p_value,
                "i_squared": test.i_squared,
                "note": "; ".join(filter(None, (test.note, warning if shared else ""))),
            }
        )
    return pd.DataFrame(rows).set_index("measure")


def _shared_subjects(known: pd.DataFrame, named: pd.Series) -> int:
    counts = pd.Series(named.to_numpy()).groupby(known["subject_id"].to_numpy()).nunique()
    return int((counts > 1).sum())
