"""Pixel values of DICOM files: decompression, rescaling, inverted radiographs, windows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlr.dicom.files import number, numbers, pydicom_package, reading, text
from dlr.dicom.frames import Frame
from dlr.errors import CaseError, install_hint
from dlr.safety.paths import quoted

if TYPE_CHECKING:
    from pydicom import Dataset

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# Modalities whose values are measurements: MONOCHROME1 says how to show them, not what they are.
_MEASURED = {"CT", "MR", "PT", "NM"}
_READABLE = frozenset({
    "1.2.840.10008.1.2.4.50",  # JPEG baseline
    "1.2.840.10008.1.2.4.51",  # JPEG extended
    "1.2.840.10008.1.2.4.57",  # JPEG lossless
    "1.2.840.10008.1.2.4.70",  # JPEG lossless, first order
    "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201",  # high-throughput JPEG 2000
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
})  # fmt: skip
"""Compressions that the packages of the extra ``dicom`` read."""

Pixels = NDArray[Any]


def stored_frames(dataset: Dataset, path: Path, colours: bool = True) -> Pixels:
    """Return the values as stored: (frames, rows, columns), with channels last for colour.

    Bits beyond BitsStored, where old scanners kept overlays, are cleared.

    Parameters
    ----------
    dataset : pydicom.Dataset
    path : Path
        Its file, for messages.
    colours : bool
        Turn indices of a palette into the colours they stand for.

    Raises
    ------
    CaseError
        If there are no pixels, their compression cannot be read (the message names it and the
        package that reads it), or they are damaged.
    """
    if not any(name in dataset for name in _PIXELS):
        raise CaseError(
            f"The DICOM file {quoted(path)} has a header but no pixels; it was exported without"
            " them: export it again with its images."
        )
    check_transfer_syntax(dataset, path)
    with reading(path):
        # Unused bits are those of the indices: the colours of a palette have bits of their own.
        pixels = _clear_unused_bits(np.asarray(dataset.pixel_array), dataset)
        if colours and text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
            pixels = pydicom_package().pixels.apply_color_lut(pixels, dataset)
        several = int(number(dataset, "NumberOfFrames") or 1) > 1
        return pixels if several else pixels[np.newaxis]


def check_transfer_syntax(dataset: Dataset, path: Path) -> None:
    """Refuse a compression that no installed package reads.

    Raises
    ------
    CaseError
        Naming the transfer syntax and, where there is one, the package to install.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    with reading(path):
        plain = not syntax.is_compressed
    if plain:
        return
    remedy = "decompress it in the PACS or with dcmtk before"
    try:
        decoder = pydicom_package().pixels.get_decoder(syntax)
        readable = decoder.is_available
    except NotImplementedError:
        readable = False
    else:
        if str(syntax) in _READABLE:
            remedy = f"get its reader with: {install_hint('dicom')}"
    if not readable:
        raise CaseError(
            f"The DICOM file {quoted(path)} is compressed as '{syntax.name}' ({syntax}), which no"
            f" installed package reads; {remedy}."
        )


def rescaled(stored: Sequence[Pixels], frames: Sequence[Frame]) -> Pixels:
    """Apply slope and intercept of every frame.

    Values stay as stored where nothing is to be rescaled, whole numbers stay whole (int16, or
    int32 where needed), everything else is float64.

    Returns
    -------
    ndarray, shape (frames, rows, columns[, channels])
    """
    pixels = np.stack(list(stored))
    slopes = np.array([frame.slope for frame in frames])
    intercepts = np.array([frame.intercept for frame in frames])
    if bool(np.all(slopes == 1) and np.all(intercepts == 0)):
        return pixels
    shape = (-1,) + (1,) * (pixels.ndim - 1)
    factors = np.concatenate([slopes, intercepts])
    whole = np.issubdtype(pixels.dtype, np.integer) and bool(np.all(factors == np.rint(factors)))
    if not whole:
        return pixels * slopes.reshape(shape) + intercepts.reshape(shape)
    wide = pixels.astype(np.int64) * slopes.astype(np.int64).reshape(shape)
    wide += intercepts.astype(np.int64).reshape(shape)
    low, high = int(wide.min()), int(wide.max())
    for dtype in (np.int16, np.int32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return wide.astype(dtype)
    return wide


def radiograph(stored: Pixels, dataset: Dataset, frame: Frame, window: bool, path: Path) -> Pixels:
    """Return the values of a single picture: rescaled, windowed if asked, high values bright.

    Parameters
    ----------
    stored : ndarray, shape (rows, columns)
        As stored.
    dataset : pydicom.Dataset
        Its header, with a window or look-up tables as the case may be.
    frame : Frame
        Its slope and intercept.
    window : bool
        Apply the first display window (VOI LUT) of the header.
    path : Path
        Named in messages.

    Raises
    ------
    CaseError
        If a window is asked for and the header has none.
    """
    inverted = shown_inverted(dataset)
    with reading(path):
        lookup = bool(dataset.get("ModalityLUTSequence"))
        if not lookup and not window:
            stored = _inverted(stored, *_stored_range(stored, dataset)) if inverted else stored
            return rescaled([stored], [frame])[0]
        pydicom = pydicom_package()
        values = pydicom.pixels.apply_modality_lut(stored, dataset)
        if window:
            values = _windowed(values, dataset, path)
        # The end of the scale that is shown brightest, so that all pictures of a study agree.
        return _inverted(values, *_shown_range(dataset, frame)) if inverted else values


def shown_inverted(dataset: Dataset) -> bool:
    """Tell whether low values are bright (MONOCHROME1) in a picture that is only looked at."""
    measured = text(dataset, "Modality") in _MEASURED
    return text(dataset, "PhotometricInterpretation") == "MONOCHROME1" and not measured


def _inverted(values: Pixels, low: float, high: float) -> Pixels:
    if np.issubdtype(values.dtype, np.integer):
        return (int(low) + int(high) - values.astype(np.int64)).astype(values.dtype)
    return low + high - values


def _stored_range(stored: Pixels, dataset: Dataset) -> tuple[int, int]:
    """Return the smallest and largest value that the stored bits can hold."""
    bits = int(number(dataset, "BitsStored") or 8 * stored.dtype.itemsize)
    if np.issubdtype(stored.dtype, np.signedinteger):
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def _shown_range(dataset: Dataset, frame: Frame) -> tuple[float, float]:
    """Return the range that look-up tables and windows bring values to."""
    tables = dataset.get("VOILUTSequence") or dataset.get("ModalityLUTSequence")
    if tables:
        return 0.0, float((1 << int(numbers(tables[0], "LUTDescriptor")[2])) - 1)
    bits = int(number(dataset, "BitsStored") or 16)
    signed = bool(number(dataset, "PixelRepresentation"))
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return low * frame.slope + frame.intercept, high * frame.slope + frame.intercept


def _windowed(values: Pixels, dataset: Dataset, path: Path) -> Pixels:
    if not dataset.get("VOILUTSequence") and number(dataset, "WindowCenter") is None:
        raise CaseError(
            f"The DICOM file {quoted(path)} has no display window; leave out '#window' in the"
            " images table."
        )
    windowed: Pixels = pydicom_package().pixels.apply_voi_lut(values, dataset, index=0)
    return windowed


def _clear_unused_bits(pixels: Pixels, dataset: Dataset) -> Pixels:
    if not np.issubdtype(pixels.dtype, np.integer):
        return pixels
    unused = 8 * pixels.dtype.itemsize - int(number(dataset, "BitsStored") or 0)
    if not 0 < unused < 8 * pixels.dtype.itemsize or pixels.dtype.itemsize == 1:
        return pixels
    # Shifting up and down again fills the upper bits with zeros, or with the sign.
    return (pixels << unused) >> unused
