"""Results without the folders of the machine they were made on.

Folders tell who works where, and those of an export often bear patients' names. So whatever is
written shows paths from the study's image root, or files' names alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel

from dlr.safety.paths import shorten_paths

S = TypeVar("S", bound=BaseModel)
R = TypeVar("R")


def without_folders(settings: S) -> S:
    """Return settings whose absolute paths are file names.

    Parameters
    ----------
    settings : pydantic model
        Such as :class:`dlr.config.StudyConfig`.
    """
    names = type(settings).model_fields
    updates = {name: _plain(getattr(settings, name)) for name in names}
    return settings.model_copy(update=updates)


def shorten_reasons(table: pd.DataFrame, *roots: Path | None) -> pd.DataFrame:
    """Return a table of failures whose reasons show no absolute paths."""
    texts = [name for name in ("reason", "image", "mask", "file") if name in table]
    changed = {name: [_text(cell, roots) for cell in table[name]] for name in texts}
    return table.assign(**changed)


def private_result(result: R) -> R:
    """Return a result as it may be written: settings, reasons and provenance without folders.

    Parameters
    ----------
    result : StudyResult, ValidationResult, Ablation or CnnResult
        Any frozen dataclass with ``config`` and, where there are, ``failures`` and
        ``provenance``.
    """
    item: Any = result
    roots = (item.config.image_root, item.config.images.parent)
    updates: dict[str, Any] = {"config": without_folders(item.config)}
    if hasattr(item, "failures"):
        updates["failures"] = shorten_reasons(item.failures, *roots)
    if hasattr(item, "provenance"):
        updates["provenance"] = {k: _text(v, roots) for k, v in item.provenance.items()}
    found: R = replace(item, **updates)
    return found


def _text(value: Any, roots: tuple[Path | None, ...]) -> Any:
    # Without any root, a relative folder would be cut out of the middle of words.
    absolute = (root for root in roots if root is not None and root.is_absolute())
    return shorten_paths(value, *absolute) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """Return a value of the settings without folders."""
    if isinstance(value, BaseModel):
        return without_folders(value)
    if isinstance(value, Path):
        return Path(value.name) if value.is_absolute() else value
    if isinstance(value, str):
        return _name(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    return value


def _name(text: str) -> str:
    """Return the file's name where a text is nothing but an absolute path."""
    if "\n" in text or len(text) < 2:
        return text
    if PurePosixPath(text).is_absolute():
        return PurePosixPath(text).name
    windows = PureWindowsPath(text)
    return windows.name if windows.is_absolute() else text
