"""Sections of a validation's report: cohorts side by side, subgroups, recalibration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlr import figures
from dlr.external import ExternalValidation
from dlr.figures._subgroups import plot_subgroups
from dlr.figures._text import DASH, interval, number, p_cell
from dlr.report._blocks import Block, Figure, Section, Table, Text
from dlr.report._shared import fold, slug

if TYPE_CHECKING:
    from dlr.models.recalibration import Recalibration
    from dlr.results import ValidationResult
    from dlr.subgroups import SubgroupTable


def cohorts_blocks(result: ValidationResult) -> list[Block]:
    """Show every cohort side by side where there are several, and name those not judged."""
    if not isinstance(result, ExternalValidation):
        return []
    blocks: list[Block] = []
    if len(result.evaluations) > 1:
        level = result.config.evaluation.confidence_level
        caption = (
            f"AUC of every score in every cohort, with {level:.0%} confidence intervals. Pooled: "
            "all external cases together, as if of one cohort."
        )
        draw = partial(figures.plot_auc_forest, result.evaluations, level=level)
        blocks.append(Figure("cohorts", caption, draw, wide=True))
        training = result.config.cohorts.training
        if any(item.cohort == training for item in result.evaluations):
            text = (
                f"The table has rows of the cohort '{training}', as the cohort that trained the "
                "model is called. If they are its training cases, their numbers are too good by "
                "construction; they are not among the pooled cases."
            )
            blocks.append(Text(text, "warning"))
    for name, reason in result.not_judged.items():
        blocks.append(Text(f"The {name} cohort could not be judged: {reason}.", "note"))
    return blocks


def applied_note(result: ValidationResult) -> list[Block]:
    """Say that scores were recalibrated, where they were."""
    if not isinstance(result, ExternalValidation) or result.applied is None:
        return []
    text = (
        f"These scores were {result.applied.describe()}. They are no longer those of the frozen "
        "model; thresholds moved along, so the same cases are called positive."
    )
    return [Text(text, "warning")]


def subgroups_section(result: ValidationResult) -> Section | None:
    """Judge the main score in groups of cases."""
    if not isinstance(result, ExternalValidation) or not result.subgroups:
        return None
    sets = list(dict.fromkeys(table.feature_set for table in result.subgroups))
    main = next((name for name in ("Nomogram", "DLR") if name in sets), sets[-1])
    tables = [table for table in result.subgroups if table.feature_set == main]
    caption = (
        f"AUC of {main} in groups of cases; larger squares: more cases. P: test of whether the "
        "groups differ (Cochran's Q). Intervals of small groups are wide, and a difference among "
        "many groups may be chance."
    )
    figure = Figure("subgroups", caption, partial(plot_subgroups, tables), wide=True)
    others = [_subgroup_table(t) for t in result.subgroups if t.feature_set != main]
    blocks: list[Block] = [figure, *(_subgroup_table(table) for table in tables)]
    blocks.append(_heterogeneity_table(result.subgroups))
    if others:
        blocks.append(fold("The other scores", others))
    lead = "Whether the frozen score works alike in different groups of patients."
    return Section("subgroups", "Subgroups", lead, tuple(blocks))


def _subgroup_table(table: SubgroupTable) -> Table:
    rows = [_subgroup_row(row) for row in table.table.to_dict("records")]
    note = (
        f"In brackets {table.level:.0%} confidence intervals. Sensitivity and specificity at the "
        f"locked threshold ({number(table.threshold)}). Ideal: slope 1, in the large 0 (above 0: "
        "risks predicted too low)."
    )
    name = f"subgroups_{slug(table.column)}_{slug(table.feature_set)}"
    caption = f"{table.feature_set} by {table.column}."
    return Table(name, caption, pd.DataFrame(rows), table.to_frame(), note)


def _subgroup_row(row: Mapping[Any, Any]) -> dict[str, str]:
    def cell(name: str) -> str:
        return interval(row[name], row[f"{name}_low"], row[f"{name}_high"])

    return {
        "Group": str(row["group"]),
        "n (events)": f"{row['n']} ({row['n_positive']})",
        "AUC": cell("auc"),
        "In the large": cell("calibration_in_the_large"),
        "Slope": cell("calibration_slope"),
        "Sensitivity": cell("sensitivity"),
        "Specificity": cell("specificity"),
        "Note": str(row["note"] or ""),
    }


def _heterogeneity_table(tables: tuple[SubgroupTable, ...]) -> Table:
    parts = [
        table.heterogeneity.reset_index().assign(column=table.column, feature_set=table.feature_set)
        for table in tables
    ]
    data = pd.concat(parts, ignore_index=True)
    names = ["column", "feature_set"]
    data = data[[*names, *(name for name in data if name not in names)]]
    shown = pd.DataFrame(
        {
            "Column": data["column"],
            "Feature set": data["feature_set"],
            "Measure": [str(name).replace("_", " ") for name in data["measure"]],
            "Q (df)": [
                DASH if q != q else f"{number(q)} ({int(df)})"
                for q, df in zip(data["statistic"], data["degrees_of_freedom"], strict=True)
            ],
            "P": [p_cell(p) for p in data["p_value"]],
            "Note": data["note"],
        }
    )
    note = "Cochran's Q over the groups' estimates and standard errors; P values not adjusted."
    return Table(
        "subgroup_differences", "Whether the groups differ.", shown, data, note, folded=True
    )


def recalibration_section(result: ValidationResult) -> Section | None:
    """Offer updates of the scores; none was applied."""
    if not isinstance(result, ExternalValidation) or not result.recalibrations:
        return None
    level = result.config.evaluation.confidence_level
    main = None if result.evaluation is None else result.evaluation.cohort
    blocks: list[Block] = [
        Text(
            "None of these updates was applied anywhere in this report. To use one, give the file "
            "recalibration.json of this folder to 'dlr predict --recalibrate'; judge the updated "
            "scores on cases that were not used here.",
            "note",
        )
    ]
    folded: list[Table] = []
    for cohort, items in result.recalibrations.items():
        table = _recalibration_table(cohort, items, level)
        (blocks if cohort == main else folded).append(table)
    if folded:
        blocks.append(fold("Single cohorts", folded))
    lead = "Whether predicted risks would need another level or spread here, and which."
    return Section("recalibration", "Recalibration on offer", lead, tuple(blocks))


def _recalibration_table(cohort: str, items: Mapping[str, Recalibration], level: float) -> Table:
    rows = [_recalibration_row(item, level) for item in items.values()]
    data = pd.concat([item.to_frame(level) for item in items.values()], ignore_index=True)
    alpha = next(iter(items.values())).alpha
    note = (
        f"New log-odds = intercept + slope \N{MULTIPLICATION SIGN} old log-odds, with {level:.0%} "
        "confidence intervals. Closed testing (Vergouwe et al., Stat Med 2017): likelihood-ratio "
        f"tests of both against none, then of both against the intercept alone, at {alpha:g}. "
        "Where the slope cannot be tested, the intercept alone is, by its own interval."
    )
    caption = f"Updates of every score, fitted on the {cohort} cohort."
    return Table(f"recalibration_{slug(cohort)}", caption, pd.DataFrame(rows), data, note)


def _recalibration_row(item: Recalibration, level: float) -> dict[str, str]:
    offset = item.offset.confidence_interval(level)
    intercept, slope = (e.confidence_interval(level) for e in (item.intercept, item.slope))
    return {
        "Feature set": item.feature_set,
        "Intercept alone": interval(item.offset.value, offset.low, offset.high),
        "Intercept, with slope": interval(item.intercept.value, intercept.low, intercept.high),
        "Slope": interval(item.slope.value, slope.low, slope.high),
        "P, both against none": p_cell(item.p_any),
        "P, slope": p_cell(item.p_slope),
        "Suggested": item.warning or item.suggested,
        "Note": item.note,
    }
