"""Whether a NRRD or MetaImage header is fit to be given to ITK.

ITK's readers of these formats crash the whole process on a few kinds of damaged headers, found by
fuzzing: a field of NRRD longer than the buffer of an error message, and a MetaImage of more
dimensions than its arrays have. A header that asks for more memory than any image needs is refused,
too, before anything is allocated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

MOST_VOXELS = 2**31
"""Voxels of one image; a CT of the whole body has about 5e8."""
LONGEST_FIELD = 900
"""Characters of a field of NRRD; NrrdIO has buffers of about 1,000."""
_HEADER = 1 << 20  # bytes; long key/value lines of segmentations stay far below
_MOST_DIMENSIONS = 10
_META = (".mha", ".mhd")
_NRRD = (".nrrd", ".nhdr")


def header_fault(path: Path) -> str | None:
    """Say what is wrong with the header of a ``.nrrd``, ``.nhdr``, ``.mha`` or ``.mhd`` file.

    Returns
    -------
    str or None
        None where ITK may have it, and for files of other formats.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEADER)
    name = path.name.lower()
    # ITK goes by the first letters of a NRRD file, whatever its name is.
    if name.endswith(_NRRD) or head.startswith(b"NRRD"):
        return _nrrd_fault(head)
    if name.endswith(_META) or b"ElementDataFile" in head:
        return _meta_fault(head)
    return None


def _nrrd_fault(head: bytes) -> str | None:
    for line in _lines(head):
        if not line:
            break
        if line.startswith("#") or ":=" in line:
            continue
        if len(line) > LONGEST_FIELD:
            return f"a line of its header has {len(line):,} characters"
        field, _, value = line.partition(":")
        if field.strip().lower() == "sizes" and _too_many(value):
            return f"its header asks for more than {MOST_VOXELS:,} voxels"
    return None


def _meta_fault(head: bytes) -> str | None:
    for line in _lines(head):
        field, _, value = line.partition("=")
        key = field.strip().lower()
        if key == "ndims":
            number = re.fullmatch(r"\s*(\d{1,2})\s*", value)
            if number is None or not 1 <= int(number.group(1)) <= _MOST_DIMENSIONS:
                return f"its header says 'NDims ={value[:40]}'"
        if key == "dimsize" and _too_many(value):
            return f"its header asks for more than {MOST_VOXELS:,} voxels"
        if key == "elementnumberofchannels" and not re.fullmatch(r"\s*\d{1,3}\s*", value):
            return f"its header says 'ElementNumberOfChannels ={value[:40]}'"
        if key == "elementdatafile":
            break
    return None


def _lines(head: bytes) -> Iterator[str]:
    for line in re.split(rb"\r\n|\n|\r", head):
        yield line.decode("latin-1")


def _too_many(value: str) -> bool:
    sizes = [int(number[:20]) for number in re.findall(r"\d+", value)]
    return math.prod(max(1, size) for size in sizes) > MOST_VOXELS
