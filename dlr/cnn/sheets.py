"""Contact sheets of pictures with their activation maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_COLUMNS, _ROWS, _TILE, _CAPTION = 6, 5, 170, 26
_OPACITY = 0.45


def overlay(picture: NDArray[np.uint8], activation: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay a map in colour over a grey picture; where the map is 0 the picture stays grey.

    Parameters
    ----------
    picture : numpy.ndarray of uint8, shape (size, size)
    activation : numpy.ndarray, shape (size, size), in [0, 1]

    Returns
    -------
    numpy.ndarray of uint8, shape (size, size, 3)
    """
    from matplotlib import colormaps

    colours = 255 * colormaps["inferno"](activation)[..., :3]
    share = (_OPACITY * np.sqrt(activation))[..., None]
    return np.rint(picture[..., None] * (1 - share) + colours * share).astype(np.uint8)


def write_sheets(
    pictures: NDArray[np.uint8],
    maps: NDArray[np.float32],
    captions: Sequence[str],
    folder: Path,
    name: str,
    *,
    simulated: bool = False,
) -> list[Path]:
    """Write contact sheets of 30 pictures each, in the order given.

    Returns
    -------
    list of Path
        ``<name>_01.png``, ...
    """
    folder.mkdir(parents=True, exist_ok=True)
    per_sheet, paths = _COLUMNS * _ROWS, []
    for start in range(0, len(pictures), per_sheet):
        taken = range(start, min(start + per_sheet, len(pictures)))
        rows = -(-len(taken) // _COLUMNS)
        sheet = Image.new("RGB", (_COLUMNS * _TILE, rows * (_TILE + _CAPTION)), "white")
        pen = ImageDraw.Draw(sheet)
        for place, index in enumerate(taken):
            left = place % _COLUMNS * _TILE
            top = place // _COLUMNS * (_TILE + _CAPTION)
            tile = Image.fromarray(overlay(pictures[index], maps[index]))
            sheet.paste(tile.resize((_TILE - 4, _TILE - 4)), (left + 2, top + 2))
            pen.text((left + 3, top + _TILE - 1), captions[index], fill="black")
            if simulated:
                pen.text((left + 6, top + 4), "SIMULATED", fill="#ff6a3d")
        path = folder / f"{name}_{start // per_sheet + 1:02d}.png"
        sheet.save(path)
        paths.append(path)
    return paths
