"""Clinical variables as numbers: imputation and treatment contrasts, learnt on training cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import pandas as pd

from dlr.models.iterative_imputation import IterativeFill
from dlr.settings import ClinicalVariable

Missing = Literal["fill", "indicator", "iterative"]
"""What is done about missing clinical values."""

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
    """The variables of a clinical model, in order.

    Parameters
    ----------
    variables : tuple of EncodedVariable
    regressions : IterativeFill, optional
        Fills missing numbers from the other variables, in place of their median.
    """

    variables: tuple[EncodedVariable, ...]
    regressions: IterativeFill | None = None

    @classmethod
    def fit(
        cls,
        clinical: pd.DataFrame,
        names: Sequence[str],
        settings: Mapping[str, ClinicalVariable],
        missing: Missing = "fill",
    ) -> Self:
        """Learn fill values and levels from training cases.

        Parameters
        ----------
        clinical : pandas.DataFrame
            Coded variables: floats, or text levels with None for missing.
        names : sequence of str
            Variables to encode.
        settings : mapping of str to ClinicalVariable
        missing : {"fill", "indicator", "iterative"}
            Median or most frequent level; with a column of its own that tells where a variable
            was missing, if it was in these cases; or numbers regressed on the other variables
            (:class:`~dlr.models.iterative_imputation.IterativeFill`).
        """
        marked = missing == "indicator"
        encoder = cls(tuple(_learn(clinical[name], settings[name], marked) for name in names))
        if missing != "iterative" or not names:
            return encoder
        fill = IterativeFill(indicators=False).fit(encoder._coded(clinical))
        return replace(encoder, regressions=fill)

    def _coded(self, clinical: pd.DataFrame) -> pd.DataFrame:
        """Return numbers as floats and levels as text; None where missing or never seen."""
        columns = {
            variable.name: clinical[variable.name].where(
                clinical[variable.name].isin(variable.levels), None
            )
            if variable.levels
            else clinical[variable.name].astype(float)
            for variable in self.variables
        }
        return pd.DataFrame(columns, index=clinical.index)

    def complete(self, clinical: pd.DataFrame) -> pd.DataFrame:
        """Return the variables with missing values and unknown levels filled."""
        filled: dict[str, pd.Series[Any]] = {}
        coded = self._coded(clinical)
        regressed = coded if self.regressions is None else self.regressions.transform(coded)
        for variable in self.variables:
            column = coded[variable.name]
            if variable.levels:
                filled[variable.name] = column.where(column.notna(), variable.fill).astype(str)
            else:
                known = regressed.get(variable.name, column)  # absent: no case had a value
                filled[variable.name] = known.astype(float).fillna(variable.fill)
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

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "variables": [asdict(variable) for variable in self.variables],
            "regressions": None if self.regressions is None else self.regressions.to_dict(),
        }

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        variables = (
            EncodedVariable(**{**found, "levels": tuple(found["levels"])})
            for found in item["variables"]
        )
        regressions = item["regressions"]
        return cls(tuple(variables), IterativeFill.from_dict(regressions) if regressions else None)


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
