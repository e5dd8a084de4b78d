"""Which file is an image, which a mask, and which mask belongs to which image: told by names.

Names are cut into words (at ``_``, ``-``, ``.``, spaces and folders). Words that mean mask, reader
or view are taken out; what is left says whose the file is. A mask belongs to the image with the
same words left; failing that, to the only image that shares its folder and subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlr.cohort.tables import ROW, read_images_table

SUFFIXES = (
    ".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".mha", ".mhd", ".png", ".jpg", ".jpeg",
)  # fmt: skip
MASK_WORDS = frozenset({
    "mask", "masks", "seg", "segs", "segmentation", "segmentations", "roi", "rois", "label",
    "labels", "labelstr", "labelsts", "lesion", "contour", "contours", "gt", "groundtruth",
    "annotation", "annotations",
})  # fmt: skip
IMAGE_WORDS = frozenset({
    "image", "images", "img", "imgs", "scan", "scans", "volume", "imagestr", "imagests", "data",
})  # fmt: skip
VIEW_WORDS = {
    "sag": "sag", "sagittal": "sag", "axi": "axi", "axial": "axi", "ax": "axi", "tra": "axi",
    "transversal": "axi", "transverse": "axi", "cor": "cor", "coronal": "cor",
}  # fmt: skip
_READER = re.compile(r"^(?:r|reader|rater|observer|obs)(\d+|[ab])$")
_CHANNEL = re.compile(r"^0\d{3}$")  # nnU-Net's channel number
_SPLIT = re.compile(r"[_\-. ]+")


@dataclass(frozen=True)
class NamedFile:
    """A file and what its name says.

    Parameters
    ----------
    path : Path
        Relative to the folder that was searched.
    is_mask : bool
    view, reader : str
        Empty where the name says nothing.
    words : tuple of str
        What is left of the name: whose it is.
    """

    path: Path
    is_mask: bool
    view: str
    reader: str
    words: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Words in any order, for comparing an image with its mask."""
        return tuple(sorted(set(self.words)))


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
    for mask in (item for item in files if item.is_mask):
        image, reason = _image_of(mask, images)
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
    table["subject_id"] = _subjects(list(table["subject_id"]))
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


def describe(path: Path) -> NamedFile:
    """Read a file's name and folders."""
    name = path.name
    suffix = next(s for s in SUFFIXES if name.lower().endswith(s))
    stem = name[: -len(suffix)]
    own = [word for word in _SPLIT.split(stem) if word]
    folders = [word for part in path.parts[:-1] for word in _SPLIT.split(part) if word]
    is_mask = suffix == ".seg.nrrd" or any(w.lower() in MASK_WORDS for w in [*own, *folders])
    view = reader = ""
    left = []
    for number, word in enumerate([*folders, *own]):
        low = word.lower()
        if low in VIEW_WORDS:
            view = VIEW_WORDS[low]
        elif _READER.match(low):
            reader = low
        elif low not in MASK_WORDS | IMAGE_WORDS and not (number and _CHANNEL.match(low)):
            left.append(word)
    return NamedFile(path, is_mask, view, reader, tuple(left))


def _image_files(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.name.lower().endswith(SUFFIXES) and path.is_file() and not hidden:
            yield path


def _image_of(mask: NamedFile, images: list[NamedFile]) -> tuple[NamedFile | None, str]:
    """Return the image a mask belongs to, or why none does."""
    same = [item for item in images if item.key == mask.key]
    same = [item for item in same if item.view == mask.view] or same
    if len(same) == 1:
        return same[0], ""
    if len(same) > 1:
        return None, f"{len(same)} images have its name ({same[0].path}, {same[1].path})"
    near = [item for item in images if item.path.parent == mask.path.parent]
    near = [item for item in near if item.view == mask.view] or near
    if len(near) == 1 and mask.path.parent != Path():
        return near[0], ""
    longer = [i for i in images if set(i.key) <= set(mask.key) and i.view in ("", mask.view)]
    if longer:
        most = max(len(item.key) for item in longer)
        best = [item for item in longer if len(item.key) == most and most]
        if len(best) == 1:
            return best[0], ""
    return None, "no image has its name; name it like its image, with '_mask' added"


def _subjects(images: list[NamedFile]) -> list[str]:
    """Name the subjects: by their folders where each has one, by the words all files differ in."""
    if not images:
        return []
    folders = [item.path.parts[:-1] for item in images]
    depth = min(len(parts) for parts in folders)
    for level in range(depth):
        names = [parts[level] for parts in folders]
        if _names_subjects(names, images):
            return names
    common = set.intersection(*(set(item.words) for item in images)) if len(images) > 1 else set()
    return [
        "-".join(word for word in item.words if word not in common) or "-".join(item.words)
        for item in images
    ]


def _names_subjects(names: list[str], images: list[NamedFile]) -> bool:
    """Tell whether the folders of one level are one per subject, not one per kind or cohort."""
    if any(word.lower() in MASK_WORDS | IMAGE_WORDS | set(VIEW_WORDS) for word in names):
        return False
    files: dict[str, set[str]] = {}
    for name, item in zip(names, images, strict=True):
        files.setdefault(name, set()).add(item.path.name)
    # Few images each (views, sessions), and more folders than a study has cohorts.
    return (
        len(files) > 1
        and max(len(found) for found in files.values()) <= max(6, len(files) // 10)
        and len(files) * 8 >= len({item.path for item in images})
    )
