"""A DICOM series, multi-frame file or radiograph as one volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from dlr.dicom.files import read_dataset
from dlr.dicom.pixels import Pixels, radiograph, rescaled, stored_frames
from dlr.dicom.references import fingerprint, parse_reference
from dlr.dicom.series import Series, find_series
from dlr.dicom.stack import Stack, stack_frames
from dlr.errors import CaseError
from dlr.safety.paths import quoted

FRAME_OF_REFERENCE = "dlr_frame_of_reference"
"""Entry of the volume that holds the fingerprint of its frame of reference."""


SERIES = "dlr_series"
"""Entry of the volume that holds the fingerprint of its series."""


def read_volume(path: str | Path) -> sitk.Image:
    """Read what a cell of the images table names as one volume.

    Parameters
    ----------
    path : str or Path
        ``file.dcm``, ``folder`` or ``folder#SERIES``; ``#window`` at the end applies the display
        window of a radiograph.

    Returns
    -------
    SimpleITK.Image
        Slices in order along their normal, rescaled; the array is (z, y, x). A radiograph is
        one slice in which high values are bright. Colour pictures have several components.

    Raises
    ------
    CaseError
        If the files make no volume: see `find_series`, `stack_frames` and `stored_frames`.
    MissingDependencyError
        If pydicom is not installed.
    """
    reference = parse_reference(path)
    series = find_series(reference)
    stack = stack_frames(series.frames, named(series, reference.path))
    pixels = _pixels(stack, reference.window)
    volume = sitk.GetImageFromArray(np.ascontiguousarray(pixels), isVector=pixels.ndim == 4)
    volume.SetSpacing(stack.spacing)
    volume.SetOrigin(stack.origin)
    volume.SetDirection(stack.direction)
    uids = {FRAME_OF_REFERENCE: series.headers[0].frame_of_reference_uid, SERIES: series.uid}
    for entry, uid in uids.items():
        if uid:
            volume.SetMetaData(entry, fingerprint(uid))
    return volume


def named(series: Series, path: Path) -> str:
    """Say in a message which series is meant."""
    if path.is_file():
        return f"The DICOM file {quoted(path)}"
    return f"The series #{fingerprint(series.uid)} in {quoted(path)}"


def _pixels(stack: Stack, window: bool) -> Pixels:
    """Decode every file once and put its frames where they belong."""
    places: dict[Path, list[tuple[int, int]]] = {}
    for place, frame in enumerate(stack.frames):
        places.setdefault(frame.path, []).append((place, frame.index))
    slices: dict[int, Pixels] = {}
    for path, wanted in places.items():
        dataset = read_dataset(path)
        stored = stored_frames(dataset, path)
        if len(stack.frames) == 1 and stored.ndim == 3:
            place, index = wanted[0]
            return radiograph(_at(stored, index, path), dataset, stack.frames[0], window, path)[
                np.newaxis
            ]
        _refuse_window(window, path)
        # A copy lets go of the frames that are not wanted.
        slices.update({place: _at(stored, index, path).copy() for place, index in wanted})
    _same_type(slices, stack)
    return rescaled([slices[place] for place in range(len(slices))], stack.frames)


def _at(stored: Pixels, index: int, path: Path) -> Pixels:
    if index >= len(stored):
        raise CaseError(
            f"The DICOM file {quoted(path)} has {len(stored)} frames where its header announces"
            " more; it was cut short: export it again."
        )
    frame: Pixels = stored[index]
    return frame


def _refuse_window(window: bool, path: Path) -> None:
    if window:
        raise CaseError(
            f"The file {quoted(path)} is part of a volume or holds colours, and '#window' is for"
            " grey radiographs; leave it out in the images table."
        )


def _same_type(slices: dict[int, Pixels], stack: Stack) -> None:
    channels = {pixels.ndim for pixels in slices.values()}
    if len(channels) > 1:
        raise CaseError(
            f"The folder {quoted(stack.frames[0].path.parent)} mixes grey and colour slices in one"
            " series; put the slices to be used in a folder of their own."
        )
