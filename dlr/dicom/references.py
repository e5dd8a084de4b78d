"""How a cell of the images table names DICOM: a file, a folder, or a series of a folder.

``folder`` is a folder that holds one series, ``folder#SERIES`` one series of several, and
``file.dcm`` a single file. SERIES is the SeriesInstanceUID or, so that tables need not carry
identifiers, its fingerprint as `fingerprint` makes it. ``#window`` at the end applies the
display window that the header of a radiograph holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dlr.dicom.files import is_dicom_file

_WINDOW = "window"
_FINGERPRINT = 12


@dataclass(frozen=True)
class Reference:
    """A cell taken apart.

    Attributes
    ----------
    path : Path
        File or folder.
    series : str
        SeriesInstanceUID or fingerprint; ``""`` where none is named.
    window : bool
        Whether the header's display window is to be applied.
    """

    path: Path
    series: str = ""
    window: bool = False

    def names(self, series_uid: str) -> bool:
        """Tell whether the series named is the one with this UID."""
        return self.series in (series_uid, fingerprint(series_uid))


def fingerprint(uid: str) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a UID.

    A UID can be looked up in a hospital's archive; its fingerprint tells series apart as well
    (10 million series have about 0.2 expected collisions) and leads nowhere.
    """
    return hashlib.sha256(uid.strip().encode()).hexdigest()[:_FINGERPRINT]


def parse_reference(path: str | Path) -> Reference:
    """Take a cell apart; a ``#`` that belongs to the name of a file or folder stays in it."""
    whole = Path(path)
    if "#" not in whole.name or whole.exists():
        return Reference(whole)
    parts = whole.name.split("#")
    names = ["#".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    there = [name for name in names if name and whole.with_name(name).exists()]
    name = there[0] if there else parts[0]
    choices = whole.name.removeprefix(name).split("#")[1:]
    series = [choice for choice in choices if choice != _WINDOW]
    if not name or len(series) > 1:
        return Reference(whole)
    return Reference(whole.with_name(name), "".join(series), _WINDOW in choices)


def is_dicom(path: str | Path) -> bool:
    """Tell whether a cell names DICOM: a folder, a series of one, or a DICOM file."""
    reference = parse_reference(path)
    return reference.path.is_dir() or is_dicom_file(reference.path)


def input_exists(path: str | Path) -> bool:
    """Tell whether what a cell names is there: the file, or the folder of the series."""
    return parse_reference(path).path.exists()
