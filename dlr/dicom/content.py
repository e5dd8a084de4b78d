"""Checksums of inputs: files as they are, series by their files whatever these are called."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dlr.dicom.references import Reference, is_dicom, parse_reference
from dlr.dicom.series import find_series
from dlr.imaging.detached import data_files


def input_sha256(path: str | Path, kind: str = "image") -> str:
    """Return a checksum of what a cell of the images table names.

    Parameters
    ----------
    path : str or Path
        A file, a DICOM folder, or a series of one.
    kind : {"image", "mask"}
        What a folder is searched for: for a mask, segmentations and structure sets go first.

    Returns
    -------
    str
        Of a file, the SHA-256 of its bytes; of a header whose pixels lie in other files, that of
        the checksums of all of them. Of a series, the SHA-256 of the sorted checksums of its
        files: it depends neither on their names nor on what else the folder holds. With
        ``#window`` it is another one.

    Raises
    ------
    OSError
        If a file cannot be read.
    CaseError
        If a folder holds no series, or several and none is named; if the pixels of a header
        are not beside it.
    """
    reference = parse_reference(path)
    digest = _content(path, reference, kind)
    return _joined([digest, "window"]) if reference.window else digest


def _content(path: str | Path, reference: Reference, kind: str) -> str:
    if not is_dicom(path):
        files = (reference.path, *data_files(reference.path))
        digests = [_file(file) for file in files]
        return digests[0] if len(digests) == 1 else _joined(digests)
    if reference.path.is_file():
        return _file(reference.path)
    if kind == "mask":
        from dlr.dicom.masks import find_mask  # imports SimpleITK, which a cached case can spare

        if (mask := find_mask(path)) is not None:
            return _file(mask.path)
    return _joined(sorted(_file(file) for file in find_series(reference).paths))


def _file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _joined(digests: list[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
