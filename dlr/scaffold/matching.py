"""Which image a mask belongs to: told by names, and left open where they do not tell.

A mask belongs to the image with the same words, in the same order; failing that, to the image with
whose words its own begin; failing that, to the only image of its folder, unless either name may be
another's. What remains is listed, not guessed: a mask on another patient's image would spoil a
study unseen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dlr.scaffold.names import MASK_WORDS, NamedFile, split_words

Words = tuple[str, ...]


class Matcher:
    """Finds the images of masks.

    Parameters
    ----------
    masks, images : sequence of NamedFile
    """

    def __init__(self, masks: Sequence[NamedFile], images: Sequence[NamedFile]) -> None:
        self.masks = _without_kinds(masks, images)
        self._by_words: dict[Words, list[NamedFile]] = defaultdict(list)
        self._by_key: dict[Words, list[NamedFile]] = defaultdict(list)
        self._by_folder: dict[Path, list[NamedFile]] = defaultdict(list)
        self._folders: dict[str, set[Path]] = defaultdict(set)  # of images with a word
        # Of files by what their names add to their folders'.
        self._image_rests: dict[Words, set[Path]] = defaultdict(set)
        self._mask_rests: dict[Words, set[Path]] = defaultdict(set)
        for item in images:
            self._by_words[item.words].append(item)
            self._by_key[item.key].append(item)
            self._by_folder[item.path.parent].append(item)
            self._image_rests[item.rest].add(item.path.parent)
            for word in item.words:
                self._folders[word].add(item.path.parent)
        for item in self.masks:
            self._mask_rests[item.rest].add(item.path.parent)

    def image_of(self, mask: NamedFile) -> tuple[NamedFile | None, str]:
        """Return the image a mask belongs to, or why none does.

        Parameters
        ----------
        mask : NamedFile
            One of `masks`.
        """
        for candidates in self._candidates(mask):
            best = _of_view(mask.view, candidates)
            if len(best) == 1:
                return best[0], ""
            if best:
                return None, f"{len(best)} images have its name ({best[0].path}, {best[1].path})"
        return None, "no image has its name; name it like its image, with '_mask' added"

    def _candidates(self, mask: NamedFile) -> Iterator[list[NamedFile]]:
        """Yield images that the mask may belong to, the surest first."""
        yield self._by_words.get(mask.words, [])
        yield self._by_key.get(mask.key, [])
        for length in range(len(mask.words) - 1, 0, -1):
            found = self._by_words.get(mask.words[:length], [])
            yield [item for item in found if item.own]
            found = self._by_key.get(mask.key[:length], [])
            yield [item for item in found if item.own]
        yield self._neighbours(mask)

    def _neighbours(self, mask: NamedFile) -> list[NamedFile]:
        """Return the only image of the mask's folder, if the folder says whose both are."""
        folder = mask.path.parent
        near = _of_view(mask.view, self._by_folder.get(folder, []))
        if len(near) != 1 or folder == Path():
            return []
        image = near[0]
        if image.rest[: len(mask.rest)] == mask.rest:
            return near  # the mask's name says no more than the image's
        if any(self._folders[word] - {folder} for word in mask.rest if word in self._folders):
            return []  # it has a word of another image
        # A name that recurs in other folders is not a subject's.
        recurs = self._image_rests[image.rest] | self._mask_rests[mask.rest]
        return near if not image.rest or recurs - {folder} else []


def _of_view(view: str, images: list[NamedFile]) -> list[NamedFile]:
    """Return the images of a view; failing that, those that may be of it."""
    same = [item for item in images if item.view == view]
    return same or [item for item in images if "" in (view, item.view)]


def _without_kinds(masks: Sequence[NamedFile], images: Sequence[NamedFile]) -> list[NamedFile]:
    """Drop from the masks' folders what no image has and what tells their kind, not whose they are.

    Such are words that all masks share (``derivatives``) or that stand beside a word for masks
    (``masks_final``).
    """
    known = {word for image in images for word in image.words}
    shared = set.intersection(*(set(mask.folders) for mask in masks)) if len(masks) > 1 else set()

    def without(mask: NamedFile) -> NamedFile:
        parts = [split_words(part) for part in mask.path.parts[:-1]]
        kinds = {w for part in parts if {x.lower() for x in part} & MASK_WORDS for w in part}
        left = tuple(w for w in mask.folders if w in known or w not in shared | kinds)
        return replace(mask, folders=left)

    return [without(mask) for mask in masks]
