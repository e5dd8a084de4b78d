"""Baseline table: what the cases with and without the event are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from dlr.errors import DlrError
from dlr.stats._describe import (
    CATEGORICAL_TESTS,
    CONTINUOUS_TESTS,
    GROUPS,
    Rules,
    VariableSummary,
    describe_continuous,
    describe_levels,
)
from dlr.stats._validation import BoolArray, check_choice, check_level
from dlr.stats._variables import check_columns, is_categorical, known_outcome


@dataclass(frozen=True, eq=False)
class BaselineCohort:
    """The description of one cohort.

    Attributes
    ----------
    name : str
        Of the cohort; empty when all cases are described together.
    n, n_event, n_unknown : int
        Cases with known outcome, those among them with the event, and cases left out because
        their outcome is unknown.
    summaries : tuple of VariableSummary
        One per variable, with unrounded ``numbers``, ``test``, ``smd`` and ``n_missing``.
    """

    name: str
    n: int
    n_event: int
    n_unknown: int
    summaries: tuple[VariableSummary, ...]


@dataclass(frozen=True, eq=False)
class BaselineTable:
    """Baseline characteristics by outcome.

    Attributes
    ----------
    outcome : str
    variables : tuple of str
    cohorts : tuple of BaselineCohort
        A single one unless the table is by cohort.
    """

    outcome: str
    variables: tuple[str, ...]
    cohorts: tuple[BaselineCohort, ...]

    @property
    def n(self) -> int:
        """Cases of known outcome, in all cohorts."""
        return sum(cohort.n for cohort in self.cohorts)

    @property
    def n_positive(self) -> int:
        """Cases with the event."""
        return sum(cohort.n_event for cohort in self.cohorts)

    @property
    def n_negative(self) -> int:
        """Cases without the event."""
        return self.n - self.n_positive

    @property
    def tests(self) -> pd.DataFrame:
        """One row per cohort and variable, unrounded: test, statistic, p, SMD, missing, note."""
        return pd.DataFrame(
            [_tested(cohort.name, item) for cohort in self.cohorts for item in cohort.summaries]
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table as papers print it, numbers as text.

        Returns
        -------
        DataFrame
            One row per continuous variable and one per level of categorical ones. Columns
            ``variable``, ``level``, ``all``, ``negative``, ``positive`` (mean ± SD, median
            (Q1–Q3), or count (share of the column)), ``p_value``, ``test`` (its name, or why it
            was not done), ``smd`` (positive minus negative) and ``n_missing``. Tests and SMD
            stand on a variable's first row. With several cohorts these seven columns repeat for
            each, as ``"<cohort>: all"``.
        """
        blocks = [_block(cohort) for cohort in self.cohorts]
        if len(blocks) == 1 and not self.cohorts[0].name:
            return blocks[0].reset_index()
        # Levels in the order of the first cohort that has them, variable by variable.
        keys = list(dict.fromkeys(key for block in blocks for key in block.index))
        keys.sort(key=lambda key: self.variables.index(key[0]))
        index = pd.MultiIndex.from_tuples(keys, names=["variable", "level"])
        named = [
            _filled(block.reindex(index)).add_prefix(f"{cohort.name}: ")
            for cohort, block in zip(self.cohorts, blocks)
        ]
        return pd.concat(named, axis=1).reset_index()


def baseline_table(
    frame: pd.DataFrame,
    outcome: str,
    variables: Sequence[str],
    by_cohort: bool | str = True,
    *,
    tests: Mapping[str, str] | None = None,
    categorical: Sequence[str] = (),
    normality_p: float = 0.05,
    least_expected: float = 5.0,
    equal_variances: bool = True,
    continuity: bool = True,
) -> BaselineTable:
    """Describe the cases by outcome, and test every variable.

    Parameters
    ----------
    frame : DataFrame of shape (n_cases, ...)
        One row per case.
    outcome : str
        Column with 1 for the event and 0 for none. Cases of unknown outcome are left out (and
        counted).
    variables : sequence of str
        Columns to describe. Numbers are continuous; text, categories and booleans categorical.
        Missing values are left out per variable (and counted).
    by_cohort : bool or str
        True: one block per value of the column ``cohort``; a name: of that column; False: all
        cases together.
    tests : mapping of str to str, optional
        Overrides the choice for some variables: "t" (Student), "welch" or "mann-whitney" for
        continuous, "chi-squared" (with continuity correction), "pearson" (without) or "fisher"
        for categorical ones.
    categorical : sequence of str
        Numeric columns to describe by level.
    normality_p : float
        A continuous variable is called normal when Shapiro-Wilk's p is at least this in both
        outcome groups; then mean, SD and t test, otherwise median, quartiles and Mann-Whitney.
    least_expected : float
        Fisher's exact test replaces chi-squared when an expected count of a 2 x 2 table is below
        this; in larger tables when more than a fifth are, or any is below 1 (Cochran).
    equal_variances : bool
        Whether the t test of normal variables is Student's, as papers use, rather than Welch's.
    continuity : bool
        Whether chi-squared of a 2 x 2 table is corrected for continuity, as R does by default.

    Returns
    -------
    BaselineTable

    Raises
    ------
    DlrError
        When columns are absent, the outcome is not 0/1, or a test does not fit its variable.

    Notes
    -----
    The standardised mean difference is that of positive minus negative over the root of the mean
    variance of the two groups; of more than two levels the Mahalanobis distance of the shares,
    which has no sign.
    """
    names = check_columns(frame, outcome, variables)
    check_level(normality_p)
    forced = set(categorical)
    chosen = dict(tests or {})
    _check_tests(frame, names, chosen, forced)
    rules = Rules(normality_p, least_expected, equal_variances, continuity)

    def summarise(name: str, rows: pd.DataFrame, event: BoolArray) -> VariableSummary:
        levels = is_categorical(frame[name], name in forced)
        describe = describe_levels if levels else describe_continuous
        return describe(rows[name], event, rules, chosen.get(name))

    cohorts = []
    for cohort, part in _parts(frame, by_cohort):
        rows, event = known_outcome(part, outcome, both_classes=False)
        summaries = tuple(summarise(name, rows, event) for name in names)
        unknown = len(part) - len(rows)
        cohorts.append(BaselineCohort(cohort, len(rows), int(event.sum()), unknown, summaries))
    return BaselineTable(outcome, tuple(names), tuple(cohorts))


def _check_tests(
    frame: pd.DataFrame, names: list[str], chosen: Mapping[str, str], forced: set[str]
) -> None:
    for name, test in chosen.items():
        if name not in names:
            raise DlrError(f"tests names '{name}', which is not among the variables.")
        levels = is_categorical(frame[name], name in forced)
        allowed = CATEGORICAL_TESTS if levels else CONTINUOUS_TESTS
        check_choice(test, f"tests['{name}']", allowed)


def _parts(frame: pd.DataFrame, by_cohort: bool | str) -> list[tuple[str, pd.DataFrame]]:
    if by_cohort is False:
        return [("", frame)]
    column = "cohort" if by_cohort is True else by_cohort
    if column not in frame.columns:
        raise DlrError(
            f"the table has no column '{column}' to divide it by; name another one with "
            "by_cohort='...', or describe all cases together with by_cohort=False."
        )
    return [(str(name), part) for name, part in frame.groupby(column, sort=False, observed=True)]


def _block(cohort: BaselineCohort) -> pd.DataFrame:
    """Return the lines of one cohort, indexed by variable and level."""
    rows: list[dict[str, object]] = []
    for item in cohort.summaries:
        for position, (level, cells) in enumerate(item.cells.iterrows()):
            line: dict[str, object] = {"variable": item.variable, "level": str(level), **cells}
            line |= {"p_value": nan, "test": "", "smd": nan, "n_missing": item.n_missing}
            if position == 0:
                line |= {"p_value": item.test.p_value, "smd": item.smd}
                line["test"] = item.test.note if np.isnan(item.test.p_value) else item.test.test
            rows.append(line)
    return pd.DataFrame(rows).set_index(["variable", "level"])


def _filled(block: pd.DataFrame) -> pd.DataFrame:
    """Leave blank what a cohort lacks: a level that does not occur in it."""
    text = [*GROUPS, "test"]
    return block.assign(**{name: block[name].fillna("") for name in text})


def _tested(cohort: str, item: VariableSummary) -> dict[str, object]:
    test = item.test
    return {
        "cohort": cohort,
        "variable": item.variable,
        "test": test.test,
        "statistic": test.statistic,
        "degrees_of_freedom": test.degrees_of_freedom,
        "p_value": test.p_value,
        "smd": item.smd,
        "n_missing": item.n_missing,
        "note": test.note,
    }
