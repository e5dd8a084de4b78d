"""Whose images are: told by their folders, or by the words in which their names differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dlr.scaffold.names import IMAGE_WORDS, MASK_WORDS, VIEW_WORDS, NamedFile

# Folders of one subject's examinations: ses-01, visit2, 2019-03-30. Never a person's name: two
# subjects whose folders were taken for visits would become one.
_VISIT = re.compile(
    r"(?:ses-\w+|(?:ses|session|visit|timepoint|tp|baseline|follow-?up|fu|pre|post)[-_ ]?\d{0,3}"
    r"|(?:19|20)\d\d([-_.]?)\d\d\1\d\d)",
    re.IGNORECASE,
)


def name_subjects(images: Sequence[NamedFile]) -> list[str]:
    """Name the subjects: by their folders where each has one, by the words all files differ in.

    Parameters
    ----------
    images : sequence of NamedFile

    Returns
    -------
    list of str
        One name for each image.
    """
    if not images:
        return []
    folders = [item.path.parts[:-1] for item in images]
    for level in range(min(len(parts) for parts in folders)):
        names = [parts[level] for parts in folders]
        if _names_subjects(names, images):
            if _tells_apart(names, images):
                return names
            break  # a folder per centre: subjects are told by all their words
    common = set.intersection(*(set(item.words) for item in images)) if len(images) > 1 else set()
    return [
        "-".join(word for word in item.words if word not in common) or "-".join(item.words)
        for item in images
    ]


def _names_subjects(names: list[str], images: Sequence[NamedFile]) -> bool:
    """Tell whether the folders of one level are one per subject, not one per kind or cohort."""
    if any(word.lower() in MASK_WORDS | IMAGE_WORDS | set(VIEW_WORDS) for word in names):
        return False
    files: dict[str, set[tuple[str, ...]]] = {}
    for name, item in zip(names, images, strict=True):
        files.setdefault(name, set()).add(_without_visits(item.path))
    # Few images each (views), and more folders than a study has cohorts.
    return (
        len(files) > 1
        and max(len(found) for found in files.values()) <= max(6, len(files) // 10)
        and len(files) * 8 >= len({item.path for item in images})
    )


def _tells_apart(names: list[str], images: Sequence[NamedFile]) -> bool:
    """Tell whether no folder holds, below it, two images of one name that are of no visits."""
    paths: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for name, item in zip(names, images, strict=True):
        paths.setdefault((name, f"{item.view}/{item.path.name}"), set()).add(
            _without_visits(item.path)
        )
    return all(len(found) == 1 for found in paths.values())


def _without_visits(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path.parts if not _VISIT.fullmatch(part))
