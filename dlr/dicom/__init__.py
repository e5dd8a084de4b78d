"""DICOM as hospitals export it: series, multi-frame files, radiographs, segmentations, contours.

`dlr.imaging.read_image` and `read_mask` come here when a path names DICOM. Needs pydicom
(``pip install "dlr[dicom]"``), which is imported when the first DICOM file is met. Headers hold
names, dates and identifiers: nothing but geometry and pixels leaves this package, and what
`dlr import` lists is on a white-list.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.dicom.content import input_sha256
    from dlr.dicom.references import fingerprint, input_exists, is_dicom, parse_reference
    from dlr.dicom.volume import read_volume

_MODULES = {
    "fingerprint": "references",
    "input_exists": "references",
    "input_sha256": "content",
    "is_dicom": "references",
    "parse_reference": "references",
    "read_volume": "volume",
}

__all__ = [
    "fingerprint",
    "input_exists",
    "input_sha256",
    "is_dicom",
    "parse_reference",
    "read_volume",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that importing the package needs no SimpleITK."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
