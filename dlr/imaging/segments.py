"""Segments of a mask: what the entries of its header say, and which one is meant.

3D Slicer describes the segments of a ``.seg.nrrd`` file by such entries; ROIs of DICOM objects get
the same (`dlr.dicom.labels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from dlr.dicom.privacy import safe_roi_name
from dlr.errors import CaseError
from dlr.safety.paths import quoted
from dlr.wording import first_few

_SHOWN = 20  # values or names listed in one message


@dataclass(frozen=True)
class Segment:
    """One segment of a 3D Slicer segmentation, as its NRRD header describes it.

    `shown` is its name as messages may tell it: without patients' names and dates.
    """

    name: str
    value: int
    layer: int
    shown: str
    problem: str = ""


def listing(values: list[int] | list[str]) -> str:
    """List values or names for a message, not more than anybody reads."""
    return first_few(values, _SHOWN)


def segments_of(label_map: sitk.Image) -> list[Segment]:
    """Read the segments from the entries ``Segment<N>_Name``, ``_LabelValue``, ``_Layer``."""
    found = []
    index = 0
    while label_map.HasMetaDataKey(f"Segment{index}_ID"):
        prefix = f"Segment{index}_"
        entry = {
            key: label_map.GetMetaData(prefix + key)
            for key in ("ID", "Name", "LabelValue", "Layer", "Shown", "Problem")
            if label_map.HasMetaDataKey(prefix + key)
        }
        name = entry.get("Name", entry["ID"])
        value = _whole(entry.get("LabelValue", "1"), f"{prefix}LabelValue")
        found.append(
            Segment(
                name=name,
                value=value,
                # Files of Slicer before 4.11 have one component per segment and no layers.
                layer=_whole(entry.get("Layer", str(index)), f"{prefix}Layer"),
                # A DICOM header tells the patient's name, so that it can be looked for in an ROI's.
                shown=entry.get("Shown") or safe_roi_name(name, value),
                # Why an ROI of a DICOM structure set could not be rasterised.
                problem=entry.get("Problem", ""),
            )
        )
        index += 1
    return found


def _whole(text: str, entry: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise CaseError(
            f"The mask's header says {entry} '{text[:40]}', which is no whole number; save the"
            " segmentation again from the program that made it."
        ) from None


def choose_segment(
    segments: list[Segment], label: int | None, segment: str | None, path: Path
) -> Segment:
    """Return the one segment of this label or name; the only one where neither is given.

    Parameters
    ----------
    segments : list of Segment
    label, segment : int or str, optional
        Value of the segment; its name, or its value as text.
    path : Path
        The mask, for messages.

    Raises
    ------
    CaseError
        If none or several fit; those present are listed.
    """
    names = listing([f"'{each.shown}' (label {each.value})" for each in segments])
    if segment is not None:
        fits = [each for each in segments if each.name == segment]
        fits = fits or [each for each in segments if str(each.value) == segment]
        wanted = f"segment '{segment}'"
    elif label is not None:
        fits = [each for each in segments if each.value == label]
        wanted = f"label {label}"
    else:
        fits, wanted = segments, "one segment"
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise CaseError(
            f"The mask {quoted(path)} has no {wanted}; segments present: {names}; correct"
            " 'mask_segment' (or 'mask_label') in the images table."
        )
    raise CaseError(
        f"The mask {quoted(path)} holds {len(fits)} segments where {wanted} is to be found:"
        f" {names}; name one in the column 'mask_segment' of the images table."
    )


def layer_of(label_map: sitk.Image, layer: int, path: Path) -> sitk.Image:
    """Return the layer that holds a segment; a map of one component is one.

    Raises
    ------
    CaseError
        If there is no such layer.
    """
    count = label_map.GetNumberOfComponentsPerPixel()
    if count == 1:
        return label_map
    if not 0 <= layer < count:
        raise CaseError(
            f"The mask {quoted(path)} has {count} layers, and its header puts the segment into"
            f" layer {layer} (from 0); save the segmentation again from the program that made it."
        )
    return sitk.VectorIndexSelectionCast(label_map, layer)
