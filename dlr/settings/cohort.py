"""Settings of the cohort: the outcome, who trains and who validates, clinical variables."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from dlr.settings.base import Label, Settings


class OutcomeSettings(Settings):
    """What is predicted: the column of the clinical table and its positive class."""

    column: str = Field(description="Column of the clinical table")
    positive: str | int | float | bool = Field(description="Value that means the event")
    negative: str | int | float | bool | None = Field(
        None, description="Value that means no event; needed if the column holds a third value"
    )
    label: str | None = Field(
        None, description="How tables, figures and sentences call the positive class, as written"
    )


class SplitSettings(Settings):
    """A split into training and another cohort; at random, it is drawn once with the seed."""

    method: Literal["random", "date", "center"] = Field(
        description="Drawn with the seed and written beside the table as <table>.split.csv (the "
        "other cohort is then called `hold-out`, an internal validation); by day; by centre"
    )
    fraction: float = Field(0.7, gt=0, lt=1, description="Share of subjects that train (random)")
    column: str | None = Field(None, description="Date or centre column")
    before: date | None = Field(None, description="Subjects seen before this day train (date)")
    training_centers: tuple[Label, ...] = Field((), description="Centres that train (center)")

    @model_validator(mode="after")
    def _complete(self) -> SplitSettings:
        if self.method == "date" and (self.column is None or self.before is None):
            raise ValueError("a split by date needs 'column' (the date) and 'before' (a day)")
        if self.method == "center" and not self.training_centers:
            raise ValueError("a split by center needs 'training_centers' (the list that trains)")
        return self


class CohortSettings(Settings):
    """Which cases train and which judge the frozen model."""

    column: str = Field("cohort", description="Column of the clinical table that names the cohort")
    training: Label = Field("training", description="Value of the column that means training")
    external: tuple[Label, ...] | None = Field(
        None, description="Values that mean external validation; all others when left out"
    )
    split: SplitSettings | None = Field(
        None, description="Draw the cohorts instead of reading them"
    )


class ClinicalVariable(Settings):
    """One clinical variable: how it is coded and what it is compared with."""

    type: Literal["continuous", "categorical"] = Field(description="How it enters the models")
    reference: Label | None = Field(None, description="Reference level of a categorical variable")
    levels: tuple[Label, ...] | None = Field(None, description="All levels, in order")
    label: str | None = Field(None, description="How tables and figures call it")
    unit: str | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Unit of a continuous variable, such as `years` or `mg/L`: shown after its "
        "label in tables, on the nomogram and on its web page",
    )

    def shown(self, name: str) -> str:
        """Return the label, or the variable's name, with the unit unless the label ends with it."""
        label = self.label or name
        if not self.unit or label.rstrip().endswith(f"({self.unit})"):
            return label
        return f"{label} ({self.unit})"

    @model_validator(mode="after")
    def _unit_of_a_number(self) -> ClinicalVariable:
        if self.unit is not None and self.type == "categorical":
            raise ValueError("a categorical variable has no unit; remove 'unit'")
        if self.unit is not None and self.unit.strip() != self.unit:
            raise ValueError("the unit begins or ends with a blank; remove it")
        return self

    @model_validator(mode="after")
    def _reference_is_a_level(self) -> ClinicalVariable:
        if self.levels and self.reference is not None and self.reference not in self.levels:
            known = ", ".join(self.levels)
            raise ValueError(f"the reference '{self.reference}' is none of the levels: {known}")
        return self
