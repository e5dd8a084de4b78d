"""Small DICOM files as scanners and segmentation programs write them, made on the spot."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import highdicom
import numpy as np
import SimpleITK as sitk
from pydicom import Dataset, FileDataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RTStructureSetStorage,
    generate_uid,
)
from pydicom.valuerep import DS

SHAPE = (6, 16, 16)
SPACING = (0.75, 0.5, 3.3)  # x (between columns), y (between rows), z

# Nothing of these may ever be found in an output.
SECRETS = {
    "PatientName": "Musterfrau^Erika",
    "PatientBirthDate": "19630417",
    "StudyDate": "20210908",
    "SeriesDate": "20210908",
    "AccessionNumber": "ACC4711",
    "InstitutionName": "Kreiskrankenhaus Nirgendwo",
    "ReferringPhysicianName": "Hausarzt^Hans",
    "StudyDescription": "Knie von Frau Musterfrau",
    "StationName": "MRRAUM3",
    "DeviceSerialNumber": "SN99887766",
    "OperatorsName": "Knopf^Druecker",
    "PatientComments": "mag keine Nadeln",
}


def oblique() -> np.ndarray:
    """Return a rotation whose columns are the directions of x, y and z."""
    around_x, around_z = np.deg2rad(20), np.deg2rad(-35)
    c, s = np.cos(around_x), np.sin(around_x)
    first = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(around_z), np.sin(around_z)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ first


def pixels(seed: int = 0, low: int = -500, high: int = 1200) -> np.ndarray:
    """Return a volume of noise, int16."""
    return np.random.default_rng(seed).integers(low, high, SHAPE).astype(np.int16)


@dataclass
class Scan:
    """Where a volume lies and whose it is."""

    spacing: tuple[float, float, float] = SPACING
    origin: tuple[float, float, float] = (-11.5, 20.25, 7.0)
    axes: np.ndarray = field(default_factory=lambda: np.eye(3))
    patient: str = "P1"
    modality: str = "MR"
    description: str = "t2_tse_sag"
    number: int = 3
    study: str = field(default_factory=generate_uid)
    series: str = field(default_factory=generate_uid)
    frame_of_reference: str = field(default_factory=generate_uid)

    def position(self, index: int) -> list[DS]:
        """Return the centre of the first pixel of a slice."""
        return decimal(np.array(self.origin) + index * self.spacing[2] * self.axes[:, 2])

    @property
    def orientation(self) -> list[DS]:
        """Return the directions of row and column."""
        return decimal(self.axes[:, :2].T.ravel())

    def image(self, array: np.ndarray) -> sitk.Image:
        """Return the same volume as SimpleITK holds it."""
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing)
        image.SetOrigin(self.origin)
        image.SetDirection(self.axes.ravel().tolist())
        return image


def decimal(values: Sequence[float] | np.ndarray) -> list[DS]:
    """Return decimal strings, as precise as their 16 characters allow."""
    return [DS(float(value), auto_format=True) for value in values]


def header(scan: Scan, sop_class: str) -> FileDataset:
    """Return a data set without pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    for keyword, value in SECRETS.items():
        setattr(dataset, keyword, value)
    dataset.PatientID = scan.patient
    dataset.PatientSex, dataset.PatientAge, dataset.StudyTime = "F", "058Y", "083000"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = scan.study, scan.series
    dataset.FrameOfReferenceUID = scan.frame_of_reference
    dataset.PositionReferenceIndicator = ""
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", scan.number, 1
    dataset.Modality, dataset.SeriesDescription = scan.modality, scan.description
    dataset.Manufacturer, dataset.ManufacturerModelName = "ACME", "Magnet 3000"
    dataset.MagneticFieldStrength = "1.5"
    dataset.EchoTime, dataset.RepetitionTime = "101", "4000"
    return dataset


def put_pixels(dataset: Dataset, array: np.ndarray, bits: int | None = None) -> None:
    """Store an array (rows, columns) or (frames, rows, columns)."""
    dataset.Rows, dataset.Columns = array.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = 8 * array.dtype.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(np.issubdtype(array.dtype, np.signedinteger))
    vr = "OB" if array.dtype.itemsize == 1 else "OW"
    dataset.add_new("PixelData", vr, np.ascontiguousarray(array).tobytes())


def put_palette(dataset: Dataset, table: np.ndarray) -> None:
    """Say that the values are indices of a palette, whose colours are 16-bit greys."""
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for number in (1, 2, 3):
        dataset.add_new((0x0028, 0x1100 + number), "US", [len(table), 0, 16])
        dataset.add_new((0x0028, 0x1200 + number), "OW", table.astype(np.uint16).tobytes())


Change = Callable[[int, Dataset], None]


def write_series(
    folder: Path, array: np.ndarray, scan: Scan, change: Change | None = None
) -> list[Path]:
    """Write one file per slice, with names that say nothing of their order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, plane in enumerate(array):
        dataset = header(scan, CTImageStorage if scan.modality == "CT" else MRImageStorage)
        dataset.InstanceNumber = index + 1
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.ImagePositionPatient = scan.position(index)
        dataset.ImageOrientationPatient = scan.orientation
        dataset.PixelSpacing = decimal(scan.spacing[1::-1])
        dataset.SliceThickness = decimal([scan.spacing[2]])[0]
        put_pixels(dataset, plane)
        if change is not None:
            change(index, dataset)
        path = folder / f"IM{(index * 5) % 7:02d}-{scan.number}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def write_enhanced(
    path: Path, array: np.ndarray, scan: Scan, order: Sequence[int] | None = None
) -> Path:
    """Write an enhanced MR file, its frames in any order."""
    dataset = header(scan, EnhancedMRImageStorage)
    shared, measures, plane = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = decimal(scan.spacing[1::-1])
    measures.SpacingBetweenSlices = decimal([scan.spacing[2]])[0]
    plane.ImageOrientationPatient = scan.orientation
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    dataset.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for index in order or range(len(array)):
        group, position, scaling = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = scan.position(index)
        scaling.RescaleSlope, scaling.RescaleIntercept, scaling.RescaleType = "1", "0", "US"
        group.PlanePositionSequence = [position]
        group.PixelValueTransformationSequence = [scaling]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    dataset.NumberOfFrames = len(array)
    put_pixels(dataset, array[list(order or range(len(array)))])
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_radiograph(path: Path, array: np.ndarray, **elements: object) -> Path:
    """Write a digital radiograph."""
    dataset = header(
        Scan(modality="DX", description="Knie a.p."), DigitalXRayImageStorageForPresentation
    )
    del dataset.FrameOfReferenceUID
    dataset.ImagerPixelSpacing = decimal([0.2, 0.1])
    put_pixels(dataset, array, bits=12)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_segmentation(
    path: Path,
    series: Sequence[Path],
    masks: Mapping[str, np.ndarray],
    kind: highdicom.seg.SegmentationTypeValues = highdicom.seg.SegmentationTypeValues.BINARY,
    **elements: object,
) -> Path:
    """Write a segmentation object with highdicom, as most research tools do.

    `masks` are (slices, rows, columns), the slices in the order of `series`.
    """
    sources = [dcmread(file) for file in series]
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(masks, 1)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = highdicom.seg.Segmentation(
            source_images=sources,
            pixel_array=np.stack(list(masks.values()), axis=-1),
            segmentation_type=kind,
            segment_descriptions=descriptions,
            series_instance_uid=generate_uid(),
            series_number=90,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="ACME",
            manufacturer_model_name="Pencil",
            software_versions="1",
            device_serial_number="SN99887766",
        )
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)
    return path


Contours = Sequence[tuple[int, np.ndarray]]


def write_structures(
    path: Path,
    scan: Scan,
    rois: Mapping[str, Contours],
    kind: str = "CLOSED_PLANAR",
    names_series: bool = True,
) -> Path:
    """Write a structure set; contours are (slice, corners), corners are (column, row) in pixels."""
    dataset = header(
        Scan(patient=scan.patient, study=scan.study, modality="RTSTRUCT", number=80),
        RTStructureSetStorage,
    )
    del dataset.FrameOfReferenceUID
    dataset.StructureSetLabel = "plan"
    dataset.StructureSetDate = datetime.date(2021, 9, 8).strftime("%Y%m%d")
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = scan.series
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = scan.frame_of_reference
    if names_series:
        frame.RTReferencedStudySequence = [study]
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(rois.items(), 1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        roi.ReferencedFrameOfReferenceUID = scan.frame_of_reference
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = []
        for index, corners in contours:
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(corners)
            contour.ContourData = decimal(in_patient(scan, index, corners).ravel())
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def in_patient(scan: Scan, index: float, corners: np.ndarray) -> np.ndarray:
    """Return corners (column, row) of a slice in patient coordinates, mm."""
    voxel = np.column_stack([corners, np.full(len(corners), index)])
    return np.array(scan.origin) + (voxel * scan.spacing) @ scan.axes.T


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return the corners of a rectangle, (column, row) in pixels."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
