"""Names of files that strangers chose, and paths that outputs must not tell."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from dlr.errors import DlrError, Fault, InputError

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. +()-]{0,127}")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_START = r"(?:/|[A-Za-z]:[\\/]|\\\\|\.\.[\\/])"
# Folders have blanks, commas and apostrophes in them, so only the same mark ends a quoted path.
_QUOTED = re.compile(rf"""(?P<quote>['"])(?P<path>{_START}(?:(?!(?P=quote)).)+)(?P=quote)""")
# A bare path ends with a blank, unless a separator follows before the name of a file ends: then the
# blank belongs to a folder ("/export/Doe John/a.nii", but not "/export/a.nii voxel 3/4").
_BARE = re.compile(
    rf"""(?<![\w.:/\\'"~-]){_START}(?=\S)"""
    r"""(?:(?:(?!\.\w{1,6}\s)[^\n'",;:()<>|*?/\\])*(?<!\s)[/\\])*"""
    r"""[^\s'",;:()<>|*?]*"""
)


def file_inside(folder: Path, name: object) -> Path:
    """Return the path of a file that a document of `folder` names.

    Parameters
    ----------
    folder : Path
        Folder of the document; the file lies in it, not deeper.
    name : object
        As the document says, so possibly anything.

    Raises
    ------
    InputError
        If `name` is no plain file name (no folders, not hidden, no device of Windows), or the
        file is a link, which could lead anywhere.
    """
    if not isinstance(name, str) or not _PLAIN.fullmatch(name) or _DEVICES.fullmatch(name):
        shown = str(name)[:80]
        message = f"it names a file '{shown}', which is no plain file name inside its own folder"
        raise InputError([Fault(message, folder, code="path-traversal")])
    path = folder / name
    if path.is_symlink():
        message = "the file is a link, which could lead anywhere; copy the file itself"
        raise InputError([Fault(message, path, code="path-traversal")])
    return path


def plain_name(name: object) -> str:
    """Return a name that a document gives a file, if no folder and no device is in it.

    Raises
    ------
    DlrError
        If it could lead anywhere else.
    """
    if not isinstance(name, str) or not _PLAIN.fullmatch(name) or _DEVICES.fullmatch(name):
        raise DlrError(f"'{str(name)[:80]}' is no plain file name")
    return name


def quoted(path: str | Path) -> str:
    """Return a path in quotation marks, as every message names it.

    Folders of exports have blanks and commas in them ("DOE, JOHN 1970"), so that only quotation
    marks tell `shorten_paths` where a path ends.
    """
    text = str(path)
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', "'") + '"'


def shorten_paths(text: str, *roots: Path | None) -> str:
    """Return a text whose absolute paths start from a root, or are file names only.

    Reasons of failure name files. Where these lie on somebody's disk says who works there, and
    folders of an export often bear patients' names.

    Parameters
    ----------
    text : str
        A sentence, such as a reason of failure.
    *roots : Path or None
        Folders of the study; a path below one is shown relative to it, the first that fits. What
        leads out of it again (``..``) is shown as a name.

    Examples
    --------
    >>> shorten_paths("The mask /data/study/a/m.nii.gz is empty.", Path("/data/study"))
    'The mask a/m.nii.gz is empty.'
    >>> shorten_paths("The mask /home/ann/Doe^John/m.nii.gz is empty.", Path("/data/study"))
    'The mask m.nii.gz is empty.'
    """
    known = sorted({str(root) for root in roots if root is not None}, key=len, reverse=True)
    for root in known:
        # First by plain text, since folders may have blanks, which end a bare path.
        for separator in ("/", "\\"):
            prefix = root.rstrip("/\\") + separator
            if len(prefix) > 1:
                text = text.replace(prefix, "")
    text = _QUOTED.sub(
        lambda found: f"{found['quote']}{_name(found['path'])}{found['quote']}", text
    )
    return _BARE.sub(lambda found: _shown(found.group()), text)


def _shown(path: str) -> str:
    """Return a path's last part; a full stop at its end belongs to the sentence."""
    end = "." if path.endswith(".") else ""
    return _name(path.rstrip(".")) + end


def _name(path: str) -> str:
    windows = "\\" in path or path[1:2] == ":"
    name = (PureWindowsPath(path) if windows else PurePosixPath(path)).name
    return name or path
