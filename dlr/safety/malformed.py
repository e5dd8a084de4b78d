"""What reading a damaged or forged file may raise, turned into dlr's own error."""

from __future__ import annotations

import struct
import tokenize
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from zipfile import BadZipFile

from dlr.errors import DlrError, Fault, InputError

MALFORMED: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BadZipFile,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    UnpicklingError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
)
"""What Python, numpy, pydantic and the readers of file formats raise about content."""


@contextmanager
def malformed_as_fault(path: Path, what: str, remedy: str = "get it again") -> Iterator[None]:
    """Turn what content of the wrong kind raises into one sentence about its file.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it should be, such as ``"the bundle"``.
    remedy : str
        What to do.

    Raises
    ------
    InputError
        Instead of any of `MALFORMED`; dlr's own errors pass.
    """
    from safetensors import SafetensorError

    kinds: tuple[type[Exception], ...] = (*MALFORMED, SafetensorError)
    try:
        yield
    except DlrError:
        raise
    except kinds as error:
        reason = " ".join(str(error).split())[:200]
        message = f"{what} is not as dlr writes it ({type(error).__name__}: {reason}); {remedy}"
        raise InputError([Fault(message, path, code="malformed")]) from None
