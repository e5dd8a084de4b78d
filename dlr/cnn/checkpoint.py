"""Checkpoints: written whole or not at all, read without executing anything."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from dlr.errors import DlrError
from dlr.safe_files import write_atomically
from dlr.safety.malformed import MALFORMED


def write_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write tensors, numbers and texts so that `path` holds all of it or does not change."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_atomically(path, buffer.getvalue())


def read_checkpoint(path: Path, key: str) -> dict[str, Any] | None:
    """Return a checkpoint, None where there is none.

    Raises
    ------
    DlrError
        If it is damaged, or was written by a training with other settings or data (`key`).
    """
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except MALFORMED as error:
        reason = " ".join(str(error).split())[:100]
        raise DlrError(f"the checkpoint {path} is damaged ({reason}); delete it") from None
    if not isinstance(state, dict) or state.get("key") != key:
        raise DlrError(
            f"the checkpoint {path} belongs to a training with other settings or data; delete its "
            "folder to start anew, or choose another --out"
        )
    return state
