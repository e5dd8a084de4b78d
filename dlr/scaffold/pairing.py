"""Images and masks below a folder, paired by their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW, read_images_table
from dlr.scaffold.matching import Matcher
from dlr.scaffold.names import SUFFIXES, describe
from dlr.scaffold.subjects import name_subjects


@dataclass(frozen=True)
class Pairing:
    """Images with their masks, and what has no partner.

    Parameters
    ----------
    images : pandas.DataFrame
        ``subject_id``, ``image``, ``mask``, ``view``, ``reader``; one row per mask.
    unmatched : pandas.DataFrame
        ``file`` and ``reason``.
    """

    images: pd.DataFrame
    unmatched: pd.DataFrame


def pair_files(folder: Path) -> Pairing:
    """Find images and masks below a folder and pair them.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Pairing
        Paths are relative to `folder`, with forward slashes.
    """
    files = [describe(path.relative_to(folder)) for path in sorted(_image_files(folder))]
    images = [item for item in files if not item.is_mask]
    rows, unmatched, used = [], [], set()
    matcher = Matcher([item for item in files if item.is_mask], images)
    for mask in matcher.masks:
        image, reason = matcher.image_of(mask)
        if image is None:
            unmatched.append((mask.path.as_posix(), reason))
            continue
        used.add(image.path)
        view = image.view or mask.view
        rows.append([image, image.path.as_posix(), mask.path.as_posix(), view, mask.reader])
    unmatched += [
        (item.path.as_posix(), "no mask has its name; name it like the image, with '_mask' added")
        for item in images
        if item.path not in used
    ]
    table = pd.DataFrame(rows, columns=["subject_id", "image", "mask", "view", "reader"])
    table["subject_id"] = name_subjects(list(table["subject_id"]))
    table = table.sort_values(["subject_id", "view", "reader"], kind="stable", ignore_index=True)
    return Pairing(table, pd.DataFrame(unmatched, columns=["file", "reason"]))


def read_pairing(path: Path) -> Pairing:
    """Take the pairs from an ``images.csv`` that is there already, as `dlr import` writes it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Pairing
        With all columns of the table; nothing is unmatched.
    """
    table = read_images_table(path).drop(columns=ROW)
    return Pairing(table, pd.DataFrame(columns=["file", "reason"]))


def _image_files(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.name.lower().endswith(SUFFIXES) and path.is_file() and not hidden:
            yield path
