"""Who a subject is called in tables: the patient's identifier, or a pseudonym made with a key."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from dlr.errors import DlrError

_DIGITS = 16  # 64 bits: a million patients have about 3e-8 expected collisions
_SHORTEST = 16  # bytes


def create_key(path: Path) -> bytes:
    """Make a new random key of 256 bits and keep it in a file that only its owner can read.

    Raises
    ------
    DlrError
        If the file exists: subjects would get other pseudonyms than before.
    """
    key = secrets.token_hex(32).encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise DlrError(
            f"the key file {path} exists already; leave out --new-key to use it, since another key"
            " would give every subject another name"
        ) from None
    except OSError as error:
        raise DlrError(f"the key file {path} cannot be written ({error.strerror})") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(key + b"\n")
    return key


def read_key(path: Path) -> bytes:
    """Read a key; line ends do not count.

    Raises
    ------
    DlrError
        If the file is absent or shorter than 16 bytes.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise DlrError(
            f"the key file {path} cannot be read ({error.strerror}); make one with --new-key, and"
            " keep it: the same key gives the same pseudonyms"
        ) from None
    if len(key) < _SHORTEST:
        raise DlrError(
            f"the key in {path} has {len(key)} bytes and could be guessed; make one with --new-key"
        )
    return key


def pseudonym(patient_id: str, key: bytes) -> str:
    """Return the pseudonym of a patient: ``S`` and 16 digits of HMAC-SHA256 (RFC 2104).

    Without the key nobody can tell whose it is, not even by trying all identifiers; with it, the
    same patient gets the same one in every import, and in every table that has the identifier as
    `plain_subject_id` writes it. The letter keeps spreadsheet programs from taking digits for a
    number.
    """
    plain = plain_subject_id(patient_id)
    digest = hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()
    return f"S{digest[:_DIGITS]}"


def plain_subject_id(patient_id: str) -> str:
    """Return a patient's identifier as tables hold it: one line, printable, otherwise as it is.

    What a spreadsheet program would run as a formula is neutralised when a table is written, and
    restored when it is read, by `dlr.safety.spreadsheets`.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in patient_id).split())


def require_distinct(patient_ids: Iterable[str]) -> None:
    """Refuse identifiers of different patients that would become one subject.

    Raises
    ------
    DlrError
        If two differ only in what `plain_subject_id` leaves out.
    """
    raw = {name for name in patient_ids if name}
    if lost := len(raw) - len({plain_subject_id(name) for name in raw}):
        raise DlrError(
            f"{lost} of {len(raw)} patients have the identifier of another one but for blanks or"
            " characters that cannot be printed; correct these PatientIDs, or leave these files out"
        )


def harmless(text: str) -> str:
    """Return text that is one line and no formula to a spreadsheet program."""
    return re.sub(r"^[=+\-@|%\s]+", "_", plain_subject_id(text))
