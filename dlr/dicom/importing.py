"""From a PACS export to the images table: what belongs to whom, and what could not be placed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.dicom.export import SCANNER_COLUMNS, Export, ExportedFile, Progress, scan_export
from dlr.dicom.identity import harmless, plain_subject_id, pseudonym, require_distinct
from dlr.dicom.pairing import Pair, Scan, group_scans, pair_masks
from dlr.dicom.privacy import identifier_words, safe_roi_name, tells
from dlr.dicom.references import fingerprint
from dlr.dicom.stack import stack_frames
from dlr.errors import CaseError, DlrError
from dlr.safe_files import write_atomically
from dlr.safety.spreadsheets import csv_text

IMAGE_COLUMNS = (
    "subject_id",
    "image",
    "mask",
    "view",
    "roi",
    "mask_label",
    "modality",
    "session",
    "paired_by",
)
UNPAIRED_COLUMNS = ("kind", "subject_id", "file", "modality", "view", "slices", "reason")
_FILES = {"images": "images.csv", "unpaired": "unpaired.csv", "scanners": "scanners.csv"}


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, eq=False)
class ImportedExport:
    """Tables made of a PACS export; they hold nothing of a header that is not on a white-list.

    Attributes
    ----------
    images : pandas.DataFrame
        One row per ROI, as `dlr.cohort.read_images_table` takes it; paths start from the folder
        the tables are written to.
    unpaired : pandas.DataFrame
        One row per mask, image or file that is in no row of `images`, with the reason.
    scanners : pandas.DataFrame
        One row per image in `images` and kind of scanner: the white-list `SCANNER_COLUMNS`.
    n_files : int
        DICOM images and masks that were read.
    n_other : int
        Files that are neither.
    telling_paths : int
        Rows whose paths hold the patient's name or birth date (or identifier, where subjects
        have pseudonyms).
    """

    images: pd.DataFrame
    unpaired: pd.DataFrame
    scanners: pd.DataFrame
    n_files: int
    n_other: int
    telling_paths: int

    def write(self, out: Path, overwrite: bool = False) -> tuple[Path, ...]:
        """Write ``images.csv``, ``unpaired.csv`` and ``scanners.csv``.

        Raises
        ------
        DlrError
            If one of them exists and `overwrite` is off; it may hold a day's corrections.
        """
        paths = {name: out / file for name, file in _FILES.items()}
        present = [path.name for path in paths.values() if path.exists()]
        if present and not overwrite:
            raise DlrError(
                f"{out} holds {', '.join(present)} already; give another folder, or --overwrite to"
                " replace them"
            )
        for name, path in paths.items():
            table: pd.DataFrame = getattr(self, name)
            write_atomically(path, csv_text(table).encode())
        return tuple(paths.values())


def import_export(
    folder: Path,
    out: Path,
    key: bytes | None = None,
    descriptions: bool = False,
    progress: Progress = _silent,
) -> ImportedExport:
    """Read the headers of a PACS export and pair masks with images.

    Parameters
    ----------
    folder : Path
        Searched with all the folders in it.
    out : Path
        Folder that the tables will be written to, from which their paths start.
    key : bytes, optional
        Makes pseudonyms of patients' identifiers; without it these are the subjects' names.
    descriptions : bool
        Add the series' descriptions as a column; they are typed in by people and may tell more
        than they should.
    progress : callable
        Called with what is being done, how many are done, and how many there are.

    Returns
    -------
    ImportedExport

    Raises
    ------
    DlrError
        If the folder is absent or holds no DICOM image, or two PatientIDs differ only in blanks
        or characters that cannot be printed.
    """
    if not folder.is_dir():
        raise DlrError(f"the folder {folder} does not exist; give the folder of the PACS export")
    export = scan_export(folder, progress)
    if not any(file.header.is_image for file in export.files):
        raise DlrError(
            f"the folder {folder} holds no readable DICOM image"
            f" ({len(export.unreadable)} damaged, {export.other} other files)"
        )
    require_distinct(file.patient_id for file in export.files)
    return _Importer(export, out, key, descriptions).tables()


class _Importer:
    """The export, and how its files and patients are called in tables."""

    def __init__(self, export: Export, out: Path, key: bytes | None, descriptions: bool) -> None:
        self._export = export
        self._out = Path(os.path.abspath(out))
        self._key = key
        self._descriptions = descriptions
        self._scans = group_scans(export.files)
        self._sessions = _sessions(export.files)

    def tables(self) -> ImportedExport:
        masks = [file for file in self._export.files if not file.header.is_image]
        pairs, unpaired = pair_masks(masks, self._scans)
        problems = {id(scan): self._problem(scan) for scan in self._scans}
        good = [pair for pair in pairs if not problems[id(pair.scan)]]
        used = {id(pair.scan) for pair in pairs}
        lost = [self._unpaired(found.mask, "mask", found.reason) for found in unpaired]
        lost += [
            self._unpaired(pair.mask, "mask", f"its image cannot be used: {problem}")
            for pair in pairs
            if (problem := problems[id(pair.scan)])
        ]
        lost += [
            self._unpaired(scan.first, "image", reason, scan)
            for scan in self._scans
            if (reason := problems[id(scan)] or self._unused(scan, used))
        ]
        lost += [
            {"kind": "file", "file": self._relative(path), "reason": reason}
            for path, reason in self._export.unreadable.items()
        ]
        images, missing = self._image_table(good), _table(lost, UNPAIRED_COLUMNS)
        return ImportedExport(
            images=images,
            unpaired=missing,
            scanners=self._scanners(good),
            n_files=len({file.header.path for file in self._export.files}),
            n_other=self._export.other,
            telling_paths=self._telling(images, missing),
        )

    def _image_table(self, pairs: Sequence[Pair]) -> pd.DataFrame:
        columns = [*IMAGE_COLUMNS, *(["series_description"] if self._descriptions else [])]
        table = _table([row for pair in pairs for row in self._image_rows(pair)], columns)
        order = ["subject_id", "session", "image", "mask", "mask_label"]
        return table.sort_values(order, ignore_index=True)

    def _subject(self, file: ExportedFile) -> str:
        if self._key is not None:
            return pseudonym(file.patient_id, self._key) if file.patient_id else ""
        return plain_subject_id(file.patient_id)

    def _relative(self, path: Path) -> str:
        try:
            return Path(os.path.relpath(os.path.abspath(path), self._out)).as_posix()
        except ValueError:  # another drive of Windows
            return Path(os.path.abspath(path)).as_posix()

    def _image_cell(self, scan: Scan) -> str:
        """Name an image: its file, its folder, or its series where the folder holds several."""
        paths = scan.series.paths
        if len(paths) == 1:
            return self._relative(paths[0])
        folder = Path(os.path.commonpath([path.parent for path in paths]))
        shared = any(
            other.series.uid != scan.series.uid
            and any(path.is_relative_to(folder) for path in other.series.paths)
            for other in self._scans
        )
        cell = self._relative(folder)
        return f"{cell}#{fingerprint(scan.series.uid)}" if shared else cell

    def _image_rows(self, pair: Pair) -> list[dict[str, str]]:
        first = pair.scan.first
        common = {
            "subject_id": self._subject(first),
            "image": self._image_cell(pair.scan),
            "mask": self._relative(pair.mask.header.path),
            "view": pair.scan.series.plane or first.view_position,
            "modality": pair.scan.series.modality,
            "session": self._sessions[first.patient_id, first.header.study_uid],
            "paired_by": pair.how,
            "series_description": harmless(first.header.description),
        }
        return [
            {
                **common,
                "roi": harmless(safe_roi_name(name, number, pair.mask.private_words)),
                "mask_label": str(number),
            }
            for number, name in pair.mask.rois
        ]

    def _problem(self, scan: Scan) -> str:
        """Say why a series makes no volume; ``""`` if it does, as far as headers tell."""
        if not scan.first.patient_id:
            return "its header has no PatientID; fill in images.csv by hand"
        try:
            stack_frames(scan.series.frames, f"the series #{fingerprint(scan.series.uid)}")
        except CaseError as error:
            return str(error)
        return ""

    def _unused(self, scan: Scan, used: set[int]) -> str:
        if id(scan) in used:
            return ""
        return "no mask refers to it" + (" (a localizer)" if scan.first.localizer else "")

    def _unpaired(
        self, file: ExportedFile, kind: str, reason: str, scan: Scan | None = None
    ) -> dict[str, str]:
        return {
            "kind": kind,
            "subject_id": self._subject(file),
            "file": self._relative(file.header.path) if scan is None else self._image_cell(scan),
            "modality": file.header.modality,
            "view": "" if scan is None else scan.series.plane or file.view_position,
            "slices": "" if scan is None else str(len(scan.series.frames)),
            "reason": reason,
        }

    def _scanners(self, pairs: Sequence[Pair]) -> pd.DataFrame:
        columns = ("subject_id", "image", "view", "modality", *SCANNER_COLUMNS)
        rows = {
            self._image_cell(pair.scan): {
                "subject_id": self._subject(pair.scan.first),
                "image": self._image_cell(pair.scan),
                "view": pair.scan.series.plane or pair.scan.first.view_position,
                "modality": pair.scan.series.modality,
                **pair.scan.first.scanner,
            }
            for pair in pairs
        }
        return _table([rows[cell] for cell in sorted(rows)], columns)

    def _telling(self, images: pd.DataFrame, unpaired: pd.DataFrame) -> int:
        """Count the rows whose paths tell who their patient is."""
        words: dict[str, set[str]] = {}
        for file in self._export.files:
            hidden = set(file.private_words)
            if self._key is None:
                hidden -= set(identifier_words(file.patient_id))  # it is in the table anyway
            words.setdefault(self._subject(file), set()).update(hidden)
        rows = [*images[["subject_id", "image", "mask"]].to_numpy().tolist()]
        rows += unpaired[["subject_id", "file", "reason"]].to_numpy().tolist()
        return sum(
            tells(f"{first} {second}", words.get(subject, ()), short_numbers=True)
            for subject, first, second in rows
        )


def _table(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).fillna("").astype(str)


def _sessions(files: Sequence[ExportedFile]) -> Mapping[tuple[str, str], str]:
    """Give the studies of each patient numbers in the order of time: 1, 2, ..."""
    begun: dict[str, dict[str, str]] = {}
    for file in files:
        if file.header.is_image:
            studies = begun.setdefault(file.patient_id, {})
            uid = file.header.study_uid
            studies[uid] = min(file.study_time, studies.get(uid, file.study_time))
    return {
        (patient, uid): str(number)
        for patient, studies in begun.items()
        for number, uid in enumerate(sorted(studies, key=lambda uid: (studies[uid], uid)), 1)
    }
