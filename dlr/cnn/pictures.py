"""Reading one picture: PNG, JPG or DICOM to the grey 8-bit square that the network sees.

Whatever is wrong with a file is one :class:`dlr.errors.CaseError` that says what to do. Values
are never cut down silently: a picture of more than 8 bits needs a window.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dlr.cnn.settings import ClaheSettings, PictureSettings
from dlr.errors import CaseError, MissingDependencyError
from dlr.safety.paths import quoted

# ITU-R BT.601 luma, the weights every image viewer uses for 8-bit colour pictures.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
_COPY = "copy it again from the source"


def read_picture(path: str | Path, settings: PictureSettings) -> NDArray[np.uint8]:
    """Read and prepare one picture.

    In order: decode, grey, window to 8 bits, CLAHE, resize (antialiased) to a square.

    Parameters
    ----------
    path : str or Path
        PNG, JPG, BMP or TIFF; anything else is read as DICOM. Where low values are bright
        (MONOCHROME1) they are turned, so that high values are bright.
    settings : PictureSettings

    Returns
    -------
    numpy.ndarray of uint8, shape (size, size)

    Raises
    ------
    CaseError
        If the file is absent, empty, damaged, CMYK or of other colours, too small, of more
        than 8 bits without a window, or constant.
    """
    path = Path(path)
    grey = _windowed(decode(path, settings.colour), settings, path)
    if settings.clahe is not None:
        grey = equalise(grey, settings.clahe)
    return _square(grey, settings)


def decode(path: Path, colour: str) -> NDArray[Any]:
    """Return the grey values of a file as stored, (rows, columns)."""
    if not path.is_file():
        raise CaseError(
            f"the picture {quoted(path)} does not exist; correct the path in the images table"
            " (paths start from the table's folder) or add the file"
        )
    if path.stat().st_size == 0:
        raise CaseError(f"the picture {quoted(path)} is empty (0 bytes); {_COPY}")
    return _pillow(path, colour) if path.suffix.lower() in _PICTURES else _dicom(path)


def _pillow(path: Path, colour: str) -> NDArray[Any]:
    try:
        with Image.open(path) as picture:
            picture.load()
            if picture.mode == "CMYK":
                raise CaseError(
                    f"the picture {quoted(path)} holds printing colours (CMYK), whose grey values"
                    " are not those of the scan; export it again as greyscale"
                )
            coloured = picture.mode in ("P", "RGBA", "LA", "PA")
            values = np.asarray(picture.convert("RGB") if coloured else picture)
    except UnidentifiedImageError:
        raise CaseError(
            f"the picture {quoted(path)} is no picture, or its head is damaged; {_COPY}"
        ) from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise CaseError(f"the picture {quoted(path)} is damaged ({reason}); {_COPY}") from None
    return values if values.ndim == 2 else _grey(values, colour, path)


def _grey(values: NDArray[Any], colour: str, path: Path) -> NDArray[Any]:
    if bool(np.all(values == values[..., :1])):
        return values[..., 0]
    if colour == "luma":
        return np.rint(values[..., :3].astype(np.float32) @ _LUMA).astype(np.uint8)
    raise CaseError(
        f"the picture {quoted(path)} has colours; export it as greyscale, or set 'pictures.colour:"
        " luma'"
    )


def _dicom(path: Path) -> NDArray[Any]:
    import SimpleITK as sitk

    try:
        values = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError:
        raise CaseError(
            f"the picture {quoted(path)} is neither PNG, JPG nor readable DICOM; save it again in"
            " one of these formats"
        ) from None
    values = np.squeeze(values)
    if values.ndim != 2:
        raise CaseError(
            f"the picture {quoted(path)} holds {' x '.join(map(str, values.shape))} values, not one"
            " grey picture; export the one picture that was read"
        )
    # ITK itself turns MONOCHROME1 (low values are bright) within the range of the stored bits.
    return values


def _windowed(values: NDArray[Any], settings: PictureSettings, path: Path) -> NDArray[np.uint8]:
    """Bring the values to 8 bits by the declared window."""
    if min(values.shape) < settings.minimum_side:
        raise CaseError(
            f"the picture {quoted(path)} has {values.shape[1]} x {values.shape[0]} pixels, fewer"
            f" than pictures.minimum_side ({settings.minimum_side}); give the original picture"
        )
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise CaseError(
            f"the picture {quoted(path)} has the same value everywhere; check the export"
        )
    if settings.window == "none":
        if values.dtype == np.uint8:
            return values
        if values.dtype == np.bool_:
            return values.astype(np.uint8) * np.uint8(255)
        raise CaseError(
            f"the picture {quoted(path)} has more than 8 bits (values {low:g} to {high:g}); say"
            " which become black and white: 'pictures.window: percentile' or [low, high]"
        )
    if settings.window == "percentile":
        low, high = (float(v) for v in np.percentile(values, settings.percentiles))
    else:
        low, high = settings.window
    scaled = (values.astype(np.float32) - low) / max(high - low, 1e-6)
    shown = np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
    if shown.min() == shown.max():
        raise CaseError(
            f"the picture {quoted(path)} becomes one colour: its values ({values.min():g} to"
            f" {values.max():g}) lie outside 'pictures.window' ({low:g} to {high:g}); correct the"
            " window"
        )
    return shown


def equalise(grey: NDArray[np.uint8], settings: ClaheSettings) -> NDArray[np.uint8]:
    """Equalise the histogram locally with limited contrast (CLAHE, as in OpenCV).

    Raises
    ------
    MissingDependencyError
        If OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise MissingDependencyError.of("CLAHE", "OpenCV", "cnn") from None
    tiles = (settings.tiles, settings.tiles)
    equaliser = cv2.createCLAHE(clipLimit=settings.clip_limit, tileGridSize=tiles)
    return np.asarray(equaliser.apply(np.ascontiguousarray(grey)), dtype=np.uint8)


def _square(grey: NDArray[np.uint8], settings: PictureSettings) -> NDArray[np.uint8]:
    if settings.shape == "pad":
        rows, columns = grey.shape
        side = max(rows, columns)
        square = np.zeros((side, side), dtype=np.uint8)
        top, left = (side - rows) // 2, (side - columns) // 2
        square[top : top + rows, left : left + columns] = grey
        grey = square
    if grey.shape == (settings.size, settings.size):
        return np.ascontiguousarray(grey)
    resized = Image.fromarray(grey).resize((settings.size,) * 2, Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)
