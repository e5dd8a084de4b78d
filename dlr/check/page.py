"""The page of a check: what was found, every ROI, scanners, outcome, columns, contact sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlr import figures
from dlr.check.finding import LEVELS, RoiKey
from dlr.check.flags import FEWEST_BINS, MOST_BINS
from dlr.check.page_cohort import columns, outcome, scanners
from dlr.check.page_table import MOST_ROWS, make_table
from dlr.check.result import Check
from dlr.fault_groups import FaultGroup
from dlr.figures._text import DASH
from dlr.report._blocks import Block, Fact, Facts, Figure, Report, Section, Text, Tone
from dlr.report._words import plural

if TYPE_CHECKING:
    from dlr.roi_pictures import RoiPicture

MOST_RANGES = 40
"""Ranges of rows that one line of the findings names."""
PER_SHEET = 30
TIMES = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"
_WORDS = {"fault": "Fault", "warning": "Warning", "note": "Note"}


def check_report(check: Check) -> Report:
    """Turn a check into a page."""
    sections = [_summary(check), _findings(check)]
    if len(check.rois):
        sections += [_rois(check), *_contact_sheets(check), scanners(check), outcome(check)]
    if len(check.columns):
        sections.append(columns(check))
    made = "a simulated cohort" if check.config.simulated else "the cohort the study file names"
    return Report(
        title=f"{check.config.name}: data check",
        subtitle=check.config.description,
        made_from=made,
        simulated=check.config.simulated,
        sections=tuple(sections),
        files={},
        numbers={f"{level}s": len(check.of(level)) for level in ("fault", "warning", "note")},
    )


def verdict(check: Check) -> str:
    """Say in a sentence or two whether the study can go on."""
    faults, warnings = len(check.of("fault")), len(check.of("warning"))
    if faults:
        text = f"{plural(faults, 'fault')}: mend them and check again."
        if check.rois.empty:
            text += " Images were not read, because rows that cannot be matched cannot be checked."
        return text
    if warnings:
        return f"No faults; {plural(warnings, 'warning')} to look at before work begins."
    return "No faults and no warnings."


def _summary(check: Check) -> Section:
    rois = check.rois
    tiles = [
        Fact("Faults", str(len(check.of("fault"))), "stop the study or lose a case"),
        Fact("Warnings", str(len(check.of("warning"))), "look at them"),
        Fact("Notes", str(len(check.of("note"))), "good to know"),
    ]
    if len(rois):
        unusable = int(rois["voxels"].isna().sum())
        detail = f"{unusable} cannot be used" if unusable else "all can be used"
        tiles += [
            Fact("Cases", f"{rois['case_id'].nunique():,}", _cohorts(check)),
            Fact("ROIs", f"{len(rois):,}", detail),
        ]
    tone: Tone = "warning" if check.of("fault") else "note"
    blocks: tuple[Block, ...] = (Text(verdict(check), tone), Facts(tuple(tiles)))
    return Section("summary", "Summary", "Whether the data are fit for the study.", blocks)


def _cohorts(check: Check) -> str:
    whole = check.prevalence[check.prevalence["center"] == ""]
    return ", ".join(f"{row.cohort} {row.cases}" for row in whole.itertuples())


def _findings(check: Check) -> Section:
    lead = "Each with its place and what to do about it; rows as a spreadsheet program counts them."
    if not check.findings:
        return Section("findings", "Findings", lead, (Text("Nothing was found."),))
    groups = [(level, group) for level in LEVELS for group in check.groups(level)]
    shown = pd.DataFrame(
        {
            "Level": [_WORDS[level] for level, _ in groups],
            "What it is, where, and what to do": [_sentence(group) for _, group in groups],
        }
    )
    note = ""
    if len(groups) < len(check.findings):
        note = "What differs in names and numbers only is told once, with the rows of its like."
    table = make_table("findings", "All findings, faults first.", shown, check.to_frame(), note)
    return Section("findings", "Findings", lead, (table,))


def _sentence(group: FaultGroup) -> str:
    """Return place, sentence and rows of the like of a finding."""
    what = group.first
    parts = [what.file.name] if what.file else ["study file"]
    parts += [f"line {what.line}"] if what.line is not None else []
    parts += [f"row {what.row}"] if what.row is not None else []
    parts += [what.column] if what.column else []
    return group.told(f"{', '.join(parts)}: {what.message}", MOST_RANGES)


def _rois(check: Check) -> Section:
    # What deserves a look comes first where not all rows are shown.
    data = check.rois
    flagged = data["findings"] != ""
    ordered = pd.concat([data[flagged], data[~flagged]]) if len(data) > MOST_ROWS else data
    shown = pd.DataFrame([_roi_cells(row) for row in ordered.to_dict("records")])
    if not data["resampled"].astype("boolean").any():
        shown = shown.drop(columns="Mask after resampling")
    note = (
        "Axes: where x, y and z lead (L left, P posterior, S superior). Bins: grey levels between "
        f"the ROI's extremes after normalisation, {FEWEST_BINS} to {MOST_BINS} are expected. "
        "Parts: connected components. Border: sides of the image the ROI touches; 'slices' for the "
        "first or last one."
    )
    table = make_table("rois", "Every ROI: one row per case, view and reader.", shown, data, note)
    lead = "Geometry, size and intensities of every region of interest, as its files have them."
    return Section("regions", "Regions of interest", lead, (table,))


def _roi_cells(row: dict[Any, Any]) -> dict[str, str]:
    """Return one row as readers see it."""
    who = {
        "Case": str(row["case_id"]),
        "View": f"{row['view']}{', second reader' if row['reader'] == 'second' else ''}",
    }
    if pd.isna(row["voxels"]):
        names = ("Size", "Spacing (mm)", "Axes", "Voxels", "ml", "Parts", "Border", "Bins")
        blank = dict.fromkeys((*names, "Intensities", "Mask after resampling"), DASH)
        return {**who, **blank, "Findings": "fault"}
    sides = [*str(row["border"]).split(), *(["slices"] if row["cut_off"] else [])]
    spacing = [row[f"spacing_{axis}_mm"] for axis in "xyz"]
    return {
        **who,
        "Size": TIMES.join(str(int(row[f"size_{axis}"])) for axis in "xyz"),
        "Spacing (mm)": TIMES.join(f"{value:.3g}" for value in spacing),
        "Axes": str(row["direction"]),
        "Voxels": f"{int(row['voxels']):,}",
        "ml": f"{row['volume_ml']:.3g}",
        "Parts": str(int(row["parts"])),
        "Border": ", ".join(sides) or DASH,
        "Bins": DASH if pd.isna(row["bins"]) else str(int(row["bins"])),
        "Intensities": f"{row['lowest']:g} to {row['highest']:g}",
        "Mask after resampling": _resampling(row),
        "Findings": ", ".join(str(row["findings"]).split()).replace("-", " ") or DASH,
    }


def _resampling(row: dict[Any, Any]) -> str:
    if not row["resampled"]:
        return "as drawn"
    outside = f", {row['share_outside']:.1%} outside" if row["share_outside"] else ""
    return f"Dice {row['dice']:.3f}, volume {row['volume_ratio']:.1%}{outside}"


def _contact_sheets(check: Check) -> Iterator[Section]:
    """Show flagged ROIs first, then a sample of the others."""
    if not check.pictures:
        return
    keys = list(check.rois[["case_id", "view", "reader"]].itertuples(index=False, name=None))
    there = [key for key in keys if key in check.pictures]
    flagged = [key for key in there if key in check.flagged]
    others = [key for key in there if key not in check.flagged]
    usable = int(check.rois["voxels"].notna().sum())
    blocks = [
        *_sheets("flagged", "Flagged ROIs", flagged, check, framed=True),
        *_sheets("sheet", "ROIs without a finding of their own", others, check, framed=False),
    ]
    lead = (
        f"{len(there):,} of {usable:,} usable ROIs on the slice with the largest cut: flagged "
        "ones, and others taken evenly from the table. Is the outline on what it should be on?"
    )
    yield Section("contact", "Contact sheet", lead, tuple(blocks))


def _sheets(
    name: str, title: str, keys: Sequence[RoiKey], check: Check, *, framed: bool
) -> Iterator[Figure]:
    total = -(-len(keys) // PER_SHEET)
    for index in range(total):
        page = keys[index * PER_SHEET : (index + 1) * PER_SHEET]
        pictures: dict[str, list[RoiPicture]] = {}
        for key in page:
            pictures.setdefault(key[0], []).append(check.pictures[key])
        caption = f"{title}: sheet {index + 1} of {total}. The outline is the ROI as drawn."
        draw = partial(
            figures.plot_roi_sheet, pictures, flagged=frozenset(pictures) if framed else ()
        )
        yield Figure(f"{name}_{index + 1}", caption, draw, wide=True, raster=True)
