"""Clinical variables as numbers: imputation and treatment contrasts, learnt on training cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from dlr.settings import ClinicalVariable

MISSING = "missing"


@dataclass(frozen=True)
class EncodedVariable:
    """How one variable becomes columns.

    Parameters
    ----------
    name : str
    type : str
        ``"continuous"`` or ``"categorical"``.
    fill : float or str
        What replaces a missing value: the training median, or the most frequent level.
    levels : tuple of str
        Of a categorical variable, the reference first; empty for a continuous one.
    indicator : bool
        Whether a column tells where the value was missing.
    """

    name: str
    type: str
    fill: float | str
    levels: tuple[str, ...] = ()
    indicator: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the design columns."""
        marks = (self.indicator_column,) if self.indicator else ()
        if self.type == "continuous":
            return (self.name, *marks)
        return (*(f"{self.name}={level}" for level in self.levels[1:]), *marks)

    @property
    def indicator_column(self) -> str:
        """Name of the column that tells where the value was missing."""
        return f"{self.name}={MISSING}"


@dataclass(frozen=True)
class ClinicalEncoder:
    """The variables of a clinical model, in order."""

    variables: tuple[EncodedVariable, ...]

    @classmethod
    def fit(
        cls,
        clinical: pd.DataFrame,
        names: Sequence[str],
        settings: Mapping[str, ClinicalVariable],
        indicators: bool = False,
    ) -> Self:
        """Learn fill values and levels from training cases.

        Parameters
        ----------
        clinical : pandas.DataFrame
            Coded variables: floats, or text levels with None for missing.
        names : sequence of str
            Variables to encode.
        settings : mapping of str to ClinicalVariable
        indicators : bool
            Tell by a column of its own where a variable was missing, if it was in these cases.
        """
        return cls(tuple(_learn(clinical[name], settings[name], indicators) for name in names))

    def complete(self, clinical: pd.DataFrame) -> pd.DataFrame:
        """Return the variables with missing values and unknown levels filled."""
        filled: dict[str, pd.Series[Any]] = {}
        for variable in self.variables:
            column = clinical[variable.name]
            if variable.levels:
                column = column.where(column.isin(variable.levels), None)
                filled[variable.name] = column.where(column.notna(), variable.fill).astype(str)
            else:
                filled[variable.name] = column.astype(float).fillna(variable.fill)
        return pd.DataFrame(filled, index=clinical.index)

    def transform(self, clinical: pd.DataFrame) -> pd.DataFrame:
        """Return the design matrix: one float column per contrast."""
        complete = self.complete(clinical)
        columns: dict[str, pd.Series] = {}
        for variable in self.variables:
            values = complete[variable.name]
            if not variable.levels:
                columns[variable.name] = values
            for level in variable.levels[1:]:
                columns[f"{variable.name}={level}"] = (values == level).astype(float)
            if variable.indicator:
                absent = clinical[variable.name].isna()
                columns[variable.indicator_column] = absent.astype(float)
        return pd.DataFrame(columns, index=clinical.index, dtype=float)

    def unknown(self, clinical: pd.DataFrame) -> pd.DataFrame:
        """Tell which values were never seen in training (a level) or lie missing."""
        flags = {}
        for variable in self.variables:
            column = clinical[variable.name]
            known = column.isin(variable.levels) if variable.levels else column.notna()
            flags[variable.name] = ~known
        return pd.DataFrame(flags, index=clinical.index)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return what JSON can hold."""
        return [
            {
                "name": v.name,
                "type": v.type,
                "fill": v.fill,
                "levels": list(v.levels),
                "indicator": v.indicator,
            }
            for v in self.variables
        ]

    @classmethod
    def from_dict(cls, items: list[dict[str, Any]]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        return cls(
            tuple(
                EncodedVariable(i["name"], i["type"], i["fill"], tuple(i["levels"]), i["indicator"])
                for i in items
            )
        )


def _learn(column: pd.Series, settings: ClinicalVariable, indicators: bool) -> EncodedVariable:
    name = str(column.name)
    marked = indicators and bool(column.isna().any()) and bool(column.notna().any())
    if settings.type == "continuous":
        known = column.astype(float).dropna()
        return EncodedVariable(
            name, "continuous", float(known.median()) if len(known) else 0.0, indicator=marked
        )
    counts = column.dropna().value_counts()
    seen = [level for level in (settings.levels or sorted(counts.index)) if level in counts.index]
    reference = settings.reference if settings.reference in seen else None
    first = reference or (seen[0] if seen else "missing")
    levels = (first, *(level for level in seen if level != first))
    fill = str(counts.index[0]) if len(counts) else first
    return EncodedVariable(name, "categorical", fill, levels, marked)
