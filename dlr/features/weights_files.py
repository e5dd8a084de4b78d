"""Weights files: verifying, reading and downloading them."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse
from zipfile import is_zipfile

from dlr.errors import WeightsError
from dlr.safety.archives import check_archive
from dlr.safety.malformed import MALFORMED

if TYPE_CHECKING:
    from torch import Tensor

_TIMEOUT = 5.0  # seconds without an answer after which a download is given up
_LARGEST = 16_000_000_000  # bytes of all tensors; the largest networks in use have about 2 GB
_NAMED_HASH = re.compile(r"-([0-9a-f]{8,64})\.(?:pth|pt|safetensors)$")
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_RECORD = "dlr"  # entry of a .safetensors header that says what the weights belong to


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def state_sha256(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the numbers themselves, whatever file they came from."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def verify(path: Path, sha256: str | None = None) -> str:
    """Compare a file's checksum with `sha256` and with the first digits that its name carries.

    Names such as ``resnext50_32x4d-1a0047aa.pth`` are torchvision's: the digits after the hyphen
    are the beginning of the SHA-256.

    Returns
    -------
    str
        The file's SHA-256.

    Raises
    ------
    WeightsError
        If either differs.
    """
    found = file_sha256(path)
    if sha256 is not None and found != sha256.lower():
        raise WeightsError(
            f"the weights file {path} has the checksum {found}, but the study file says"
            f" {sha256.lower()}; get the file again, or correct embedding.sha256"
        )
    named = _NAMED_HASH.search(path.name)
    if named is not None and not found.startswith(named[1]):
        raise WeightsError(
            f"the weights file {path} is damaged: its checksum starts with"
            f" {found[: len(named[1])]}, its name promises {named[1]}; delete it and get it again"
        )
    return found


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a state dict and, from a file that dlr wrote, the record of what it belongs to.

    Nothing in the file is executed: ``.pth`` files are read with ``weights_only=True``.

    Returns
    -------
    tuple
        Tensors by name (wrappers such as ``state_dict`` and the prefix ``module.`` removed) and
        the record, empty for files of other origin.

    Raises
    ------
    WeightsError
        If the file cannot be read or holds anything but tensors.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    kinds: tuple[type[Exception], ...] = (*MALFORMED, SafetensorError)
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as stream:
                record = json.loads((stream.metadata() or {}).get(_RECORD, "{}"))
                # `keys` is a method of the opened file, which cannot be iterated itself.
                return {key: stream.get_tensor(key) for key in stream.keys()}, record  # noqa: SIM118
        if is_zipfile(path):
            check_archive(path, largest=_LARGEST, what="weights file")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except kinds as error:
        reason = " ".join(str(error).split())[:150] or "empty"
        raise WeightsError(
            f"the weights file {path} is no file of tensors ({reason}); give a state dict saved by"
            " torch.save, or a .safetensors file"
        ) from None
    return _tensors(content, path), {}


def write_state(state: Mapping[str, Tensor], path: Path, record: Mapping[str, str]) -> None:
    """Write a state dict as ``.safetensors``, with the record of what it belongs to."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    save_file(tensors, path, metadata={_RECORD: json.dumps(dict(record))})


def _tensors(content: object, path: Path) -> dict[str, Tensor]:
    """Unwrap a checkpoint down to its tensors."""
    from torch import Tensor

    if isinstance(content, dict):
        for wrapper in _WRAPPERS:
            if isinstance(content.get(wrapper), dict):
                content = content[wrapper]
                break
    if not isinstance(content, dict) or not content:
        raise WeightsError(f"the weights file {path} holds no state dict; save model.state_dict()")
    other = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if other:
        raise WeightsError(
            f"the weights file {path} holds '{other[0]}', which is no tensor; save"
            " model.state_dict() alone"
        )
    # Training on several GPUs puts 'module.' before every name.
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def download(url: str, path: Path) -> None:
    """Download a file, to a temporary neighbour first so that a broken transfer leaves nothing.

    Raises
    ------
    ConnectionError
        If the address is unreachable, or silent for some seconds; says why.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        # torch.hub's own download has no timeout: behind a silent firewall it hangs for minutes.
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response, partial.open("wb") as sink:
            shutil.copyfileobj(response, sink)
        partial.replace(path)
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError(_reason(error)) from None
    finally:
        partial.unlink(missing_ok=True)


def cached_hub_file(repository: str, filename: str) -> Path | None:
    """Return a file of the Hugging Face hub if it was downloaded before."""
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(repository, filename)
    return Path(cached) if isinstance(cached, str) else None


def hub_file(repository: str, filename: str) -> Path:
    """Return a file of a Hugging Face repository, from the local cache or downloaded.

    Raises
    ------
    ConnectionError
        If it is neither cached nor reachable; says why.
    """
    from huggingface_hub import constants, errors, hf_hub_download

    cached = cached_hub_file(repository, filename)
    if cached is not None:
        return cached
    if constants.HF_HUB_OFFLINE:
        raise ConnectionError("HF_HUB_OFFLINE is set")
    try:
        _refuse_long_waits(constants.ENDPOINT)
        return Path(hf_hub_download(repository, filename))
    except (OSError, ValueError, RuntimeError, errors.HfHubHTTPError) as error:
        raise ConnectionError(_reason(error)) from None


def _refuse_long_waits(address: str) -> None:
    """Stop at once where a host cannot be reached: the hub's client retries for half a minute."""
    parts = urlparse(address)
    if parts.scheme in urllib.request.getproxies() or parts.hostname is None:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname, port), timeout=_TIMEOUT).close()


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())[:150]
