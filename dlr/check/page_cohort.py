"""The sections of a check's page about the cohort: scanners, outcome, clinical table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dlr.check.outcome import NAGELKERKE
from dlr.check.page_table import make_table
from dlr.check.result import Check
from dlr.figures._text import DASH, number
from dlr.report._blocks import Block, Section


def scanners(check: Check) -> Section:
    """Show what the images were made with."""
    names = {
        "center": "Centre",
        "slice_thickness_mm": "Slice thickness (mm)",
        "pixel_mm": "Pixel (mm)",
    }
    names |= {
        "slice_distance_mm": "Slice distance (mm)",
        "field_strength_t": "Field strength (T)",
        "repetition_time_ms": "TR (ms)",
        "echo_time_ms": "TE (ms)",
        "tube_voltage_kv": "Tube voltage (kV)",
    }
    slices = [
        f"{low}" if low == high else f"{low} to {high}"
        for low, high in zip(check.scanners["fewest_slices"], check.scanners["most_slices"])
    ]
    shown = check.scanners.drop(columns=["fewest_slices", "most_slices"])
    shown.insert(len(shown.columns) - 2, "slices", slices)
    shown = shown.map(_plain)
    shown.columns = pd.Index([names.get(str(c), str(c).capitalize()) for c in shown.columns])
    source = (
        "From DICOM headers (scanners.csv)."
        if check.from_headers
        else "From the images' geometry: there is no scanners.csv of 'dlr import' beside the "
        "images table. Centres without a name stand under their cohort's."
    )
    table = make_table(
        "scanners", "Scanners and protocols by centre and view.", shown, check.scanners, source
    )
    lead = "What the images were made with; a model can mistake a scanner for a disease."
    return Section("scanners", "Scanners", lead, (table,))


def _plain(value: object) -> str:
    if isinstance(value, float):
        return DASH if pd.isna(value) else f"{value:g}"
    return str(value) or DASH


def outcome(check: Check) -> Section:
    """Show how often the outcome occurs, and whether the events suffice."""
    counts = [
        {
            "Cohort": row["cohort"],
            "Centre": row["center"] or "all",
            "Cases": f"{row['cases']:,}",
            "Subjects": f"{row['subjects']:,}",
            "Events": f"{row['events']:,}",
            "Prevalence (95 % CI)": _share(row),
        }
        for row in check.prevalence.to_dict("records")
    ]
    sizes = [
        {
            "Model": row["model"],
            "Candidate parameters": f"{row['candidate_parameters']:,}",
            "Training cases (events)": f"{row['cases']:,} ({row['events']:,})",
            "Events per parameter": number(row["events_per_parameter"]),
            "Cases needed (events)": f"{row['cases_needed']:,} ({row['events_needed']:,.0f})",
            "Events per parameter needed": number(row["events_per_parameter_needed"]),
        }
        for row in check.sample_size.to_dict("records")
    ]
    blocks: list[Block] = [
        make_table(
            "prevalence", "Outcome by cohort and centre.", pd.DataFrame(counts), check.prevalence
        )
    ]
    if sizes:
        note = (
            "Riley et al., Stat Med 2019;38:1276: expected shrinkage of at least 0.9, optimism in "
            "Nagelkerke's R-squared of at most 0.05, overall risk to within 0.05; anticipated "
            f"R-squared {NAGELKERKE:g} of its largest possible value (Riley et al., BMJ "
            "2020;368:m441). Everything that is screened counts, not only what is kept. Several "
            "cases of one subject count for less than they number."
        )
        caption = "Events per candidate parameter, against Riley's minimum."
        shown = pd.DataFrame(sizes)
        blocks.append(make_table("sample_size", caption, shown, check.sample_size, note))
    lead = "How often the outcome occurs, and whether the events suffice."
    return Section("outcome", "Outcome and sample size", lead, tuple(blocks))


def _share(row: dict[Any, Any]) -> str:
    return f"{row['prevalence']:.1%} ({row['low']:.1%}{DASH}{row['high']:.1%})"


def columns(check: Check) -> Section:
    """Show the columns of the clinical table."""
    shown = pd.DataFrame(
        {
            "Column": check.columns["column"],
            "Role": check.columns["role"],
            "Missing": [
                f"{row.missing} ({row.missing_share:.0%})" for row in check.columns.itertuples()
            ],
            "Distinct values": check.columns["distinct"].astype(str),
        }
    )
    table = make_table("columns", "Columns of the clinical table.", shown, check.columns)
    lead = "How full each column is and what it is used for."
    return Section("columns", "Clinical table", lead, (table,))
