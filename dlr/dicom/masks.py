"""Masks that are DICOM: segmentation objects, structure sets, and label maps kept as a series."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from dlr.dicom.files import is_dicom_file
from dlr.dicom.references import Reference, fingerprint, is_dicom, parse_reference
from dlr.dicom.rtstruct import check_frame_of_reference, read_structures
from dlr.dicom.segmentation import read_segmentation
from dlr.dicom.series import (
    MASK_MODALITIES,
    STRUCTURES,
    Header,
    dicom_files,
    file_header,
)
from dlr.errors import CaseError
from dlr.safety.paths import quoted


def find_mask(path: str | Path) -> Header | None:
    """Find the segmentation or structure set that a cell of the images table names.

    Returns
    -------
    Header or None
        None where the cell names anything else: no DICOM, or a series of images.

    Raises
    ------
    CaseError
        If a folder holds several such objects and none is named.
    """
    if not is_dicom(path):
        return None
    reference = parse_reference(path)
    if is_dicom_file(reference.path):
        header = file_header(reference.path)
        return header if header.modality in MASK_MODALITIES else None
    headers = [file_header(file) for file in dicom_files(reference.path)]
    masks = [header for header in headers if header.modality in MASK_MODALITIES]
    if reference.series:
        masks = [header for header in masks if reference.names(header.series_uid)]
    if len(masks) > 1:
        raise CaseError(_several(masks, reference))
    return masks[0] if masks else None


def read_dicom_mask(
    header: Header,
    reference: sitk.Image | None = None,
    label: int | None = None,
    segment: str | None = None,
    threshold: float | None = None,
) -> sitk.Image:
    """Read a segmentation object or structure set that `find_mask` found, as a label map.

    Parameters are those of `read_segmentation` and `read_structures`.

    Raises
    ------
    CaseError
        If it cannot be read, or lies in another frame of reference than the image.
    """
    path = header.path
    if header.modality == STRUCTURES:
        return read_structures(path, reference, label, segment)
    if reference is not None and header.frame_of_reference_uid:
        known = [fingerprint(header.frame_of_reference_uid)]
        check_frame_of_reference(known, reference, f"The mask {quoted(path)}")
    return read_segmentation(path, reference, label, segment, threshold)


def _several(masks: list[Header], reference: Reference) -> str:
    listed = ", ".join(f"{mask.path.name} ({mask.modality})" for mask in masks)
    return (
        f"The folder {quoted(reference.path)} holds {len(masks)} DICOM masks: {listed}; name one of"
        " these files in the column 'mask'."
    )
