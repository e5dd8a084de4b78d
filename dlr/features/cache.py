"""The per-case cache: what was computed once is never computed, or lost, again.

An entry is named by the content it was computed from (image, mask, settings, code version), never
by a row number, so reordering or extending a table reuses every entry. Entries are written to a
temporary file and moved into place, so an interrupted run leaves none half-written; each carries
a checksum, and a damaged one counts as absent and is computed again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` so that `path` holds all of it or does not change.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".partial-{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Cache:
    """A folder of entries, each a checksum followed by its content.

    Parameters
    ----------
    folder : Path
        Created when the first entry is written.
    """

    folder: Path

    def _path(self, family: str, key: str) -> Path:
        return self.folder / family / key[:2] / key

    def _read(self, family: str, key: str) -> bytes | None:
        try:
            raw = self._path(family, key).read_bytes()
        except FileNotFoundError:
            return None
        checksum, content = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        return content if hashlib.sha256(content).digest() == checksum else None

    def _write(self, family: str, key: str, content: bytes) -> None:
        write_atomically(self._path(family, key), hashlib.sha256(content).digest() + content)

    def read_record(self, family: str, key: str) -> dict[str, Any] | None:
        """Return a record, or None when absent or damaged."""
        content = self._read(family, key)
        return None if content is None else json.loads(content)

    def write_record(self, family: str, key: str, record: Mapping[str, Any]) -> None:
        """Store what JSON can hold; floats keep every bit."""
        self._write(family, key, json.dumps(dict(record)).encode())

    def read_array(self, family: str, key: str) -> np.ndarray | None:
        """Return an array, or None when absent or damaged."""
        content = self._read(family, key)
        return None if content is None else np.load(io.BytesIO(content), allow_pickle=False)

    def write_array(self, family: str, key: str, array: np.ndarray) -> None:
        """Store an array."""
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        self._write(family, key, buffer.getvalue())

    def has(self, family: str, key: str) -> bool:
        """Tell whether an undamaged entry exists."""
        return self._read(family, key) is not None
