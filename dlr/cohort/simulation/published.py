"""The published baseline table that simulated cohorts reproduce, as data.

``published_table.csv`` holds Table 2 of the deep-learning-radiomics nomogram study of surgery
for lumbar disc herniation: 1,066 training and 191 external patients, counts of every
categorical variable and mean and SD of every continuous one, by outcome and centre.

One column of the printed table does not add up. The non-surgical training counts of the MSU
classification sum to 663 (the group has 662 patients) and the surgical ones to 402 (404); count
and percentage of row 2B disagree in print. The totals are closed through that row: 120
non-surgical and 101 surgical patients are 2B here (printed: 121 and 99). Every other variable
is as printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

OUTCOMES = ("conservative", "surgical")
COHORTS = ("training", "external")
CENTERS = {"training": "A", "external": "B"}
CELLS = tuple((cohort, outcome) for cohort in COHORTS for outcome in OUTCOMES)
PUBLISHED_SIZES = {
    ("training", "conservative"): 662,
    ("training", "surgical"): 404,
    ("external", "conservative"): 144,
    ("external", "surgical"): 47,
}

Cell = tuple[str, str]

# The first level in the table is the reference (absent, mild, ...) except here: no surgical
# training patient is MSU 1A, so every odds ratio against 1A would be infinite; 2A is the
# commonest grade that both outcomes have.
_REFERENCES = {"msu": "2A"}


@dataclass(frozen=True)
class PublishedVariable:
    """One variable of the published table.

    Parameters
    ----------
    name, label : str
        Column name and how tables and figures call it.
    levels : tuple of str
        Levels of a categorical variable in the table's order; empty for a continuous one.
    counts : dict of (cohort, outcome) to tuple of int
        Patients at each level; empty for a continuous variable.
    moments : dict of (cohort, outcome) to (mean, SD)
        Mean and sample SD (divisor n - 1); empty for a categorical variable.
    bounds : tuple of float
        Plausible range of a continuous variable, not published except for age (16 to 44 years).
    """

    name: str
    label: str
    levels: tuple[str, ...]
    counts: dict[Cell, tuple[int, ...]]
    moments: dict[Cell, tuple[float, float]]
    bounds: tuple[float, float]

    @property
    def categorical(self) -> bool:
        """Whether the variable has levels."""
        return bool(self.levels)

    @property
    def reference(self) -> str | None:
        """Reference level of a categorical variable; None for a continuous one."""
        return _REFERENCES.get(self.name, self.levels[0]) if self.levels else None


@cache
def published_variables() -> dict[str, PublishedVariable]:
    """Return the variables of the published table by name, in the table's order."""
    source = resources.files(__package__).joinpath("published_table.csv")
    with source.open(encoding="utf-8") as stream:
        table = pd.read_csv(stream)
    groups = table.groupby("variable", sort=False)
    return {str(name): _variable(str(name), rows) for name, rows in groups}


def _variable(name: str, rows: pd.DataFrame) -> PublishedVariable:
    columns = {cell: rows[f"{cell[0]}_{cell[1]}"].to_numpy(dtype=float) for cell in CELLS}
    categorical = rows["type"].iloc[0] == "categorical"
    counts = {cell: tuple(int(count) for count in values) for cell, values in columns.items()}
    moments = {cell: (float(values[0]), float(values[1])) for cell, values in columns.items()}
    return PublishedVariable(
        name=name,
        label=str(rows["label"].iloc[0]),
        levels=tuple(rows["row"].astype(str)) if categorical else (),
        counts=counts if categorical else {},
        moments={} if categorical else moments,
        bounds=(float(rows["minimum"].iloc[0]), float(rows["maximum"].iloc[0])),
    )
