"""ROIs of a DICOM object as one label map, described as 3D Slicer describes its segments.

`dlr.imaging` chooses among segments of ``.seg.nrrd`` files by entries of their header; ROIs
from DICOM get the same entries, so the same code chooses among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

PROBLEM = "Problem"
"""Name of the entry that says why an ROI cannot be used."""

SHOWN = "Shown"
"""Name of the entry that holds an ROI's name as messages may tell it."""


@dataclass(frozen=True)
class Roi:
    """One ROI of a file.

    Attributes
    ----------
    number : int
        Its number in the file, which `mask_label` names.
    name : str
        Its name, which `mask_segment` names.
    voxels : ndarray of bool or None
        On the grid of the label map; None where it was not asked for or has a problem.
    shown : str
        Its name as messages may tell it, see `dlr.dicom.privacy`.
    problem : str
        One sentence that says why the ROI cannot be used; ``""`` if it can.
    """

    number: int
    name: str
    shown: str
    voxels: NDArray[np.bool_] | None = None
    problem: str = ""


def wanted(number: int, name: str, label: int | None, segment: str | None) -> bool:
    """Tell whether an ROI may be the one that is asked for; all may if none is."""
    if segment is not None:
        return segment in (name, str(number))
    return label is None or number == label


def label_map(rois: Sequence[Roi], grid: sitk.Image) -> sitk.Image:
    """Put ROIs into as few layers as hold them without overlap.

    Returns
    -------
    SimpleITK.Image
        Unsigned integers, one component per layer, on the grid of `grid`.
    """
    widest = max((roi.number for roi in rois), default=0)
    dtype = np.min_scalar_type(max(widest, 1))
    shape = grid.GetSize()[::-1]
    layers: list[NDArray[np.unsignedinteger]] = [np.zeros(shape, dtype)]
    places = []
    for roi in rois:
        place = 0
        if roi.voxels is not None and roi.voxels.any():
            voxels = roi.voxels
            free = (n for n, layer in enumerate(layers) if not np.any(layer[voxels]))
            place = next(free, len(layers))
            if place == len(layers):
                layers.append(np.zeros(shape, dtype))
            layers[place][voxels] = roi.number
        places.append(place)
    several = len(layers) > 1
    result = sitk.GetImageFromArray(
        np.stack(layers, axis=-1) if several else layers[0], isVector=several
    )
    result.CopyInformation(grid)
    for index, (roi, place) in enumerate(zip(rois, places, strict=True)):
        entries = {
            "ID": f"Segment_{index}",
            "Name": roi.name,
            "LabelValue": str(roi.number),
            "Layer": str(place),
            SHOWN: roi.shown,
            PROBLEM: roi.problem,
        }
        for key, value in entries.items():
            result.SetMetaData(f"Segment{index}_{key}", value)
    return result
