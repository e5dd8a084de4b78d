"""Opening DICOM files: the optional package, damaged files, and what may be said about them.

pydicom is imported when the first DICOM file is met, so that studies of NIfTI files need not
install it. Messages name files and rules but never values of a header: they end up in tables
and reports, and headers hold names and dates.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlr.errors import CaseError, DlrError, MissingDependencyError
from dlr.safety.paths import quoted

if TYPE_CHECKING:
    from pydicom import Dataset

_SUFFIXES = {".dcm", ".dicom", ".ima"}
_OTHERS = {".nii", ".gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".png", ".jpg", ".jpeg", ".csv"}
# What pydicom raises on damaged files: elements are parsed when they are first looked at.
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def pydicom_package() -> Any:
    """Import pydicom.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise MissingDependencyError.of("reading DICOM", "pydicom", "dicom") from None
    return pydicom


def is_dicom_file(path: Path) -> bool:
    """Tell whether a file is DICOM: by the mark at byte 128, or by its name where that is absent.

    Old scanners wrote files without the mark, mostly called ``.dcm`` or ``.ima``.
    """
    if path.suffix.lower() in _OTHERS or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            marked = stream.read(132)[128:] == b"DICM"
    except OSError:
        return False
    return marked or path.suffix.lower() in _SUFFIXES


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever pydicom raises on a damaged file into one sentence, and keep it quiet.

    pydicom warns of every value that is longer than the standard allows; most files from
    hospitals hold some, and the warning quotes the value.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except DlrError:
            raise
        except _faults() as error:
            raise CaseError(
                f"The DICOM file {quoted(path)} cannot be read ({type(error).__name__}); it is"
                " damaged, cut short or not DICOM: export it again."
            ) from None


def _faults() -> tuple[type[Exception], ...]:
    """Return what damaged files raise; pydicom's own errors derive from bare Exception."""
    errors = pydicom_package().errors
    return (*_FAULTS, errors.BytesLengthException, errors.InvalidDicomError)


def read_header(path: Path, tags: Sequence[str]) -> Dataset:
    """Read the elements called `tags` of a file, without its pixels.

    Raises
    ------
    CaseError
        If the file is damaged or not DICOM.
    """
    return _read(path, stop_before_pixels=True, specific_tags=[*tags, "SOPClassUID"])


def read_dataset(path: Path) -> Dataset:
    """Read a whole file.

    Raises
    ------
    CaseError
        If the file is damaged or not DICOM.
    """
    return _read(path)


def _read(path: Path, **options: Any) -> Dataset:
    pydicom = pydicom_package()
    with reading(path):
        dataset = pydicom.dcmread(path, force=True, **options)
        if "SOPClassUID" not in dataset and "MediaStorageSOPClassUID" not in dataset.file_meta:
            raise ValueError("no SOP class: any bytes can be read by force")
        if "TransferSyntaxUID" not in dataset.file_meta:
            # A file without the mark has no file header either; this was the only syntax then.
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    result: Dataset = dataset
    return result


def text(dataset: Dataset, keyword: str) -> str:
    """Return an element as text, ``""`` where absent or empty."""
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip()


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the (first) value of an element as a number, None where absent or empty."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return the values of an element as numbers, ``()`` where absent or empty."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return ()
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return (float(value),)
    return tuple(float(each) for each in value)
