"""The result of a check: findings, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from dlr.check.facts import RoiCheck, RoiFacts
from dlr.check.finding import Finding, Level, RoiKey, findings_frame
from dlr.check.regions import row_numbers
from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.errors import Fault
from dlr.fault_groups import FaultGroup, group_faults

if TYPE_CHECKING:
    from dlr.roi_pictures import RoiPicture


@dataclass(frozen=True, eq=False)
class Check:
    """What a check of a study's data found.

    Attributes
    ----------
    config : StudyConfig
    findings : tuple of Finding
        Faults, warnings, notes; each level by file and row.
    rois : pandas.DataFrame
        One row per case, view and reader; empty where faulty tables kept images from being read.
    columns : pandas.DataFrame
        One row per column of the clinical table.
    prevalence, sample_size : pandas.DataFrame
        See `dlr.check.outcome.OutcomeCheck`.
    scanners : pandas.DataFrame
        One row per centre, view and kind of scanner.
    from_headers : bool
        Whether scanners are those of DICOM headers, or told by geometry only.
    pictures : mapping of (case, view, reader) to RoiPicture
        For the contact sheet.
    """

    config: StudyConfig
    findings: tuple[Finding, ...]
    rois: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    prevalence: pd.DataFrame = field(default_factory=pd.DataFrame)
    sample_size: pd.DataFrame = field(default_factory=pd.DataFrame)
    scanners: pd.DataFrame = field(default_factory=pd.DataFrame)
    from_headers: bool = False
    pictures: Mapping[RoiKey, RoiPicture] = field(default_factory=dict)

    @property
    def faults(self) -> list[Fault]:
        """What would stop the study or lose a case."""
        return [item.what for item in self.of("fault")]

    def of(self, level: Level) -> list[Finding]:
        """Return the findings of one level."""
        return [item for item in self.findings if item.level == level]

    def groups(self, level: Level) -> list[FaultGroup]:
        """Return the findings of one level; what differs in names and numbers only, once."""
        items = self.of(level)
        # What an ROI is flagged for is the same whatever border it touches; faults say why.
        alike = {item.code for item in items if item.roi and level != "fault"}
        return group_faults((item.what for item in items), frozenset(alike))

    @property
    def flagged(self) -> frozenset[RoiKey]:
        """ROIs with a fault or warning of their own."""
        return frozenset(item.roi for item in self.findings if item.roi and item.level != "note")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding."""
        return findings_frame(self.findings)


def roi_frame(
    checks: Sequence[RoiCheck], cohort: Cohort, findings: Sequence[Finding]
) -> pd.DataFrame:
    """Return one row per case, view and reader, with unrounded numbers.

    Parameters
    ----------
    checks : sequence of RoiCheck
    cohort : Cohort
    findings : sequence of Finding
        Those about an ROI are named in its row.
    """
    rows, clinical = row_numbers(cohort), cohort.clinical
    codes: dict[RoiKey, list[str]] = {}
    for item in findings:
        if item.roi:
            codes.setdefault(item.roi, []).append(item.code)
    records = []
    for check in checks:
        case, view, reader = check.key
        records.append(
            {
                "case_id": case,
                "view": view,
                "reader": reader,
                "row": rows[check.key],
                "cohort": clinical.loc[case, "cohort"],
                "center": clinical.loc[case, "center"],
                **_numbers(check.facts),
                "findings": " ".join(codes.get(check.key, [])),
            }
        )
    return pd.DataFrame(records)


def _numbers(facts: RoiFacts | None) -> dict[str, object]:
    """Return the facts of one ROI as columns; all missing where it could not be used."""
    if facts is None:
        return dict.fromkeys(_COLUMNS)
    audit = facts.audit
    values: tuple[object, ...] = (
        *facts.size,
        *facts.spacing,
        facts.direction,
        facts.voxels,
        facts.volume_ml,
        facts.parts,
        facts.largest_part,
        " ".join(facts.border),
        facts.cut_off,
        facts.low,
        facts.high,
        facts.bins,
        audit.resampled,
        audit.gap_voxels,
        audit.dice,
        audit.volume_ratio,
        audit.share_outside,
    )
    return dict(zip(_COLUMNS, values, strict=True))


_COLUMNS = (
    "size_x", "size_y", "size_z", "spacing_x_mm", "spacing_y_mm", "spacing_z_mm", "direction",
    "voxels", "volume_ml", "parts", "largest_part", "border", "cut_off", "lowest", "highest",
    "bins", "resampled", "gap_voxels", "dice", "volume_ratio", "share_outside",
)  # fmt: skip
