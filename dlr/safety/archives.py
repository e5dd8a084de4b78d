"""Zip archives (``.skops``, ``.xlsx``) of unknown origin: what they unpack to is bounded first.

A zip bomb unpacks kilobytes to gigabytes. Python's zipfile never reads more of a member than its
entry declares, so bounding the declared sizes bounds what is read.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import LargeZipFile, ZipFile, ZipInfo

from dlr.errors import Fault, InputError
from dlr.safety.malformed import MALFORMED
from dlr.safety.workbooks import check_part

MOST_MEMBERS = 10_000
LARGEST_UNPACKED = 512_000_000
"""Bytes that all members of an archive may have together when unpacked."""
LARGEST_RATIO = 200
"""Unpacked bytes per packed byte; sheets of spreadsheet programs reach about 30."""
RATIO_FROM = 5_000_000
"""Unpacked bytes from which the ratio counts: small files of zeros are no danger."""
_UNREADABLE: tuple[type[Exception], ...] = (LargeZipFile, *MALFORMED)


def check_archive(
    path: Path,
    largest: int = LARGEST_UNPACKED,
    ratio: int = LARGEST_RATIO,
    what: str = "zip archive",
) -> list[ZipInfo]:
    """Refuse a zip archive that unpacks to too much, or whose members' names lead outside.

    Parameters
    ----------
    path : Path
    largest : int
        Most bytes of all members together, unpacked.
    ratio : int
        Most unpacked bytes per packed byte, of archives that unpack to more than `RATIO_FROM`.
    what : str
        What the file is called in the message when it is no archive at all.

    Returns
    -------
    list of ZipInfo
        Its members.

    Raises
    ------
    InputError
        If it is refused, or is no zip archive.
    """
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except _UNREADABLE as error:
        raise _fault(f"not a readable {what} ({_line(error)})", path) from None
    _check_sizes(members, path, largest, ratio)
    for member in members:
        if _leads_outside(member.filename):
            message = f"the member '{member.filename[:80]}' would lie outside the archive's folder"
            raise _fault(message, path, "path-traversal")
        if member.flag_bits & 0x1:
            raise _fault("the file is encrypted; save it without a password", path)
    return members


def check_workbook(path: Path) -> None:
    """Refuse an ``.xlsx`` workbook that would fill the memory, or whose XML defines entities.

    Besides :func:`check_archive`, sheets may span at most `MOST_CELLS` (of `workbooks.py`) cells:
    two filled cells in the far corners of a sheet make a table of 17 thousand million.

    Raises
    ------
    InputError
        If it is refused, or is no workbook.
    """
    members = check_archive(path, what="table")
    try:
        with ZipFile(path) as archive:
            for member in members:
                check_part(archive, member, path)
    except MALFORMED as error:
        if isinstance(error, InputError):
            raise
        raise _fault(
            f"not a readable table, the workbook is damaged ({_line(error)})", path
        ) from None


def _check_sizes(members: list[ZipInfo], path: Path, largest: int, ratio: int) -> None:
    if len(members) > MOST_MEMBERS:
        message = f"the archive has {len(members):,} members, at most {MOST_MEMBERS:,} are read"
        raise _fault(message, path, "zip-bomb")
    unpacked = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if unpacked > largest:
        message = f"the archive unpacks to {unpacked:,} bytes, at most {largest:,} are read"
        raise _fault(message, path, "zip-bomb")
    if unpacked > RATIO_FROM and unpacked > ratio * packed:
        message = f"the archive unpacks to {unpacked // packed} times its size, as zip bombs do"
        raise _fault(f"{message}; save it anew from the program that made it", path, "zip-bomb")


def _leads_outside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:150]


def _fault(message: str, path: Path, code: str = "unreadable") -> InputError:
    return InputError([Fault(message, path, code=code)])
