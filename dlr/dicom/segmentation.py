"""DICOM segmentation objects (SEG): binary, fractional and label map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.dicom.files import number, read_dataset, reading, text
from dlr.dicom.frames import Frame, frames_of
from dlr.dicom.labels import Roi, label_map, wanted
from dlr.dicom.pixels import Pixels, stored_frames
from dlr.dicom.placement import Placement, own_grid
from dlr.dicom.privacy import private_words, safe_roi_name
from dlr.dicom.references import fingerprint
from dlr.dicom.stack import COSINE_TOLERANCE
from dlr.dicom.volume import SERIES
from dlr.errors import CaseError
from dlr.safety.paths import quoted

if TYPE_CHECKING:
    from pydicom import Dataset


def read_segmentation(
    path: Path,
    reference: sitk.Image | None = None,
    label: int | None = None,
    segment: str | None = None,
    threshold: float | None = None,
) -> sitk.Image:
    """Read a segmentation object as a label map.

    The object stores only slices that hold ROI. Where they are slices of `reference` they are
    put there; otherwise the map has the smallest grid that holds them, and comparing
    it with the image is left to `dlr.imaging.check_geometry`.

    Parameters
    ----------
    path : Path
        The file.
    reference : SimpleITK.Image, optional
        The image that the ROIs are to be used with.
    label, segment : int or str, optional
        Number or name of the one segment that is needed; the others are then only listed.
    threshold : float, optional
        Smallest fraction (0 to 1) of a fractional segmentation that counts as ROI.

    Returns
    -------
    SimpleITK.Image
        As `dlr.dicom.labels.label_map` makes it; overlapping segments are in different layers.

    Raises
    ------
    CaseError
        If the file is damaged or not a segmentation, its slices have no even grid or no place
        in the image, or it is fractional and `threshold` is unset.
    """
    dataset = read_dataset(path)
    # The values are numbers of segments, whatever colours they are to be shown in.
    stored = stored_frames(dataset, path, colours=False)
    with reading(path):
        frames = _placed(frames_of(dataset, path), dataset, reference, path)
        names = {
            int(item.SegmentNumber): text(item, "SegmentLabel") for item in dataset.SegmentSequence
        }
        here = reference is not None and _names_series_of(reference, dataset)
        grid, placement = _grid(frames, reference, here, f"The segmentation {quoted(path)}")
        members = _members(dataset, stored, threshold, path)
        words = private_words(dataset)
        rois = []
        for segment_number, name in sorted(names.items()):
            voxels = None
            if wanted(segment_number, name, label, segment):
                voxels = np.zeros(grid.GetSize()[::-1], dtype=np.bool_)
                for index, pixels in members(segment_number):
                    voxels[placement.slice_of(frames[index])] |= placement.turned(pixels)
            shown = safe_roi_name(name, segment_number, words)
            rois.append(Roi(segment_number, name, shown, voxels))
        return label_map(rois, grid)


def _placed(
    frames: Sequence[Frame], dataset: Dataset, reference: sitk.Image | None, path: Path
) -> list[Frame]:
    """Give the frames of a radiograph, which have no place in the patient, that of the image."""
    if all(frame.position and frame.orientation for frame in frames):
        return list(frames)
    flat = reference is None or reference.GetSize()[2] == 1
    if not flat or any(frame.position for frame in frames) or _several_each(dataset, len(frames)):
        raise CaseError(
            f"The segmentation {quoted(path)} does not say where its slices lie in the patient, so"
            " they cannot be put onto the image; save the mask again on its image."
        )
    origin, spacing, direction = (0.0,) * 3, (1.0,) * 3, np.eye(3)
    if reference is not None:
        origin, spacing = reference.GetOrigin(), reference.GetSpacing()
        direction = np.reshape(reference.GetDirection(), (3, 3))
    orientation = tuple(float(value) for value in direction[:, :2].T.ravel())
    return [
        replace(
            frame,
            position=tuple(origin),
            orientation=orientation,
            spacing=(spacing[1], spacing[0]),
        )
        for frame in frames
    ]


def _several_each(dataset: Dataset, count: int) -> bool:
    """Tell whether a segment has several frames, so that they are not all one picture."""
    if text(dataset, "SegmentationType") == "LABELMAP":
        return count > 1
    owners = _owners(dataset, count)
    return len(set(owners)) < len(owners)


def _names_series_of(reference: sitk.Image, dataset: Dataset) -> bool:
    """Tell whether a segmentation names the series that the image was read from."""
    if not reference.HasMetaDataKey(SERIES):
        return False
    named = [
        fingerprint(text(item, "SeriesInstanceUID"))
        for item in dataset.get("ReferencedSeriesSequence") or []
    ]
    return reference.GetMetaData(SERIES) in named


def _grid(
    frames: Sequence[Frame], reference: sitk.Image | None, drawn_here: bool, named: str
) -> tuple[sitk.Image, Placement]:
    """Choose the reference's grid if every frame is a slice of it, otherwise the frames' own."""
    cosines = np.array([frame.orientation for frame in frames])
    if np.abs(cosines - cosines[0]).max() > COSINE_TOLERANCE:
        raise CaseError(
            f"{named} mixes slices of different orientation; save the mask again on its image."
        )
    if reference is not None:
        placement = Placement.find(frames[0], reference, named)
        if (
            placement is not None
            and all(placement.holds(frame) for frame in frames)
            and placement.same_step(frames, drawn_here)
        ):
            return reference, placement
    grid = own_grid(frames, named)
    placement = Placement.find(frames[0], grid, named)
    if placement is None:
        raise CaseError(f"{named} has no usable pixel spacing; save the mask again on its image.")
    return grid, placement


_Members = Callable[[int], Iterator[tuple[int, NDArray[np.bool_]]]]


def _members(dataset: Dataset, stored: Pixels, threshold: float | None, path: Path) -> _Members:
    """Return a function from a segment's number to its frames: their index and pixels."""
    if text(dataset, "SegmentationType") == "LABELMAP":

        def of_label_map(segment_number: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
            for index, frame in enumerate(stored):
                if np.any(inside := frame == segment_number):
                    yield index, inside

        return of_label_map
    owners = _owners(dataset, len(stored))
    lowest = _lowest_value(dataset, stored, threshold, path)

    def of_segment(segment_number: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        for index, owner in enumerate(owners):
            if owner == segment_number:
                yield index, stored[index] >= lowest

    return of_segment


def _owners(dataset: Dataset, count: int) -> list[int]:
    """Return the number of the segment that each frame belongs to."""
    shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or [None] * count
    owners = []
    for own in frames:
        groups = [group for group in (own, *shared) if group is not None]
        found = next((g for g in groups if "SegmentIdentificationSequence" in g), None)
        if found is None:
            raise ValueError("a frame belongs to no segment")
        owners.append(int(found.SegmentIdentificationSequence[0].ReferencedSegmentNumber))
    return owners


def _lowest_value(dataset: Dataset, stored: Pixels, threshold: float | None, path: Path) -> float:
    """Return the smallest stored value that counts as ROI."""
    if text(dataset, "SegmentationType") != "FRACTIONAL":
        return 1
    full = number(dataset, "MaximumFractionalValue") or 255.0
    if bool(np.all((stored == 0) | (stored == full))):
        return full  # a binary mask in disguise
    if threshold is None:
        raise CaseError(
            f"The segmentation {quoted(path)} holds fractions, not voxels that are in or out; set"
            " 'masks.threshold' (0 to 1) to binarise it."
        )
    return max(threshold * full, 1)
