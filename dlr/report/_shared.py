"""Sections that a study's report and a validation's report have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dlr import figures
from dlr.report._blocks import Block, Figure, Fold, Listing, Section, Table, Text
from dlr.report._tables import baseline_table, capped, plain_table
from dlr.report._words import lost_cases, plural

if TYPE_CHECKING:
    from dlr.config import StudyConfig
    from dlr.models.nomogram import Nomogram
    from dlr.results import FlowStep, StudyResult, ValidationResult

MOST_ROWS = 200
MOST_CROPS = 24


def cohort_section(result: StudyResult | ValidationResult) -> Section:
    """Who was studied, who was left out, and what they were like."""
    flow, missing, examples, config = result.flow, result.missing, result.examples, result.config
    known = result.scores[result.scores["outcome"].notna()]
    scored = known.groupby("cohort")["case_id"].nunique().to_dict()
    blocks: list[Block] = []
    if flow:
        blocks.append(
            Figure(
                "flowchart",
                "Flow of cases through the study; exclusions stand beside the arrows.",
                partial(figures.plot_flowchart, flow),
                wide=True,
            )
        )
        blocks.append(_flow_table(flow))
    for cohort, table in result.baseline.items():
        blocks.append(
            baseline_table(
                table,
                f"baseline_{slug(cohort)}",
                f"Baseline characteristics of the {cohort} cohort by outcome"
                f"{_not_all(table.n, scored.get(cohort, table.n))}.",
                config,
            )
        )
    if len(missing):
        caption = "Missing values of the clinical variables."
        blocks.append(plain_table("missing_values", caption, missing))
    if examples:
        blocks.append(
            Figure(
                "examples",
                "Crops of the regions of interest as the network saw them; frames: blue without, "
                "orange with the outcome, grey unknown.",
                partial(figures.plot_examples, list(examples)[:MOST_CROPS]),
                wide=True,
                raster=True,
            )
        )
    lead = "Who was studied, who was left out and why, and what the patients were like."
    return Section("cohort", "Cohort", lead, tuple(blocks))


def _not_all(described: int, scored: int) -> str:
    """Say where a table describes other cases than the rest of the report; empty where not."""
    if described == scored:
        return ""
    return f" (all {plural(described, 'case')} in the tables; {scored:,} could be scored)"


def _flow_table(flow: Sequence[FlowStep]) -> Table:
    rows = [
        {
            "cohort": step.cohort,
            "step": step.label,
            "cases": step.n_cases,
            "subjects": step.n_subjects,
            "excluded": step.excluded,
            "reason": step.reason,
        }
        for step in flow
    ]
    return plain_table("flow", "The same as numbers.", pd.DataFrame(rows))


def nomogram_section(nomogram: Nomogram, cases: pd.DataFrame | None = None) -> Section:
    """Show the nomogram and say how to read it; with `cases`, how they lie on its axes, too."""
    how = (
        "How to read it: find the patient's value on the axis of each variable and go straight up "
        "to the Points axis; add the points of all variables; find the sum on the Total points "
        "axis and go straight down to read the predicted probability."
    )
    figure = Figure(
        "nomogram",
        "Nomogram: logistic regression of the chosen clinical variables and the DLR score.",
        partial(figures.plot_nomogram, nomogram),
        wide=True,
    )
    warning = (
        "The DLR score comes from the images through the model bundle; it cannot be estimated by "
        "eye. Outside the range of the axes the nomogram must not be used."
    )
    blocks: list[Block] = [Text(how), figure, Text(warning, "note")]
    if cases is not None and len(cases.dropna()):
        blocks.append(
            Figure(
                "nomogram_distributions",
                f"The same with the {plural(len(cases.dropna()), 'training case')} on its axes: a "
                "hill where many lie, a square over a level for its share, and the total points "
                "they come to. Where no hill stands, the nomogram has seen nobody.",
                partial(figures.plot_nomogram, nomogram, distributions=cases),
                wide=True,
            )
        )
    lead = "A drawing with which the model's probability can be worked out by hand."
    return Section("nomogram", "Nomogram", lead, tuple(blocks))


def failures_section(failures: pd.DataFrame) -> Section:
    """List the cases that could not be processed, each with its reason."""
    lead = "What could not be processed, and why; lost cases are in no result above."
    if not len(failures):
        return Section("failures", "Failures", lead, (Text("No case failed."),))
    caption = f"{plural(lost_cases(failures), 'case')} lost; {plural(len(failures), 'row')} in all."
    table = plain_table("failures", caption, failures)
    return Section("failures", "Failures", lead, (capped(table, MOST_ROWS),))


def reproducibility_section(config: StudyConfig, provenance: Mapping[str, str]) -> Section:
    """Versions, checksums and settings."""
    import yaml

    rows = pd.DataFrame({"item": list(provenance), "value": [str(v) for v in provenance.values()]})
    settings = yaml.safe_dump(
        config.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=96
    )
    blocks: list[Block] = []
    if len(rows):
        caption = "Versions and checksums this report was made with."
        blocks.append(plain_table("provenance", caption, rows))
    listing = Listing("study.yaml", settings)
    blocks.append(Text(f"Random seed {config.seed}; the same seed gives the same numbers."))
    lead = "Everything needed to repeat the study: versions, checksums, and every setting."
    blocks.append(listing)
    return Section("reproducibility", "Reproducibility", lead, tuple(blocks))


def fold(title: str, blocks: Sequence[Block], *, opened: bool = False) -> Fold:
    """Fold tables, figures and texts away under a title."""
    kept = tuple(block for block in blocks if isinstance(block, Text | Table | Figure))
    return Fold(title, kept, opened)


def slug(text: str) -> str:
    """Return a text as a file name: letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in text.strip()).strip("_").lower()
