"""Reading the headers of everything that a PACS exported, without any pixels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlr.dicom.files import is_dicom_file, numbers, read_header, reading, text
from dlr.dicom.identity import harmless
from dlr.dicom.privacy import private_words
from dlr.dicom.rtstruct import CLOSED, frames_of_reference
from dlr.dicom.series import HEADER_TAGS, MASK_MODALITIES, STRUCTURES, Header, header_of
from dlr.errors import CaseError
from dlr.safety.paths import shorten_paths

if TYPE_CHECKING:
    from pydicom import Dataset

Progress = Callable[[str, int, int], None]

SCANNER_COLUMNS: Mapping[str, str] = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "field_strength_t": "MagneticFieldStrength",
    "slice_thickness_mm": "SliceThickness",
    "repetition_time_ms": "RepetitionTime",
    "echo_time_ms": "EchoTime",
    "tube_voltage_kv": "KVP",
    "kernel": "ConvolutionKernel",
}
"""White-list: the only elements of a header, besides geometry and modality, that are written."""

_GROUPS: Mapping[str, tuple[str, str]] = {
    "slice_thickness_mm": ("PixelMeasuresSequence", "SliceThickness"),
    "repetition_time_ms": ("MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    "echo_time_ms": ("MREchoSequence", "EffectiveEchoTime"),
    "tube_voltage_kv": ("CTXRayDetailsSequence", "KVP"),
    "kernel": ("CTReconstructionSequence", "ConvolutionKernel"),
}
"""Where enhanced multi-frame files keep the same elements: functional group and keyword."""

_TAGS = (
    *HEADER_TAGS,
    *SCANNER_COLUMNS.values(),
    "StudyDate",
    "StudyTime",
    "ImageType",
    "ViewPosition",
    "SegmentSequence",
    "StructureSetROISequence",
    "ReferencedFrameOfReferenceSequence",
    "ReferencedSeriesSequence",
)
_TEXTS = {"manufacturer", "model", "kernel"}


@dataclass(frozen=True)
class ExportedFile:
    """One DICOM file, as far as its header says where it belongs.

    Attributes
    ----------
    header : Header
    patient_id : str
        As in the header; written only as `dlr.dicom.identity` says.
    private_words : tuple of str
        Words that tell who the patient is; compared, never written.
    study_time : str
        Sorts a patient's studies; never written.
    scanner : mapping
        Elements on the white-list `SCANNER_COLUMNS`.
    series_uids, instance_uids, frame_uids : tuple of str
        What a mask refers to: image series, images, frames of reference.
    rois : tuple of (int, str)
        Number and name of each ROI of a mask that has voxels or contours.
    """

    header: Header
    patient_id: str
    private_words: tuple[str, ...]
    study_time: str
    view_position: str = ""
    localizer: bool = False
    scanner: Mapping[str, str] = field(default_factory=dict)
    series_uids: tuple[str, ...] = ()
    instance_uids: tuple[str, ...] = ()
    frame_uids: tuple[str, ...] = ()
    rois: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Export:
    """Everything found in a folder.

    Attributes
    ----------
    files : tuple of ExportedFile
        Images and masks.
    unreadable : mapping of Path to str
        DICOM files that are damaged, with the reason, which names the file without its folder.
    other : int
        Files that are not DICOM, or DICOM objects that are neither image nor mask.
    """

    files: tuple[ExportedFile, ...]
    unreadable: Mapping[Path, str]
    other: int


def scan_export(folder: Path, progress: Progress) -> Export:
    """Read the headers of all DICOM files of a folder and the folders in it.

    Parameters
    ----------
    folder : Path
    progress : callable
        Called with what is being done, how many are done, and how many there are.

    Raises
    ------
    MissingDependencyError
        If pydicom is not installed.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files: list[ExportedFile] = []
    unreadable: dict[Path, str] = {}
    other = 0
    for done, path in enumerate(paths, 1):
        progress("headers", done, len(paths))
        if path.name.upper() == "DICOMDIR" or not is_dicom_file(path):
            other += 1
            continue
        try:
            found = exported_files(path)
        except CaseError as error:
            unreadable[path] = shorten_paths(str(error))
            continue
        header = found[0].header
        if header.is_image or header.modality in MASK_MODALITIES:
            files += found
        else:
            other += 1
    return Export(tuple(files), unreadable, other)


def exported_files(path: Path) -> tuple[ExportedFile, ...]:
    """Read what `ExportedFile` holds, once per frame of reference.

    ROIs of one structure set may be drawn on several scans, each in the coordinates of its own:
    they go with different images. Every other file is one.

    Raises
    ------
    CaseError
        If the header is damaged.
    """
    dataset = read_header(path, _TAGS)
    header = header_of(dataset, path)
    with reading(path):
        found = ExportedFile(
            header=header,
            patient_id=text(dataset, "PatientID"),
            private_words=private_words(dataset),
            study_time=f"{text(dataset, 'StudyDate')} {text(dataset, 'StudyTime')}",
        )
        if header.modality in MASK_MODALITIES:
            return _masks(dataset, found)
        position = text(dataset, "ViewPosition")
        image = replace(
            found,
            view_position=position.lower() if re.fullmatch(r"[A-Za-z]{1,5}", position) else "",
            localizer="LOCALIZER" in [str(v).upper() for v in dataset.get("ImageType") or []],
            scanner=_scanner(dataset),
        )
        return (image,)


def _masks(dataset: Dataset, found: ExportedFile) -> tuple[ExportedFile, ...]:
    known = tuple(frames_of_reference(dataset))
    if found.header.modality != STRUCTURES:
        segments = dataset.get("SegmentSequence") or []
        rois = [(int(item.SegmentNumber), text(item, "SegmentLabel")) for item in segments]
        return (_mask(found, rois, _referenced(dataset), known),)
    # A structure set is all header; its contours say which ROIs were drawn at all.
    drawn = _drawn_rois(read_header(found.header.path, ("ROIContourSequence",)))
    by_frame: dict[str, list[tuple[int, str]]] = {}
    for item in dataset.get("StructureSetROISequence") or []:
        if int(item.ROINumber) in drawn:
            frame = text(item, "ReferencedFrameOfReferenceUID")
            by_frame.setdefault(frame, []).append((int(item.ROINumber), text(item, "ROIName")))
    return tuple(
        _mask(found, rois, _referenced(dataset, frame), (frame,) if frame else known)
        for frame, rois in sorted(by_frame.items() or {"": []}.items())
    )


def _mask(
    found: ExportedFile,
    rois: Iterable[tuple[int, str]],
    referenced: tuple[tuple[str, ...], tuple[str, ...]],
    frames: tuple[str, ...],
) -> ExportedFile:
    series, instances = referenced
    return replace(
        found,
        series_uids=series,
        instance_uids=instances,
        frame_uids=frames,
        rois=tuple(sorted(rois)),
    )


def _drawn_rois(dataset: Dataset) -> set[int]:
    return {
        int(item.ReferencedROINumber)
        for item in dataset.get("ROIContourSequence") or []
        if any(
            text(contour, "ContourGeometricType").upper() in CLOSED
            for contour in item.get("ContourSequence") or []
        )
    }


def _referenced(dataset: Dataset, frame_uid: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the series and images that a mask names, all or those of one frame of reference."""
    items = list(dataset.get("ReferencedSeriesSequence") or [])
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or []:
        if frame_uid and text(frame, "FrameOfReferenceUID") not in ("", frame_uid):
            continue
        for study in frame.get("RTReferencedStudySequence") or []:
            items += study.get("RTReferencedSeriesSequence") or []
    images = [
        text(image, "ReferencedSOPInstanceUID")
        for item in items
        for keyword in ("ReferencedInstanceSequence", "ContourImageSequence")
        for image in item.get(keyword) or []
    ]
    series = [text(item, "SeriesInstanceUID") for item in items]
    return tuple(dict.fromkeys(filter(None, series))), tuple(dict.fromkeys(images))


def _scanner(dataset: Dataset) -> dict[str, str]:
    found = {}
    for column, keyword in SCANNER_COLUMNS.items():
        value = _element(dataset, column, keyword)
        if not value and column in _GROUPS:
            sequence, inner = _GROUPS[column]
            group = _functional_group(dataset, sequence)
            value = "" if group is None else _element(group, column, inner)
        found[column] = value
    return found


def _element(dataset: Dataset, column: str, keyword: str) -> str:
    if column in _TEXTS:
        return harmless(text(dataset, keyword))[:64]
    values = numbers(dataset, keyword)
    return f"{values[0]:g}" if values else ""


def _functional_group(dataset: Dataset, sequence: str) -> Dataset | None:
    """Return a functional group of all frames, or of the first."""
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for frame in (dataset.get(groups) or [])[:1]:
            for found in (frame.get(sequence) or [])[:1]:
                return found
    return None
