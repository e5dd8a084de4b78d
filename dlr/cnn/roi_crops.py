"""Rectangles around a disc, cut from sagittal MRI with a margin in millimetres (system 5)."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image

from dlr.cohort.tables import ROW, read_images_table
from dlr.errors import CaseError, Fault, InputError
from dlr.imaging import check_geometry, largest_slice, read_image, read_mask, reformat
from dlr.progress import Progress, silent
from dlr.safety.spreadsheets import write_csv_table
from dlr.settings import MaskSettings

_WINDOW = (1.0, 99.0)  # percentiles of the slice that become black and white
_MASKS = MaskSettings()


@dataclass(frozen=True, eq=False)
class DiscCrops:
    """Crops written as PNG.

    Attributes
    ----------
    images : pandas.DataFrame
        The new ``images.csv``: ``subject_id``, ``roi``, ``view``, ``image`` and ``mask``.
    failures : pandas.DataFrame
        ``subject_id``, ``roi``, ``row``, ``reason``.
    """

    images: pd.DataFrame
    failures: pd.DataFrame


def disc_crop(
    image: sitk.Image,
    mask: sitk.Image,
    above_below_mm: float = 10.0,
    front_back_mm: float = 5.0,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Cut the rectangle around a disc from the sagittal slice with its largest area.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        A volume and its binary mask, of the same geometry.
    above_below_mm : float
        Margin above and below the disc; published: 8 to 12 mm.
    front_back_mm : float
        Margin in front and behind.

    Returns
    -------
    crop, mask : numpy.ndarray of uint8, shape (rows, columns)
        Pixels as large as the scan's own, head up, front on the left; the slice's 1st to 99th
        percentile become black and white. The mask is 0 or 255.
    """
    flat_image, flat_mask = reformat(image, mask, "sagittal", None)
    index = largest_slice(flat_mask)
    grey = sitk.GetArrayFromImage(flat_image)[index].astype(np.float64)
    roi = sitk.GetArrayFromImage(flat_mask)[index] > 0
    spacing = flat_image.GetSpacing()
    rows = _range(roi.any(axis=1), above_below_mm / spacing[1])
    columns = _range(roi.any(axis=0), front_back_mm / spacing[0])
    low, high = np.percentile(grey, _WINDOW)
    scaled = np.clip((grey - low) / max(high - low, 1e-9), 0, 1)
    crop = np.rint(255 * scaled[rows, columns]).astype(np.uint8)
    return crop, (255 * roi[rows, columns]).astype(np.uint8)


def _range(present: NDArray[np.bool_], margin: float) -> slice:
    places = np.flatnonzero(present)
    first = max(0, int(places[0] - np.floor(margin)))
    return slice(first, min(len(present), int(places[-1] + np.floor(margin)) + 1))


def write_disc_crops(
    images: str | Path,
    out: str | Path,
    image_root: str | Path | None = None,
    above_below_mm: float = 10.0,
    front_back_mm: float = 5.0,
    size: int | None = 224,
    progress: Progress = silent,
    masks: MaskSettings = _MASKS,
    view: str | None = None,
    not_reader: str | None = None,
) -> DiscCrops:
    """Cut every ROI of a radiomics ``images.csv`` into a PNG for a CNN study.

    Parameters
    ----------
    images : path
        Volumes and masks, one row per disc, as for radiomics.
    out : path
        Gets the pictures, their masks, ``images.csv`` and ``failures.csv``.
    image_root : path, optional
        Folder the paths start from; that of `images` if left out.
    above_below_mm, front_back_mm : float
        Margins.
    size : int or None
        Pixels per side, by stretching as published; None keeps the scan's pixels.
    progress : callable
    masks : MaskSettings
        How masks are read, as in a radiomics study.
    view : str, optional
        Take only the rows of this view, where the table also lists other planes.
    not_reader : str, optional
        Leave out the rows of this (second) reader.

    Returns
    -------
    DiscCrops
        Discs that cannot be cut are listed, never lost silently.

    Raises
    ------
    InputError
        If the table is faulty, or has no row of `view`.
    """
    table = _chosen(Path(images), view, not_reader)
    root, out = Path(image_root or Path(images).parent), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    taken: dict[str, int] = {}
    for done, row in enumerate(table.astype(object).to_dict("records"), 1):
        name = _file_name(row)
        who = {"subject_id": row["subject_id"], "roi": row["roi"]}
        try:
            if name in taken:
                raise CaseError(
                    f"the disc was already cut from row {taken[name]}; keep one row (one reader) "
                    "per disc and view"
                )
            crop, mask = _cut(row, root, above_below_mm, front_back_mm, masks)
        except CaseError as error:
            failures.append({**who, "row": row[ROW], "reason": str(error)})
        else:
            taken[name] = row[ROW]
            _save(crop, out / f"{name}.png", size, Image.Resampling.BILINEAR)
            _save(mask, out / f"{name}_mask.png", size, Image.Resampling.NEAREST)
            where = {"image": f"{name}.png", "mask": f"{name}_mask.png"}
            rows.append({**who, "view": row["view"], **where})
        progress("disc crops", done, len(table))
    written = pd.DataFrame(rows, columns=["subject_id", "roi", "view", "image", "mask"])
    write_csv_table(written, out / "images.csv")
    failed = pd.DataFrame(failures, columns=["subject_id", "roi", "row", "reason"])
    write_csv_table(failed, out / "failures.csv")
    return DiscCrops(written, failed)


def _chosen(path: Path, view: str | None, not_reader: str | None) -> pd.DataFrame:
    """Read the table and keep the rows asked for."""
    table = read_images_table(path)
    if not_reader is not None:
        table = table[table["reader"] != not_reader]
    if view is not None:
        known = ", ".join(sorted(set(table["view"]) - {""})) or "none"
        table = table[table["view"] == view]
        if table.empty:
            message = f"no row has view '{view}'; the column holds: {known}"
            raise InputError([Fault(message, path, column="view", code="no-view")])
    return table


def _file_name(row: dict[Hashable, Any]) -> str:
    """Name a crop by patient, disc and view; signs that no file name should have become "_"."""
    name = "_".join(filter(None, (row["subject_id"], row["roi"], row["view"])))
    return re.sub(r"[^\w.-]", "_", name)


def _cut(
    row: dict[Hashable, Any],
    root: Path,
    above_below_mm: float,
    front_back_mm: float,
    settings: MaskSettings,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    image_path, mask_path = root / row["image"], root / row["mask"]
    image = read_image(image_path, settings.rgb)
    label = int(row["mask_label"]) if row["mask_label"] else None
    mask = read_mask(mask_path, label, row["mask_segment"] or None, settings, image)
    mask = check_geometry(image, mask, settings, image_path, mask_path)
    return disc_crop(image, mask, above_below_mm, front_back_mm)


def _save(picture: NDArray[np.uint8], path: Path, size: int | None, how: Image.Resampling) -> None:
    image = Image.fromarray(picture)
    (image if size is None else image.resize((size, size), how)).save(path)
