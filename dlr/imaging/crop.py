"""The picture of an ROI that a network sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CROP_SIZE = 224  # pixels on each side, the input of the usual ImageNet networks
_WINDOW = (1.0, 99.0)  # percentiles of the slice shown as black and white


def roi_crop(
    pixels: NDArray[np.floating],
    roi: NDArray[np.bool_],
    spacing_mm: tuple[float, float],
    margin_mm: float = 10.0,
    size: int = CROP_SIZE,
) -> NDArray[np.float32]:
    """Cut a square around an ROI out of one slice and scale it for a network.

    The square is centred on the ROI's bounding box; its side is the box's longer side plus
    the margin at both ends, measured in mm, so proportions are those of the body. Beyond the
    slice's border its outermost pixels are repeated. Intensities are limited to the 1st and
    99th percentile of the whole slice, which become 0 and 1. Resizing is bilinear, with
    averaging where the picture shrinks.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns)
        The slice.
    roi : ndarray of bool, shape (rows, columns)
        The ROI in it; at least one pixel.
    spacing_mm : tuple of float
        Distance between rows and between columns, in mm.
    margin_mm : float
        Margin around the ROI, in mm.
    size : int
        Rows and columns of the result.

    Returns
    -------
    ndarray of float32, shape (size, size)
        Values in [0, 1]; all zero where the slice is constant.
    """
    spans = [np.flatnonzero(roi.any(axis=1 - axis)) for axis in (0, 1)]
    edges = [(float(span[0]), float(span[-1] + 1)) for span in spans]
    longest = max((high - low) * step for (low, high), step in zip(edges, spacing_mm, strict=True))
    side = longest + 2 * margin_mm
    box = [
        ((low + high) / 2 - side / step / 2, (low + high) / 2 + side / step / 2)
        for (low, high), step in zip(edges, spacing_mm, strict=True)
    ]
    (top, bottom), (left, right) = box
    before = [max(0, int(np.ceil(-low))) for low, _ in box]
    after = [
        max(0, int(np.ceil(high - extent)))
        for (_, high), extent in zip(box, roi.shape, strict=True)
    ]
    # Only what the square needs is windowed and padded; slices can be large.
    padded = np.pad(_windowed(pixels), list(zip(before, after, strict=True)), mode="edge")
    picture = Image.fromarray(padded).resize(
        (size, size),
        Image.Resampling.BILINEAR,
        box=(left + before[1], top + before[0], right + before[1], bottom + before[0]),
    )
    return np.clip(np.asarray(picture, dtype=np.float32), 0.0, 1.0)


def _windowed(pixels: NDArray[np.floating]) -> NDArray[np.float32]:
    """Map the slice's percentile window to [0, 1]."""
    values = np.asarray(pixels, dtype=np.float64)
    low, high = np.percentile(values, _WINDOW)
    if high <= low:  # a small object on an empty slice lies beyond the percentiles
        low, high = values.min(), values.max()
    if high <= low:
        return np.zeros(values.shape, dtype=np.float32)
    return np.clip((values - low) / (high - low), 0.0, 1.0).astype(np.float32)
