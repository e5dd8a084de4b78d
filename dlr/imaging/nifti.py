"""Whether a NIfTI file is complete.

ITK reads a truncated NIfTI file without complaint and fills the missing slices with zeros, so
an interrupted copy would become features of a half-empty image. Other formats report it.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

_BLOCK = 1 << 20
_LARGEST = 1 << 34  # bytes of one image, 16 GiB
# Header size -> (offset and format of dim[8], of bitpix, of vox_offset): NIfTI-1 and NIfTI-2,
# as laid out in nifti1.h and nifti2.h.
_LAYOUTS = {
    348: ((40, "8h"), (72, "h"), (108, "f")),
    540: ((16, "8q"), (14, "h"), (168, "q")),
}


def truncation(path: Path) -> str | None:
    """Say what is missing from a ``.nii`` or ``.nii.gz`` file; None when it is complete.

    A compressed file is decompressed once to its end, which also verifies its checksum. Files
    of other formats, and files whose header is not NIfTI's, are left to ITK.
    """
    try:
        return _missing(path)
    except (ArithmeticError, ValueError):  # sizes or offsets that are no numbers
        return "its header holds numbers that make no sense"


def _missing(path: Path) -> str | None:
    name = path.name.lower()
    if name.endswith(".nii"):
        with path.open("rb") as stream:
            expected = _expected_bytes(stream.read(540))
        found = path.stat().st_size
    elif name.endswith(".nii.gz"):
        try:
            with gzip.open(path, "rb") as stream:
                header = stream.read(540)
                expected, found = _expected_bytes(header), len(header)
                # What unpacks to far more than the header says is no image but a zip bomb.
                while found <= 2 * (expected or _LARGEST) and (block := stream.read(_BLOCK)):
                    found += len(block)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            return f"the compressed data are damaged: {error}"
    else:
        return None
    if expected is not None and expected > _LARGEST:
        return f"its header asks for {expected:,} bytes"
    if expected is not None and found < expected:
        return f"only {found} of {expected} bytes are there"
    return None


def _expected_bytes(header: bytes) -> int | None:
    """Return how long the uncompressed file must be, from its header."""
    for order in "<>":
        if len(header) < 348:
            return None
        layout = _LAYOUTS.get(struct.unpack_from(order + "i", header)[0])
        if layout is None or len(header) < struct.unpack_from(order + "i", header)[0]:
            continue
        (dims, bits, offset) = (
            struct.unpack_from(order + form, header, start) for start, form in layout
        )
        voxels = math.prod(max(1, int(extent)) for extent in dims[1 : 1 + max(0, dims[0])])
        return int(offset[0]) + voxels * int(bits[0]) // 8
    return None
