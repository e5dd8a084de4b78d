"""Deep features: a pretrained classifier without its head, applied to ROI crops.

The features of a crop depend on the crop alone: not on its neighbours in the batch, not on the
order, not on whether a run was interrupted. On a processor crops therefore go through one by one
(one crop keeps all cores busy; batches were measured to be no faster); on a GPU every batch is
padded to the same size. Images are laid out with channels last, which processors run faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dlr.config import EmbeddingSettings
from dlr.errors import DlrError, WeightsError
from dlr.features.weights import (
    _PACKAGED_STRUCTURE,
    PACKAGED_BACKBONE,
    Weights,
    find_weights,
    state_sha256,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

IMAGENET_MEAN, IMAGENET_SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, eq=False)
class Backbone:
    """A network that turns crops into features.

    Attributes
    ----------
    name : str
        As in the study file.
    weights_name : str
        Where the weights come from, for people.
    sha256 : str
        Of the weights' numbers; part of every cache key.
    dimension : int
        Features per crop.
    input_size : int
        Side of the square the network looks at, in pixels.
    """

    name: str
    weights_name: str
    sha256: str
    dimension: int
    input_size: int
    _network: nn.Module
    _mean: tuple[float, ...]
    _sd: tuple[float, ...]
    _device: torch.device
    _batch_size: int

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return the features of each crop.

        Parameters
        ----------
        crops : array of shape (n, height, width)
            Grey values in [0, 1].

        Returns
        -------
        array of float32, shape (n, dimension)
        """
        import torch

        size = 1 if self._device.type == "cpu" else self._batch_size
        rows = []
        with torch.inference_mode():
            for start in range(0, len(crops), size):
                batch = self._prepare(crops[start : start + size])
                missing = size - len(batch)
                padded = torch.nn.functional.pad(batch, (0, 0, 0, 0, 0, 0, 0, missing))
                inputs = padded.to(self._device, memory_format=torch.channels_last)
                features = self._network(inputs)[: len(batch)]
                rows.append(features.flatten(1).float().cpu().numpy())
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), np.float32)

    def _prepare(self, crops: np.ndarray) -> Tensor:
        """Resize, repeat to three channels, and normalise as the weights expect."""
        import torch

        batch = torch.from_numpy(np.array(crops, dtype=np.float32))[:, None]
        side = (self.input_size, self.input_size)
        if tuple(batch.shape[-2:]) != side:
            batch = torch.nn.functional.interpolate(
                batch, side, mode="bilinear", antialias=True, align_corners=False
            )
        mean = torch.tensor(self._mean).view(1, -1, 1, 1)
        sd = torch.tensor(self._sd).view(1, -1, 1, 1)
        return (batch.expand(-1, len(self._mean), -1, -1) - mean) / sd

    def save_weights(self, path: Path) -> None:
        """Write the weights as ``.safetensors``; loading that file gives the same features."""
        from safetensors.torch import save_file

        state = self._network.state_dict()
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        save_file(tensors, path)


def load_backbone(settings: EmbeddingSettings) -> Backbone:
    """Build a backbone with its pretrained weights.

    Raises
    ------
    WeightsError
        If the weights are unreachable or do not fit the backbone.
    DlrError
        If neither torchvision nor timm knows the backbone, or the device does not exist.
    """
    import torch

    device = _device(settings.device)
    network, size, mean, sd = _build(settings.backbone)
    weights = find_weights(settings)
    _fill(network, weights, settings.backbone)
    network.eval().to(memory_format=torch.channels_last).to(device)
    with torch.inference_mode():
        dimension = network(torch.zeros(1, 3, size, size, device=device)).flatten(1).shape[1]
    return Backbone(
        settings.backbone,
        weights.description,
        state_sha256(network.state_dict()),
        dimension,
        size,
        network,
        mean,
        sd,
        device,
        settings.batch_size,
    )


def _device(name: str) -> torch.device:
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise DlrError("embedding.device is 'cuda', but no GPU is there; use 'auto' or 'cpu'")
    return torch.device(name)


def _build(name: str) -> tuple[nn.Module, int, tuple[float, ...], tuple[float, ...]]:
    """Return a headless network with random weights, its input side, and mean and SD."""
    import timm
    from torchvision.models import get_model, get_model_weights, list_models

    if name in list_models():
        network = get_model(name, weights=None)
        _cut_head(network)
        transforms = get_model_weights(name).DEFAULT.transforms()
        return network, int(transforms.crop_size[0]), IMAGENET_MEAN, IMAGENET_SD
    structure = _PACKAGED_STRUCTURE if name == PACKAGED_BACKBONE else name
    if not timm.is_model(structure):
        raise DlrError(
            f"embedding.backbone is '{name}', which neither torchvision nor timm knows; use a name "
            "such as resnext50_32x4d"
        )
    network = timm.create_model(structure, pretrained=False, num_classes=0)
    settings = cast(dict[str, Any], network.pretrained_cfg)
    return network, int(settings["input_size"][-1]), settings["mean"], settings["std"]


def _cut_head(network: nn.Module) -> None:
    """Replace the last linear layer, so that the penultimate features come out."""
    from torch import nn

    head = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
    parent, _, child = head.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())


def _fill(network: nn.Module, weights: Weights, name: str) -> None:
    """Load weights into the network; the head's are dropped, anything else must fit."""
    expected = network.state_dict()
    state = {key: tensor for key, tensor in weights.state.items() if key in expected}
    absent = [key for key in expected if key not in state]
    # Old files lack the counter of batches, which is not used after training.
    absent = [key for key in absent if not key.endswith("num_batches_tracked")]
    if absent:
        raise WeightsError(
            f"the weights ({weights.description}) do not belong to '{name}': "
            f"{len(absent)} layers are absent, the first is '{absent[0]}'"
        )
    wrong = [key for key, tensor in state.items() if tensor.shape != expected[key].shape]
    if wrong:
        raise WeightsError(
            f"the weights ({weights.description}) do not belong to '{name}': the layer "
            f"'{wrong[0]}' has shape {tuple(state[wrong[0]].shape)}, expected "
            f"{tuple(expected[wrong[0]].shape)}"
        )
    network.load_state_dict(state, strict=False)
