"""Which mask was drawn on which series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlr.dicom.export import ExportedFile
from dlr.dicom.series import Series, group_series

BY_SERIES, BY_FRAME = "referenced series", "frame of reference"


@dataclass(frozen=True)
class Scan:
    """An image of one patient: a series, or one radiograph of a series.

    Attributes
    ----------
    series : Series
        Its files.
    first : ExportedFile
        The first of them, whose header speaks for all.
    """

    series: Series
    first: ExportedFile


@dataclass(frozen=True)
class Pair:
    """A mask and the image it was drawn on.

    Attributes
    ----------
    how : str
        `BY_SERIES` or `BY_FRAME`.
    """

    mask: ExportedFile
    scan: Scan
    how: str


@dataclass(frozen=True)
class Unpaired:
    """A mask without an image, and why; `scan` is the image where one was found but unusable."""

    mask: ExportedFile
    reason: str


def group_scans(files: Iterable[ExportedFile]) -> list[Scan]:
    """Group image files to series; radiographs, which make no volume, stay single."""
    by_path = {file.header.path: file for file in files if file.header.is_image}
    scans = []
    for series in group_series(file.header for file in by_path.values()):
        flat = all(frame.position is None for frame in series.frames)
        parts = [Series(series.uid, (header,)) for header in series.headers] if flat else [series]
        scans += [Scan(part, by_path[part.headers[0].path]) for part in parts]
    return scans


def pair_masks(
    masks: Sequence[ExportedFile], scans: Sequence[Scan]
) -> tuple[list[Pair], list[Unpaired]]:
    """Find the image of every mask.

    The series that the mask names comes first; where it names none, or none that is there, the
    frame of reference decides if it fits exactly one series of the same patient.

    Returns
    -------
    tuple of list
        The pairs, and the masks that have no or no certain partner.
    """
    pairs, unpaired = [], []
    for mask in masks:
        found = _partner(mask, scans)
        if isinstance(found, Pair):
            pairs.append(found)
        else:
            unpaired.append(Unpaired(mask, found))
    return pairs, unpaired


def _partner(mask: ExportedFile, scans: Sequence[Scan]) -> Pair | str:
    """Return the pair, or the reason why there is none."""
    if not mask.rois:
        return "it holds no ROI"
    named = [scan for scan in scans if scan.series.uid in mask.series_uids]
    images = set(mask.instance_uids)
    exact = [
        scan for scan in scans if images & {header.instance_uid for header in scan.series.headers}
    ]
    named = exact or named
    if named:
        return _only(mask, named, BY_SERIES, "names")
    own = [scan for scan in scans if scan.first.patient_id == mask.patient_id]
    near = [
        scan
        for scan in own
        if scan.first.header.frame_of_reference_uid in mask.frame_uids and not scan.first.localizer
    ]
    if near:
        return _only(mask, near, BY_FRAME, "shares its frame of reference with")
    if mask.series_uids:
        return "the series that it names is not in the export, and no other has its coordinates"
    return "no series has its frame of reference"


def _only(mask: ExportedFile, scans: Sequence[Scan], how: str, verb: str) -> Pair | str:
    if len(scans) > 1:
        listed = ", ".join(scan.series.summary() for scan in scans)
        return f"it {verb} {len(scans)} series, so which one was meant is not certain: {listed}"
    if scans[0].first.patient_id != mask.patient_id:
        return "the series that it names is of another patient; check both"
    return Pair(mask, scans[0], how)
