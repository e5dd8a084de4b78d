"""Which series a file or folder holds, and the one that a reference means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlr.dicom.files import is_dicom_file, number, read_header, reading, text
from dlr.dicom.frames import FRAME_TAGS, Frame, frames_of
from dlr.dicom.privacy import private_words, safe_text
from dlr.dicom.references import Reference, fingerprint
from dlr.dicom.stack import plane_name
from dlr.errors import CaseError
from dlr.safety.paths import quoted

if TYPE_CHECKING:
    from pydicom import Dataset

SEGMENTATION, STRUCTURES = "SEG", "RTSTRUCT"
MASK_MODALITIES = (SEGMENTATION, STRUCTURES)

HEADER_TAGS = (
    "SOPInstanceUID",
    "Modality",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "SeriesDescription",
    "SeriesNumber",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    *FRAME_TAGS,
)
"""Elements that `header_of` looks at."""

# Objects that hold no picture to measure: reports, presentation states, key notes, plans, ...
_NO_IMAGE = {"SR", "PR", "KO", "RTPLAN", "RTDOSE", "RTRECORD", "REG", "FID", "DOC", "PLAN", "ECG"}
_SHOWN = 20


@dataclass(frozen=True)
class Header:
    """What of one file's header decides where it belongs."""

    path: Path
    modality: str
    instance_uid: str
    series_uid: str
    study_uid: str
    frame_of_reference_uid: str
    description: str
    series_number: int
    frames: tuple[Frame, ...]

    @property
    def is_image(self) -> bool:
        """Whether the file is part of an image series."""
        return bool(self.frames) and self.modality not in MASK_MODALITIES


@dataclass(frozen=True)
class Series:
    """Files of one SeriesInstanceUID."""

    uid: str
    headers: tuple[Header, ...]

    @property
    def modality(self) -> str:
        """Modality, such as CT or MR."""
        return self.headers[0].modality

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All frames, in the order of the files' names."""
        return tuple(frame for header in self.headers for frame in header.frames)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return tuple(header.path for header in self.headers)

    @property
    def plane(self) -> str:
        """Nearest anatomical plane of the slices; ``""`` if they have none or several."""
        planes = {plane_name(frame.orientation) for frame in self.frames}
        return planes.pop() if len(planes) == 1 else ""

    def summary(self) -> str:
        """Describe the series on one line: fingerprint, modality, plane, slices.

        What people typed in is left out: the line stands in messages and tables.
        """
        count = len(self.frames)
        words = [self.modality, self.plane, f"{count} slice{'s' * (count != 1)}"]
        return f"#{fingerprint(self.uid)} ({' '.join(filter(None, words))})"


def header_of(dataset: Dataset, path: Path) -> Header:
    """Pick from a data set what `Header` holds."""
    with reading(path):
        modality = text(dataset, "Modality").upper()
        picture = "Rows" in dataset and modality not in _NO_IMAGE
        measured = picture and modality not in MASK_MODALITIES
        return Header(
            path=path,
            modality=modality,
            instance_uid=text(dataset, "SOPInstanceUID"),
            series_uid=text(dataset, "SeriesInstanceUID"),
            study_uid=text(dataset, "StudyInstanceUID"),
            frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
            description=safe_text(text(dataset, "SeriesDescription"), private_words(dataset)),
            series_number=int(number(dataset, "SeriesNumber") or 0),
            frames=frames_of(dataset, path) if measured else (),
        )


def file_header(path: Path) -> Header:
    """Read the header of one file."""
    return header_of(read_header(path, HEADER_TAGS), path)


def dicom_files(folder: Path) -> Iterator[Path]:
    """Find the DICOM files of a folder and the folders in it, in the order of their names."""
    for path in sorted(folder.rglob("*")):
        if path.name.upper() != "DICOMDIR" and is_dicom_file(path):
            yield path


def group_series(headers: Iterable[Header]) -> list[Series]:
    """Group image files by series, in the order of the series' numbers."""
    groups: dict[str, list[Header]] = {}
    for header in headers:
        if header.is_image:
            groups.setdefault(header.series_uid, []).append(header)
    series = [Series(uid, tuple(group)) for uid, group in groups.items()]
    return sorted(series, key=lambda one: (one.headers[0].series_number, one.uid))


def find_series(reference: Reference) -> Series:
    """Find the image series that a reference means.

    Raises
    ------
    CaseError
        If the file or folder is absent, holds no image, or holds several series and none, or
        one that is absent, is named; the series present are listed.
    """
    path = reference.path
    if not path.exists():
        raise CaseError(
            f"The image {quoted(path)} does not exist; correct the path in the images table (paths"
            " start from the table's folder) or add the files."
        )
    if path.is_file():
        header = file_header(path)
        _require_image(header)
        return Series(header.series_uid, (header,))
    headers = [file_header(file) for file in dicom_files(path)]
    present = group_series(headers)
    if not present:
        others = ", ".join(sorted({header.modality or "unknown" for header in headers}))
        held = f"only DICOM objects of other kinds: {others}" if headers else "no DICOM file"
        raise CaseError(
            f"The folder {quoted(path)} holds {held}; give the folder of a DICOM"
            " series, or one NIfTI or NRRD file."
        )
    return _choose(present, reference)


def _choose(present: list[Series], reference: Reference) -> Series:
    fits = [one for one in present if not reference.series or reference.names(one.uid)]
    if len(fits) == 1:
        return fits[0]
    listed = "; ".join(one.summary() for one in present[:_SHOWN])
    listed += f" and {len(present) - _SHOWN} more" if len(present) > _SHOWN else ""
    example = f"{reference.path.name}#{fingerprint(present[0].uid)}"
    wanted = (
        "holds no series of the name given after '#'"
        if reference.series
        else (f"holds {len(present)} series")
    )
    raise CaseError(
        f"The folder {quoted(reference.path)} {wanted}; it has: {listed}; name one in the images"
        f" table, as in '{example}'."
    )


def _require_image(header: Header) -> None:
    if header.is_image:
        return
    if header.modality in MASK_MODALITIES:
        raise CaseError(
            f"The file {quoted(header.path)} is a {header.modality} object, which holds ROIs and no"
            " image; give it in the column 'mask', and the series it was drawn on as 'image'."
        )
    raise CaseError(
        f"The DICOM file {quoted(header.path)} holds no image (modality"
        f" {header.modality or 'unknown'}); give the image series."
    )
