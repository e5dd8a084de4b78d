"""Pixels that lie in other files than the header that a cell of the images table names.

MetaImage (``.mhd``) and NRRD (``.nhdr``) headers name the files of their pixels, and ``.hdr`` and
``.img`` of Analyze and NIfTI belong together. Whoever reads or compares such an image needs to know
all its files; and a header must not lead to files anywhere on the disk.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path

from dlr.errors import CaseError
from dlr.safety.paths import quoted

_HEADER = 1 << 20  # bytes
_PAIR = {".hdr": ".img", ".img": ".hdr"}
_NIFTI_HEADER, _NIFTI_MAGIC = 348, slice(344, 347)
_HALF = b"ni1"  # the mark of NIfTI's header of a pair
_MOST_FILES = 100_000


def data_files(path: Path) -> tuple[Path, ...]:
    """List the files that an image needs besides the one that is named.

    Parameters
    ----------
    path : Path
        An image file of any format.

    Returns
    -------
    tuple of Path
        Empty where the file holds its pixels itself, as most do.

    Raises
    ------
    CaseError
        If the header names files outside its own folder, by a pattern, or some that are absent;
        or if the file is one half of a pair under the name of a whole.
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEADER)
    suffix = path.suffix.lower()
    if head.startswith(b"NRRD"):  # ITK goes by these letters, whatever the name is
        return _inside(path, _nrrd_names(path, head))
    if suffix in {".mhd", ".mha"}:
        return _inside(path, _meta_names(path, head))
    return _other_half(path, head)


def _nrrd_names(path: Path, head: bytes) -> list[str]:
    lines = _lines(head)
    for number, line in enumerate(lines):
        if not line.strip():
            break
        field, _, value = line.partition(":")
        if field.strip().lower() in {"data file", "datafile"} and not value.startswith("="):
            value = value.strip()
            if value.startswith("LIST"):
                return _listed(lines[number + 1 :])
            _refuse_pattern(path, value)
            return [value]
    return []


def _meta_names(path: Path, head: bytes) -> list[str]:
    lines = _lines(head)
    for number, line in enumerate(lines):
        field, _, value = line.partition("=")
        if field.strip() == "ElementDataFile":
            value = value.strip()
            if value in {"LOCAL", "Local", "local"}:
                return []
            if value.startswith("LIST"):
                return _listed(lines[number + 1 :])
            _refuse_pattern(path, value)
            return [value]
    raise CaseError(
        f"The file {quoted(path)} cannot be read (its header does not say where the pixels are);"
        " save it again from a viewer as NIfTI or NRRD."
    )


def _listed(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()][:_MOST_FILES]


def _refuse_pattern(path: Path, value: str) -> None:
    if "%" in value:
        raise CaseError(
            f"The header {quoted(path)} names the files of its pixels by a pattern, which is not"
            " read; save the image again as one NIfTI or NRRD file."
        )


def _inside(path: Path, names: list[str]) -> tuple[Path, ...]:
    """Return the files that a header names, if they lie in its folder or in folders of that."""
    folder = Path(os.path.abspath(path.parent))
    found = []
    for name in dict.fromkeys(names):
        # Backslashes are separators to ITK on every system.
        file = Path(os.path.normpath(folder / name.replace("\\", "/")))
        if file == folder or not file.is_relative_to(folder):
            raise CaseError(
                f"The header {quoted(path)} names pixels outside its own folder, which are not"
                " read; put both into one folder, or save the image again as one NIfTI or NRRD"
                " file."
            )
        if not file.is_file():
            raise CaseError(
                f"The file {quoted(path)} cannot be read (it is a header, and the file of its"
                " pixels is not beside it); add that, or save it again from a viewer as NIfTI or"
                " NRRD."
            )
        found.append(file)
    return tuple(found)


def _other_half(path: Path, head: bytes) -> tuple[Path, ...]:
    """Find the other file of a pair of ``.hdr`` and ``.img``."""
    packed = path.suffix.lower() == ".gz"
    stem = path.with_suffix("") if packed else path
    suffix = stem.suffix.lower()
    if suffix == ".nii":
        if _unpacked(head, packed)[_NIFTI_MAGIC] == _HALF:
            raise CaseError(
                f"The file {quoted(path)} cannot be read (it is the header of a pair of .hdr and"
                " .img under another name); save it again from a viewer as NIfTI or NRRD."
            )
        return ()
    if suffix not in _PAIR:
        return ()
    wanted = {f"{stem.stem}{_PAIR[suffix]}{end}".lower() for end in ("", ".gz")}
    return tuple(sorted(file for file in path.parent.iterdir() if file.name.lower() in wanted))


def _unpacked(head: bytes, packed: bool) -> bytes:
    if not packed:
        return head
    try:
        # The beginning of a stream is enough, and all there is of it here.
        return zlib.decompressobj(wbits=31).decompress(head, _NIFTI_HEADER)
    except (zlib.error, gzip.BadGzipFile):
        return b""  # damaged: found out, and said, when it is read


def _lines(head: bytes) -> list[str]:
    return [os.fsdecode(line) for line in re.split(rb"\r\n|\n|\r", head)]
