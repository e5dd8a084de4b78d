"""Which masks hold several labels or segments, so that somebody has to say which is the ROI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.errors import CaseError

LOOKED_AT = 24
"""Masks that are read, evenly from the table: all masks of a study are drawn alike."""
_SHOWN = 12


@dataclass(frozen=True)
class LabelsFound:
    """What masks hold.

    Attributes
    ----------
    looked_at, several : int
        Masks that were read, and those among them that hold several labels or segments.
    labels : tuple of int
        Non-zero values of the latter, in order.
    segments : tuple of str
        Names of their segments (``.seg.nrrd``), in the order met.
    """

    looked_at: int = 0
    several: int = 0
    labels: tuple[int, ...] = ()
    segments: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Columns of images.csv that have to say which label or segment is the ROI."""
        return [
            *(["mask_label"] if self.labels else []),
            *(["mask_segment"] if self.segments else []),
        ]

    @property
    def question(self) -> str:
        """What to ask; empty where every mask holds one label."""
        if not self.several:
            return ""
        kinds = [f"labels {_listing(self.labels)}"] if self.labels else []
        kinds += [f"segments {_listing(self.segments)}"] if self.segments else []
        columns = " and ".join(f"'{column}'" for column in self.columns)
        return (
            f"which of the {' and '.join(kinds)} of a mask is the ROI (column {columns} of "
            f"images.csv; {self.several} of {self.looked_at} masks looked at hold several)"
        )


def look_for_labels(root: Path, images: pd.DataFrame) -> LabelsFound:
    """Read some masks and list their labels; one that cannot be read is left to ``dlr check``.

    Parameters
    ----------
    root : Path
        Folder the paths start from.
    images : pandas.DataFrame
        Column ``mask``; rows that name a label or segment already are passed over.
    """
    from dlr.imaging.masks import label_values, read_label_map, segment_names

    named = pd.Series(False, index=images.index)
    for column in {"mask_label", "mask_segment"} & set(images):
        named |= images[column] != ""
    chosen = _some(list(dict.fromkeys(images.loc[~named, "mask"])))
    looked_at = several = 0
    labels: set[int] = set()
    segments: dict[str, None] = {}
    for name in chosen:
        try:
            found = read_label_map(root / name)
        except CaseError:
            continue
        looked_at += 1
        names = segment_names(found)
        values = [] if names else label_values(found)
        if len(names) > 1 or len(values) > 1:
            several += 1
            segments |= dict.fromkeys(names)
            labels |= set(values)
    return LabelsFound(looked_at, several, tuple(sorted(labels)), tuple(segments))


def label_warning(root: Path, images: pd.DataFrame, wanted: str) -> str:
    """Say which masks, of those looked at, do not hold the label or segment that was named.

    Parameters
    ----------
    root : Path
        Folder the paths start from.
    images : pandas.DataFrame
        Column ``mask``.
    wanted : str
        A label, or the name of a segment.

    Returns
    -------
    str
        Empty where all hold it; a mask that cannot be read is left to ``dlr check``.
    """
    from dlr.imaging.masks import read_label_map, select_label

    chosen = _some(list(dict.fromkeys(images["mask"])))
    label, segment = (int(wanted), None) if wanted.isdecimal() else (None, wanted)
    reasons = []
    for name in chosen:
        try:
            found = read_label_map(root / name)
        except CaseError:
            continue
        try:
            select_label(found, label, name, segment=segment)
        except CaseError as error:
            reasons.append(str(error))
    if not reasons:
        return ""
    return (
        f"--mask-label {wanted}: {len(reasons)} of {len(chosen)} masks looked at do not hold it; "
        f"the first: {reasons[0]}"
    )


def _some(masks: list[str]) -> list[str]:
    """Return the masks that are looked at, evenly from the table."""
    step = max(len(masks) / LOOKED_AT, 1.0)
    return [masks[int(index * step)] for index in range(min(LOOKED_AT, len(masks)))]


def _listing(values: tuple[int, ...] | tuple[str, ...]) -> str:
    shown = ", ".join(str(value) for value in values[:_SHOWN])
    return f"{shown}, ..." if len(values) > _SHOWN else shown
