"""All prepared pictures of a study, in memory or in a folder, so that epochs never wait."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from dlr.cnn.cohort import CnnCohort
from dlr.cnn.pictures import read_picture
from dlr.cnn.settings import PictureSettings
from dlr.cohort.tables import ROW
from dlr.errors import CaseError
from dlr.features.cache import Cache, content_key
from dlr.progress import Progress, silent
from dlr.workers import replaced_quietly

_FAMILY = "pictures"
_CHUNK = 64
FAILURES = ["case_id", "subject_id", "image", "row", "reason"]


@dataclass(frozen=True, eq=False)
class PictureStore:
    """Prepared pictures by position.

    Parameters
    ----------
    paths : tuple of str
        The files, in the order of the cohort's ``pictures``.
    settings : PictureSettings
    cache : Cache or None
        Where prepared pictures lie; None: each is prepared when asked for.
    held : numpy.ndarray of uint8, shape (n, size, size), or None
        All of them, where they fit into memory.
    """

    paths: tuple[str, ...]
    settings: PictureSettings
    cache: Cache | None = None
    held: NDArray[np.uint8] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.paths)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """A checksum of each prepared picture, by which trainings on others are told apart."""
        found = []
        for start in range(0, len(self), _CHUNK):
            chunk = self.read(np.arange(start, min(start + _CHUNK, len(self))))
            found += [blake2b(picture.tobytes(), digest_size=16).hexdigest() for picture in chunk]
        return tuple(found)

    def read(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return pictures by position, shape (n, size, size)."""
        if self.held is not None:
            return self.held[indices]
        return np.stack([_prepared(self.paths[i], self.settings, self.cache) for i in indices])


@dataclass(frozen=True, eq=False)
class PreparedPictures:
    """A cohort whose pictures can all be read, and those that could not.

    Attributes
    ----------
    cohort : CnnCohort
        Without the pictures that failed and the cases left with none.
    store : PictureStore
    failures : pandas.DataFrame
        ``case_id``, ``subject_id``, ``image``, ``row``, ``reason``.
    """

    cohort: CnnCohort
    store: PictureStore
    failures: pd.DataFrame


def prepare_pictures(
    cohort: CnnCohort, work: Path, workers: int = 1, progress: Progress = silent
) -> PreparedPictures:
    """Read every picture of a cohort once, in parallel; keep the prepared ones.

    Parameters
    ----------
    cohort : CnnCohort
    work : Path
        Folder of the cache.
    workers : int
        Processes. The pictures do not depend on it.
    progress : callable
        See :data:`dlr.features.extraction.Progress`.

    Returns
    -------
    PreparedPictures
        Pictures that cannot be read are listed, never lost silently.

    Raises
    ------
    CaseError
        If no picture can be read.
    """
    settings = cohort.config.pictures
    cache = Cache(work / "cache") if settings.cache else None
    paths = [str(path) for path in cohort.pictures["image"]]
    chunks = [paths[i : i + _CHUNK] for i in range(0, len(paths), _CHUNK)]
    tasks = (delayed(_prepare_chunk)(chunk, settings, cache) for chunk in chunks)
    reasons: list[str] = []
    with replaced_quietly():
        for found in Parallel(n_jobs=workers, return_as="generator")(tasks):
            reasons += found
            progress("pictures", len(reasons), len(paths))
    bad = [i for i, reason in enumerate(reasons) if reason]
    if len(bad) == len(paths):
        raise CaseError(f"no picture could be read; the first reason: {reasons[0]}")
    failures = cohort.pictures.loc[bad, ["case_id", "subject_id", "image", ROW]]
    failures = failures.rename(columns={ROW: "row"}).assign(reason=[reasons[i] for i in bad])
    kept = cohort.without_pictures(bad)
    return PreparedPictures(kept, _store(kept, settings, cache), failures.reset_index(drop=True))


def _store(cohort: CnnCohort, settings: PictureSettings, cache: Cache | None) -> PictureStore:
    paths = tuple(str(path) for path in cohort.pictures["image"])
    store = PictureStore(paths, settings, cache)
    if len(paths) * settings.size**2 > settings.memory_mb * 1_000_000:
        return store
    return PictureStore(paths, settings, cache, store.read(np.arange(len(paths))))


def _prepare_chunk(paths: list[str], settings: PictureSettings, cache: Cache | None) -> list[str]:
    """Prepare some pictures; return the reason of failure for each, empty when it is fine."""
    reasons = []
    for path in paths:
        try:
            _prepared(path, settings, cache)
        except CaseError as error:
            reasons.append(str(error))
        else:
            reasons.append("")
    return reasons


def _prepared(path: str, settings: PictureSettings, cache: Cache | None) -> NDArray[np.uint8]:
    if cache is None or not os.path.isfile(path):
        return read_picture(path, settings)
    key = _key(path, settings)
    array = cache.read_array(_FAMILY, key)
    if array is None:
        array = read_picture(path, settings)
        cache.write_array(_FAMILY, key, array)
    return array


def _key(path: str, settings: PictureSettings) -> str:
    """Name a prepared picture by its file's size and time: 160,000 checksums would take hours."""
    state = os.stat(path)
    how = settings.model_dump(mode="json", exclude={"cache", "memory_mb"})
    return content_key(os.path.abspath(path), state.st_size, state.st_mtime_ns, how)
