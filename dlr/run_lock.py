"""One run per output folder: a second one is told so, and a killed one leaves no lock behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from dlr.errors import DlrError
from dlr.safe_files import storage_error

_RUN, _TABLES = ".dlr-run.lock", ".dlr-tables.lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Keep `folder` for this run, from before its first file to after its last.

    The operating system holds the lock and frees it when the process ends, however it ends; the
    file ``.dlr-run.lock`` that stays behind means nothing.

    Parameters
    ----------
    folder : Path
        Made when missing.

    Raises
    ------
    DlrError
        If another run holds it.
    StorageError
        If the folder cannot be written.
    """
    lock = _lock(folder, _RUN)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DlrError(
            f"another dlr run is writing to {folder}; wait until it has ended, or choose another "
            "folder (--out, or --work for dlr extract)"
        ) from None
    except OSError as error:
        raise storage_error(error, folder / _RUN) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def tables_lock(folder: Path) -> Iterator[None]:
    """Wait for other runs to have written the tables of `folder`, which takes them moments.

    Runs that share a cache write their feature tables to the same place; each set of files is to
    come from one of them.
    """
    lock = _lock(folder, _TABLES)
    try:
        lock.acquire()
    except OSError as error:
        raise storage_error(error, folder / _TABLES) from None
    try:
        yield
    finally:
        lock.release()


def _lock(folder: Path, name: str) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, folder) from None
    # One lock object for each caller: two runs in one process are two runs.
    return FileLock(folder / name, thread_local=False)
