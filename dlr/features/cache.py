"""The per-case cache: what was computed once is never computed, or lost, again.

An entry is named by the content it was computed from (image, mask, settings, code version), never
by a row number or a date, so reordering or extending a table reuses every entry and a wrong clock
changes nothing. Entries are written to a temporary file and moved into place, so an interrupted
run leaves none half-written and two runs can share a folder; each carries a checksum, and a
damaged one counts as absent, is noted, and is computed again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from dlr.errors import StorageError
from dlr.safe_files import make_folders, storage_error, write_atomically

_CHECKSUM_BYTES = 32


def content_key(*parts: object) -> str:
    """Return the SHA-256 of `parts` written as canonical JSON.

    Parameters
    ----------
    *parts : object
        Anything JSON can hold: checksums, settings, version numbers.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Cache:
    """A folder of entries, each a checksum followed by its content.

    Parameters
    ----------
    folder : Path
        Created when the first entry is written.
    opened : bool
        Whether `folder` is there already. When it is gone later, so is the disk or share it was
        on, and nothing is written beside it.

    Attributes
    ----------
    damaged : list of str
        Entries that could not be read or whose checksum did not fit, as ``<family>/<key>``, in
        the order they were met.
    """

    folder: Path
    opened: bool = field(default=False, compare=False)
    damaged: list[str] = field(default_factory=list, init=False, compare=False, repr=False)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Make the folder where it is missing; from now on it has to be there.

        Raises
        ------
        StorageError
            If it cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder) from None
        return cls(folder, opened=True)

    def require(self) -> None:
        """See whether the folder is still there.

        Raises
        ------
        StorageError
            If it was, and is no more.
        """
        if self.opened and not self.folder.is_dir():
            raise StorageError(
                f"{self.folder} has vanished while it was in use; bring the disk or network share "
                "back and run the same command again, which goes on with what is kept there"
            )

    def _path(self, family: str, key: str) -> Path:
        return self.folder / family / key[:2] / key

    def _read(self, family: str, key: str) -> bytes | None:
        try:
            raw = self._path(family, key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError:  # a bad sector, a share that is going: computed again, or found out then
            raw = b""
        checksum, content = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        if hashlib.sha256(content).digest() == checksum:
            return content
        self.damaged.append(f"{family}/{key}")
        return None

    def _write(self, family: str, key: str, content: bytes) -> None:
        path = self._path(family, key)
        try:
            if self.opened:  # below the folder only: it is never made anew
                make_folders(path.parent.parent, path.parent)
            checksum = hashlib.sha256(content).digest()
            write_atomically(path, checksum + content, make_folder=not self.opened)
        except StorageError:
            self.require()  # the better reason, where it is so
            raise

    def read_record(self, family: str, key: str) -> dict[str, Any] | None:
        """Return a record, or None when absent or damaged."""
        content = self._read(family, key)
        return None if content is None else json.loads(content)

    def write_record(self, family: str, key: str, record: Mapping[str, Any]) -> None:
        """Store what JSON can hold; floats keep every bit.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        self._write(family, key, json.dumps(dict(record)).encode())

    def read_array(self, family: str, key: str) -> np.ndarray | None:
        """Return an array, or None when absent or damaged."""
        content = self._read(family, key)
        return None if content is None else np.load(io.BytesIO(content), allow_pickle=False)

    def write_array(self, family: str, key: str, array: np.ndarray) -> None:
        """Store an array.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        self._write(family, key, buffer.getvalue())

    def has(self, family: str, key: str) -> bool:
        """Tell whether an undamaged entry exists."""
        return self._read(family, key) is not None
