"""The local entropy of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlr.errors import DlrError


def local_entropy(picture: ArrayLike, radius: int = 5) -> NDArray[np.float64]:
    """Return the entropy of the grey values around every pixel.

    High where the neighbourhood is varied (edges, texture), 0 where it is uniform.

    Parameters
    ----------
    picture : array_like of shape (rows, columns)
        Whole numbers from 0 to 255, or other numbers in [0, 1], which are brought to 256 levels.
    radius : int
        Radius of the disc-shaped neighbourhood in pixels; beyond the border there is nothing.

    Returns
    -------
    ndarray of shape (rows, columns)
        In bits: -sum(p log2 p) over the shares p of the grey levels in the neighbourhood
        (Shannon, Bell Syst Tech J 27:379-423, 1948), as ``skimage.filters.rank.entropy``.

    Raises
    ------
    DlrError
        If the picture is empty, has not two axes or values out of range, or the radius is below
        1.
    """
    grey = _levels(np.asarray(picture))
    if radius < 1:
        raise DlrError(f"the radius of the local entropy must be at least 1, got {radius}")
    rows, columns = grey.shape
    padded = np.pad(grey, radius, constant_values=-1)
    dy, dx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = np.argwhere(dy**2 + dx**2 <= radius**2)
    around = np.stack([padded[y : y + rows, x : x + columns].ravel() for y, x in disc], axis=1)
    around.sort(axis=1)
    inside = around >= 0
    # Every run of equal values in a sorted row is one grey level; runs are counted all at once.
    starts = np.ones_like(inside)
    starts[:, 1:] = around[:, 1:] != around[:, :-1]
    first = np.flatnonzero(starts)
    length = np.diff(np.append(first, starts.size)).astype(float)
    length[~inside.ravel()[first]] = 1.0  # what lies outside counts for nothing: 1 log 1 = 0
    pixel = first // around.shape[1]
    inner = np.bincount(pixel, weights=length * np.log2(length), minlength=len(around))
    total = inside.sum(axis=1)
    entropy: NDArray[np.float64] = np.log2(total) - inner / total
    return np.maximum(entropy, 0.0).reshape(rows, columns)


def _levels(picture: NDArray[np.generic]) -> NDArray[np.int16]:
    if picture.ndim != 2 or not picture.size:
        raise DlrError(f"the local entropy needs a picture of two axes, got {picture.shape}")
    whole = np.issubdtype(picture.dtype, np.integer)
    values = picture.astype(float) if whole else picture.astype(float) * 255
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 255 + 1e-6:
        raise DlrError(
            "the local entropy needs whole numbers from 0 to 255 or other numbers from 0 to 1; "
            "window the picture first"
        )
    return np.rint(values).astype(np.int16)
