"""Radiotherapy structure sets (RTSTRUCT): contours rasterised onto the slices of an image.

Convention: a voxel belongs to the ROI when its centre lies inside the contour, taken in the
plane of the slice. Contours are never interpolated between slices, so an ROI has exactly the
slices that were drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.dicom.files import numbers, read_dataset, reading, text
from dlr.dicom.labels import Roi, label_map, wanted
from dlr.dicom.placement import OFF_GRID, index_matrix
from dlr.dicom.privacy import private_words, safe_roi_name
from dlr.dicom.rasterise import Contour, fill_contours
from dlr.dicom.references import fingerprint
from dlr.dicom.volume import FRAME_OF_REFERENCE
from dlr.errors import CaseError
from dlr.safety.paths import quoted
from dlr.wording import first_few

if TYPE_CHECKING:
    from pydicom import Dataset

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Kinds of contours that enclose voxels."""

_BEYOND = 1.0  # pixels that a contour may leave the image; contours are drawn between pixels
_SHOWN = 5


@dataclass(frozen=True)
class _Drawn:
    """One closed contour: its corners in patient coordinates, shape (n, 3), in mm."""

    points: NDArray[np.float64]
    exclusive: bool


def read_structures(
    path: Path,
    reference: sitk.Image | None,
    label: int | None = None,
    segment: str | None = None,
) -> sitk.Image:
    """Rasterise the ROIs of a structure set.

    Parameters
    ----------
    path : Path
        The file.
    reference : SimpleITK.Image or None
        The image whose voxels are marked; any image in the same patient coordinates will do,
        such as the NIfTI file made of the series.
    label, segment : int or str, optional
        Number or name of the one ROI that is needed; the others are then only listed.

    Returns
    -------
    SimpleITK.Image
        As `dlr.dicom.labels.label_map` makes it. An ROI that cannot be rasterised (contours off
        the slices or outside the image, points only, another frame of reference) carries the
        reason, and is refused when it is chosen.

    Raises
    ------
    CaseError
        If the file is damaged, there is no reference, or it lies in another frame of reference.
    """
    if reference is None:
        raise CaseError(
            f"The structure set {quoted(path)} holds contours, which become voxels only on an"
            " image; read it together with the image that it was drawn on."
        )
    dataset = read_dataset(path)
    with reading(path):
        _same_frame_of_reference(dataset, reference, path)
        listed = {int(item.ROINumber): item for item in dataset.StructureSetROISequence}
        drawn = {
            int(item.ReferencedROINumber): _closed_contours(item)
            for item in dataset.get("ROIContourSequence") or []
        }
        words = private_words(dataset)
        rois = []
        for number, item in sorted(listed.items()):
            name = text(item, "ROIName")
            roi = Roi(number, name, safe_roi_name(name, number, words))
            if wanted(number, name, label, segment):
                uid = text(item, "ReferencedFrameOfReferenceUID")
                roi = _filled(roi, uid, drawn.get(number, []), reference, path)
            rois.append(roi)
        return label_map(rois, reference)


def frames_of_reference(dataset: Dataset) -> list[str]:
    """List the UIDs of the frames of reference that a structure set is drawn in."""
    items = [
        *(dataset.get("ReferencedFrameOfReferenceSequence") or []),
        *(dataset.get("StructureSetROISequence") or []),
    ]
    found = [text(dataset, "FrameOfReferenceUID")]
    for item in items:
        found += [text(item, "FrameOfReferenceUID"), text(item, "ReferencedFrameOfReferenceUID")]
    return [uid for uid in dict.fromkeys(found) if uid]


def _same_frame_of_reference(dataset: Dataset, reference: sitk.Image, path: Path) -> None:
    known = [fingerprint(uid) for uid in frames_of_reference(dataset)]
    check_frame_of_reference(known, reference, f"The mask {quoted(path)}")


def check_frame_of_reference(known: Sequence[str], reference: sitk.Image, named: str) -> None:
    """Refuse a mask drawn in another coordinate system than that of the image.

    Parameters
    ----------
    known : sequence of str
        Fingerprints of the mask's frames of reference; nothing is compared without any.
    reference : SimpleITK.Image
        The image; one that is not DICOM has no frame of reference to compare.
    named : str
        The mask or ROI, for the message ("The mask ...").

    Raises
    ------
    CaseError
        If the image's is not among them.
    """
    if not known or not reference.HasMetaDataKey(FRAME_OF_REFERENCE):
        return
    if reference.GetMetaData(FRAME_OF_REFERENCE) not in known:
        raise CaseError(
            f"{named} is drawn in another frame of reference than its image, so their"
            " coordinates cannot be compared; give the series it was drawn on as 'image'."
        )


def _closed_contours(item: Dataset) -> list[_Drawn]:
    contours = []
    for contour in item.get("ContourSequence") or []:
        kind = text(contour, "ContourGeometricType").upper()
        points = np.reshape(np.array(numbers(contour, "ContourData")), (-1, 3))
        if kind in CLOSED and len(points) > 0:
            contours.append(_Drawn(points, kind != CLOSED[0]))
    return contours


def _filled(
    roi: Roi, frame_uid: str, drawn: Sequence[_Drawn], reference: sitk.Image, path: Path
) -> Roi:
    """Return an ROI with its voxels, or with the reason why there are none."""
    named = f"The ROI '{roi.shown}' in {quoted(path)}"
    try:
        # A plan may hold ROIs drawn on CT and on MRI, each in the coordinates of its own.
        if frame_uid:
            check_frame_of_reference([fingerprint(frame_uid)], reference, named)
        return replace(roi, voxels=_rasterised(named, drawn, reference))
    except CaseError as error:
        return replace(roi, problem=str(error))


def _rasterised(named: str, drawn: Sequence[_Drawn], reference: sitk.Image) -> NDArray[np.bool_]:
    if not drawn:
        raise CaseError(f"{named} has no closed contour; draw it, or name another ROI.")
    matrix, origin = index_matrix(reference), np.array(reference.GetOrigin())
    # Rounding takes away what arithmetic adds, so that corners on pixel centres stay on them.
    indices = [np.round((contour.points - origin) @ matrix.T, 6) for contour in drawn]
    axis = _slice_axis(indices)
    slices = _slices(indices, axis, reference, named)
    columns, rows = (other for other in range(3) if other != axis)
    size = reference.GetSize()
    _inside(indices, (columns, rows), size, named)
    # Arrays are indexed (z, y, x); the slice axis comes first while slices are filled.
    voxels = np.zeros((size[axis], size[rows], size[columns]), dtype=np.bool_)
    for place in sorted(set(slices)):
        contours = [
            Contour(points[:, [columns, rows]], contour.exclusive)
            for points, contour, where in zip(indices, drawn, slices, strict=True)
            if where == place
        ]
        voxels[place] = fill_contours(contours, size[rows], size[columns])
    if not voxels.any():
        raise CaseError(
            f"{named} encloses no voxel centre of the image; it is smaller than a voxel: draw it"
            " larger, or leave out the row."
        )
    return np.ascontiguousarray(np.moveaxis(voxels, 0, 2 - axis))


def _slice_axis(indices: Sequence[NDArray[np.float64]]) -> int:
    """Find the axis (x, y, z) of the image along which every contour stays in one slice."""
    spread = np.max([np.ptp(points, axis=0) for points in indices], axis=0)
    # Contours of one point spread nowhere; slices are then stacked along z.
    return 2 - int(np.argmin(spread[::-1]))


def _slices(
    indices: Sequence[NDArray[np.float64]], axis: int, reference: sitk.Image, named: str
) -> list[int]:
    """Return the slice of each contour; every one must lie on a slice of the image."""
    count = reference.GetSize()[axis]
    places, off = [], []
    for points in indices:
        middle = float(np.median(points[:, axis]))
        place = round(middle)
        if np.abs(points[:, axis] - place).max() > OFF_GRID or not 0 <= place < count:
            off.append(middle)
        places.append(place)
    if off:
        spacing = reference.GetSpacing()[axis]
        shown = first_few((f"{middle * spacing:.4g} mm" for middle in sorted(off)), _SHOWN)
        raise CaseError(
            f"{named} has {len(off)} of {len(indices)} contours off the slices of the image (at"
            f" {shown} from the first of {count} slices, {spacing:.4g} mm apart); they were"
            " drawn on another series: give that as 'image'."
        )
    return places


def _inside(
    indices: Sequence[NDArray[np.float64]],
    axes: tuple[int, int],
    size: Sequence[int],
    named: str,
) -> None:
    points = np.concatenate(list(indices))[:, axes]
    limits = np.array([size[axis] for axis in axes]) - 0.5
    beyond = float(np.maximum(-0.5 - points, points - limits).max())
    if beyond > _BEYOND:
        raise CaseError(
            f"{named} reaches {beyond:.3g} pixels beyond the image; give the series it was drawn on"
            " as 'image'."
        )
