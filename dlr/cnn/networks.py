"""Any torchvision or timm classifier with a new last layer."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dlr.cnn.settings import NetworkSettings
from dlr.errors import WeightsError
from dlr.features.embedding_networks import Network, build_network, load_state
from dlr.features.weights import PACKAGED_BACKBONE, find_weights
from dlr.settings import EmbeddingSettings

TESTED = ("efficientnet_b5", "resnet34", "densenet121", "mobilevit_s", "resnext50_32x4d")
"""Networks of the two published studies; every other classifier works on the same road."""
_TWO_OUTPUTS = ("googlenet", "inception_v3")
_OWN_KEYS = (
    (r"(?<![\w./\\])embedding\.backbone\b(?!\.\w)", "network.architecture"),
    (r"(?<![\w./\\])embedding\.(weights|sha256)\b(?!\.\w)", r"network.\1"),
    (r"'embedding: \{backbone:", "'network: {architecture:"),
    (r"\banother backbone\b", "another network"),
)
_FROM_SCRATCH = "from scratch: randomly initialised, no pretrained weights"


@dataclass(frozen=True, eq=False)
class CnnNetwork:
    """A classifier ready to be trained.

    Attributes
    ----------
    architecture : str
    module : torch.nn.Module
        Maps ``(n, 3, size, size)`` to ``(n, n_outputs)``.
    head : torch.nn.Module
        Its new last layer.
    mean, standard_deviation : tuple of float
        Of each channel, for inputs in [0, 1], as the weights expect.
    weights_name : str
        Where it starts from, in words.
    """

    architecture: str
    module: nn.Module = field(repr=False)
    head: nn.Module = field(repr=False)
    mean: tuple[float, ...]
    standard_deviation: tuple[float, ...]
    weights_name: str

    def normalise(self, pictures: Tensor) -> Tensor:
        """Turn grey pictures, uint8 (n, 1, h, w) or float in [0, 1], into the network's input."""
        values = pictures.float() / 255 if pictures.dtype == torch.uint8 else pictures
        mean = torch.tensor(self.mean, device=values.device).reshape(1, -1, 1, 1)
        deviation = torch.tensor(self.standard_deviation, device=values.device)
        normal = (values - mean) / deviation.reshape(1, -1, 1, 1)
        return normal.contiguous(memory_format=torch.channels_last)

    def backbone_parameters(self) -> list[nn.Parameter]:
        """Return all parameters but those of the new last layer."""
        head = {id(parameter) for parameter in self.head.parameters()}
        return [parameter for parameter in self.module.parameters() if id(parameter) not in head]

    def set_mode(self, *, training: bool, frozen: bool = False) -> None:
        """Switch to training or evaluation; a frozen backbone keeps its batch statistics too."""
        self.module.train(training and not frozen)
        self.head.train(training)
        for parameter in self.backbone_parameters():
            parameter.requires_grad_(not (training and frozen))


def build_classifier(
    settings: NetworkSettings, n_outputs: int, size: int, seed: int = 0, *, load: bool = True
) -> CnnNetwork:
    """Build a network, load the weights it starts from, and give it a new last layer.

    Parameters
    ----------
    settings : NetworkSettings
        ``weights: none`` starts from scratch; that is never done unasked.
    n_outputs : int
        Labels and numbers to predict.
    size : int
        Pixels per side of its pictures.
    seed : int
        Of the new layer, and of all weights when starting from scratch.
    load : bool
        Whether to load pretrained weights; False where a trained state follows.

    Raises
    ------
    WeightsError
        If the network is unknown or cannot take such pictures, or its weights are not there.
    """
    name = settings.architecture
    if name in _TWO_OUTPUTS:
        raise WeightsError(
            f"network.architecture '{name}' has a second output in training, which dlr does not "
            "train; choose another, such as resnet34"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, described = _pretrained(settings, load)
        head = _new_head(network, n_outputs, settings.dropout)
    _check_size(name, network.module, size)
    module = network.module.to(memory_format=torch.channels_last)
    return CnnNetwork(name, module, head, network.mean, network.standard_deviation, described)


def _pretrained(settings: NetworkSettings, load: bool) -> tuple[Network, str]:
    """Return the network without its last layer, with weights; messages name this study's keys."""
    name = settings.architecture
    library = settings.weights if settings.weights in ("torchvision", "timm") else None
    if name == PACKAGED_BACKBONE:
        name, library = "tf_efficientnet_lite0", "timm"
    try:
        network = build_network(name, library)
        if settings.weights == "none" or not load:
            return network, _FROM_SCRATCH
        weights = find_weights(
            EmbeddingSettings(
                backbone=settings.architecture, weights=settings.weights, sha256=settings.sha256
            )
        )
        load_state(network, weights.state, weights.description)
    except WeightsError as error:
        raise WeightsError(_in_own_keys(str(error))) from None
    return network, weights.description


def _in_own_keys(message: str) -> str:
    """Name the keys of a CNN study where a message names those of a radiomics study.

    Only whole keys are replaced: a file may well be called embedding.pth.
    """
    for pattern, own in _OWN_KEYS:
        message = re.sub(pattern, own, message)
    return message


def _new_head(network: Network, n_outputs: int, dropout: float) -> nn.Module:
    """Put a fresh linear layer where the old last layer was."""
    if network.library == "timm":
        network.module.reset_classifier(n_outputs)  # type: ignore[operator]
        head = network.module.get_classifier()  # type: ignore[operator]
        place = next(key for key, layer in network.module.named_modules() if layer is head)
    else:
        place = network.head[0].removesuffix(".")
        head = nn.Linear(_width(network.name, place), n_outputs)
    if dropout > 0:
        head = nn.Sequential(nn.Dropout(dropout), head)
    network.module.set_submodule(place, head)
    return head


def _width(name: str, place: str) -> int:
    """Return how many inputs torchvision's own last layer has, without making its weights."""
    from torchvision import models

    with torch.device("meta"):
        layer = models.get_model(name, weights=None).get_submodule(place)
    assert isinstance(layer, nn.Linear)
    return layer.in_features


def _check_size(name: str, module: nn.Module, size: int) -> None:
    """Pass an empty picture through a copy without numbers, to see whether the size fits."""
    try:
        with torch.no_grad():
            copy.deepcopy(module).to("meta").eval()(torch.empty(2, 3, size, size, device="meta"))
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(
            f"network.architecture '{name}' cannot take pictures of {size} pixels ({reason}); set "
            "pictures.size to what it expects, such as 224"
        ) from None
