"""What the name of a file says: image or mask, which view and reader, and whose it is.

Names are cut into words (at ``_``, ``-``, ``.``, spaces and folders). Words that mean mask, reader
or view are taken out; what is left says whose the file is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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
_NNUNET = frozenset({"imagestr", "imagests"})
_CHANNEL = re.compile(r"^0\d{3}$")  # nnU-Net's channel number; elsewhere it is a subject's
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
    folders, own : tuple of str
        What is left of its folders' names and of its own: whose it is.
    """

    path: Path
    is_mask: bool
    view: str
    reader: str
    folders: tuple[str, ...]
    own: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All that is left, in order."""
        return (*self.folders, *self.own)

    @property
    def key(self) -> tuple[str, ...]:
        """The words, a folder's only where the name does not repeat them."""
        return (*(word for word in self.folders if word not in self.own), *self.own)

    @property
    def rest(self) -> tuple[str, ...]:
        """The words of its own name that no folder of it has."""
        return tuple(word for word in self.own if word not in self.folders)


def describe(path: Path) -> NamedFile:
    """Read a file's name and folders."""
    name = path.name
    suffix = next(s for s in SUFFIXES if name.lower().endswith(s))
    folders = [word for part in path.parts[:-1] for word in split_words(part)]
    own = split_words(name[: -len(suffix)])
    is_mask = suffix == ".seg.nrrd" or any(w.lower() in MASK_WORDS for w in [*own, *folders])
    if len(own) > 1 and _NNUNET & {word.lower() for word in folders} and _CHANNEL.match(own[-1]):
        own.pop()
    view = reader = ""
    left: list[list[str]] = [[], []]
    for number, word in enumerate([*folders, *own]):
        low = word.lower()
        if low in VIEW_WORDS:
            view = VIEW_WORDS[low]
        elif _READER.match(low):
            reader = low
        elif low not in MASK_WORDS | IMAGE_WORDS:
            left[number >= len(folders)].append(word)
    return NamedFile(path, is_mask, view, reader, tuple(left[0]), tuple(left[1]))


def split_words(text: str) -> list[str]:
    """Cut a name into its words."""
    return [word for word in _SPLIT.split(text) if word]
