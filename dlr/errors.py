"""The errors a user can cause, each one clear sentence saying what, where and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


def install_hint(extra: str) -> str:
    """Return the command that installs an extra of dlr."""
    return f'pip install "dlr[{extra}]"'


class DlrError(ValueError):
    """Base of every error that dlr raises about a user's input or settings."""


class MissingDependencyError(DlrError):
    """An optional package is not installed; the message names the command that installs it."""

    @classmethod
    def of(cls, what: str, package: str, extra: str) -> Self:
        """Say what needs a package, and which extra of dlr brings it.

        Parameters
        ----------
        what : str
            What cannot be done without it, as the subject of a sentence.
        package : str
        extra : str
            Name of the extra in ``pyproject.toml``. Pip takes ``dlr[extra]`` from the dlr that is
            installed already, whatever the folder.
        """
        return cls(
            f"{what} needs {package}, which is not installed; get it with: {install_hint(extra)}"
        )


class WeightsError(DlrError):
    """Pretrained weights are unreachable, or are not the file they claim to be."""


class CaseError(DlrError):
    """One case cannot be processed; the batch goes on and the case is listed as failed."""


class StorageError(DlrError):
    """A file cannot be written: full disk, read-only folder, lost share; the whole run stops."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input: a sentence, and where it is.

    Parameters
    ----------
    message : str
        What is wrong and what to do about it, as one sentence.
    file : Path, optional
        The file at fault.
    row : int, optional
        Row of a table as a spreadsheet program shows it (the header is row 1).
    column : str, optional
        Column of a table, or key of a settings file.
    code : str
        A short stable name of the rule that was broken, such as ``"file-missing"``.
    line : int, optional
        Line of a settings file, counted from 1.
    """

    message: str
    file: Path | None = None
    row: int | None = None
    column: str | None = None
    code: str = "invalid"
    line: int | None = None

    def __str__(self) -> str:
        """Return the place and the sentence, as the command line prints them."""
        place = [str(self.file)] if self.file is not None else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column '{self.column}'")
        return f"{', '.join(place)}: {self.message}" if place else self.message


class InputError(DlrError):
    """The input breaks at least one rule; carries every fault found, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
