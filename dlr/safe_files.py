"""Writing files so that a crash, a full disk or a second run never leaves half of one."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from dlr.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_PARTIAL, _STAGE, _LIST = ".partial-", ".unfinished-", ".dlr-files-"


def write_atomically(path: Path, content: bytes, make_folder: bool = True) -> None:
    """Write `content` so that `path` holds all of it or does not change.

    Parameters
    ----------
    path : Path
    content : bytes
    make_folder : bool
        Whether to make the folder, and those it is in, where they are missing.

    Raises
    ------
    StorageError
        If the folder cannot be written or the disk is full.
    """
    with atomic_path(path, make_folder) as temporary, temporary.open("xb") as stream:
        stream.write(content)


def make_folders(*folders: Path) -> None:
    """Make folders where they are missing, but not those they are in.

    Raises
    ------
    StorageError
        If one cannot be made.
    """
    for folder in folders:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder) from None


@contextmanager
def atomic_path(path: Path, make_folder: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; its file replaces `path` at the end.

    Raises
    ------
    StorageError
        If the file cannot be written; `path` is then as it was.
    """
    temporary = path.with_name(f"{_PARTIAL}{uuid.uuid4().hex}")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    except OSError as error:
        _forget(temporary)
        raise storage_error(error, path) from error
    except BaseException:
        _forget(temporary)
        raise


@contextmanager
def staged(folder: Path, kind: str = "") -> Iterator[Path]:
    """Give an empty folder within `folder`; at the end its files move up, each of them whole.

    It lies within, not beside, since only there it is sure to be on the same disk. What was in
    `folder` does not change before the last new file is written. What a killed run of this machine
    left behind is removed.

    Parameters
    ----------
    folder : Path
        Made when missing.
    kind : str
        Of the run. Files that the run of this kind before wrote and this one does not are removed
        at the end, so that nothing of another model stays beside the new one. Without a kind, all
        others stay; those of the user stay in any case.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        stage = folder / f"{_STAGE}{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex}"
        stage.mkdir()
        try:
            yield stage
            for inner in stage.glob(f"{_LIST}*"):
                inner.unlink()  # of a part of this run, which is listed here as a whole
            new = [path.relative_to(stage).as_posix() for path in _files(stage)]
            _move_all(stage, folder)
            if kind:
                _remove_stale(folder, kind, sorted(new))
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise storage_error(error, Path(error.filename or folder)) from error


def _sweep(folder: Path) -> None:
    """Remove what runs of this machine that are no more left unfinished."""
    for left in folder.glob(f"{_STAGE}{socket.gethostname()}-*"):
        process = left.name.split("-")[-2]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _move_all(stage: Path, folder: Path) -> None:
    """Move every file to its place, those that hold checksums of the others last."""
    files = _files(stage)
    files.sort(key=lambda path: (path.name in ("checksums.json", "provenance.json"), path))
    for path in files:
        _flush(path)
    for path in files:
        target = folder / path.relative_to(stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _remove_stale(folder: Path, kind: str, new: list[str]) -> None:
    """Remove what the list of the run before names and the new one does not; write the new list."""
    listed = folder / f"{_LIST}{kind}"
    old = listed.read_text("utf-8").splitlines() if listed.is_file() else []
    home = folder.resolve()
    for name in set(old) - set(new):
        path = folder / name
        if path.resolve().is_relative_to(home) and path.is_file():  # lists can be forged
            path.unlink()
    write_atomically(listed, "\n".join(new).encode())


def storage_error(error: OSError, path: Path) -> StorageError:
    """Say in one sentence why `path` cannot be written, how much room is left, what to do."""
    reason = error.strerror or str(error) or type(error).__name__
    kept = "what was computed is kept, and the same command goes on from there"
    if error.errno in _FULL:
        remedy = f"make room or choose another folder (--work, --out); {kept}"
    elif error.errno in _REFUSED:
        remedy = f"allow writing there or choose another folder (--work, --out); {kept}"
    else:
        remedy = f"see whether the disk or network share is there, or choose another one; {kept}"
    return StorageError(f"{path} cannot be written: {reason} ({_free(path)}); {remedy}")


def _free(path: Path) -> str:
    for folder in path.parents:
        try:
            return f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free in {folder}"
        except OSError:
            continue
    return "the free space is unknown"


def _flush(path: Path) -> None:
    """Bring a file's bytes to the disk before its name is: a power cut then leaves all or none."""
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the share is gone, or read-only: nobody reads a partial file anyway
