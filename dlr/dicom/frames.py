"""Where each frame of a DICOM file lies in the patient, and how its values are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlr.dicom.files import number, numbers

if TYPE_CHECKING:
    from pydicom import Dataset

FRAME_TAGS = (
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "SpacingBetweenSlices",
    "SliceThickness",
    "RescaleSlope",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""Elements that `frames_of` looks at."""


@dataclass(frozen=True)
class Frame:
    """One frame: a slice, or a radiograph.

    Attributes
    ----------
    path : Path
        File that holds it.
    index : int
        Its place in the file, from 0.
    rows, columns : int
        Size in pixels.
    position : tuple of float or None
        Centre of the first pixel, mm, patient coordinates (left, posterior, superior).
    orientation : tuple of float or None
        Direction cosines of a row, then of a column.
    spacing : tuple of float or None
        Distance between rows and between columns, mm.
    thickness : float or None
        Distance to the next slice where stated, otherwise the thickness, mm.
    step : float or None
        Distance to the next slice where stated, mm.
    slope, intercept : float
        What turns stored values into real ones.
    """

    path: Path
    index: int
    rows: int
    columns: int
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    thickness: float | None = None
    step: float | None = None
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def name(self) -> str:
        """Name of the file, with the number of the frame (from 1) where it is not the first."""
        return f"{self.path.name} (frame {self.index + 1})" if self.index else self.path.name


def frames_of(dataset: Dataset, path: Path) -> tuple[Frame, ...]:
    """List the frames of a file, in the order they are stored.

    Enhanced multi-frame files keep geometry and scaling in functional groups, one for all
    frames or one for each; older files keep them in plain elements. A film (older multi-frame
    objects such as ultrasound) has frames without a position.
    """
    count = int(number(dataset, "NumberOfFrames") or 1)
    if not 0 < count <= path.stat().st_size:
        raise ValueError("more frames than bytes: the number of frames is damaged")
    each = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    if len(each) or (len(shared) and "ImagePositionPatient" not in dataset):
        common = [shared[0]] if len(shared) else []
        own = [[group] for group in each] or [[]] * count
        return tuple(
            _frame(dataset, path, index, _Groups([*groups, *common]))
            for index, groups in enumerate(own)
        )
    plain = _Groups([])
    if count == 1:
        return (_frame(dataset, path, 0, plain),)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    return tuple(Frame(path, index, rows, columns) for index in range(count))


class _Groups:
    """Functional groups of one frame: its own first, then those shared by all."""

    def __init__(self, groups: list[Dataset]) -> None:
        self._groups = groups

    def find(self, sequence: str, dataset: Dataset) -> Dataset:
        """Return the item of a group, or the data set itself where the group is absent."""
        for group in self._groups:
            items = group.get(sequence)
            if items:
                item: Dataset = items[0]
                return item
        return dataset


def _frame(dataset: Dataset, path: Path, index: int, groups: _Groups) -> Frame:
    measures = groups.find("PixelMeasuresSequence", dataset)
    scaling = groups.find("PixelValueTransformationSequence", dataset)
    position = numbers(groups.find("PlanePositionSequence", dataset), "ImagePositionPatient")
    orientation = numbers(
        groups.find("PlaneOrientationSequence", dataset), "ImageOrientationPatient"
    )
    # A radiograph has the size of its pixels on the detector, or as scanned from film.
    spacing = (
        numbers(measures, "PixelSpacing")
        or numbers(dataset, "ImagerPixelSpacing")
        or numbers(dataset, "NominalScannedPixelSpacing")
    )
    step = number(measures, "SpacingBetweenSlices") or None
    slope, intercept = number(scaling, "RescaleSlope"), number(scaling, "RescaleIntercept")
    return Frame(
        path=path,
        index=index,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        position=position if len(position) == 3 else None,
        orientation=orientation if len(orientation) == 6 else None,
        spacing=spacing if len(spacing) == 2 and min(spacing) > 0 else None,
        thickness=step or number(measures, "SliceThickness"),
        step=step,
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
    )
