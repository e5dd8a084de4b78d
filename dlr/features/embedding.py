"""Deep features: what an ImageNet classifier makes of an ROI crop before it decides.

The crop (grey, in [0, 1]) is repeated to three channels, resized to the network's input,
normalised as its weights expect, and passed through the network without its last layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlr.errors import WeightsError
from dlr.features.embedding_compute import (
    Compute,
    InBatches,
    OneByOne,
    Preparation,
    single_threaded,
)
from dlr.features.embedding_folding import fast_form
from dlr.features.embedding_networks import Network, build_network, load_state
from dlr.features.weights import PACKAGED_BACKBONE, find_weights
from dlr.features.weights_files import state_sha256, write_state
from dlr.settings import EmbeddingSettings

if TYPE_CHECKING:
    import torch

EMBEDDING_VERSION = 2
"""Counts changes of dlr's own code that change any deep feature; part of every cache key."""

_PACKAGED_ARCHITECTURE = "tf_efficientnet_lite0"  # timm's, with TensorFlow's padding


@dataclass(frozen=True, eq=False)
class Backbone:
    """A pretrained network that turns ROI crops into feature vectors.

    Make one with `load_backbone`.

    Attributes
    ----------
    name : str
        Network, as in the settings.
    weights_name : str
        Where the weights come from, in words.
    sha256 : str
        Of the weights' numbers, whatever file they came from; part of every cache key.
    dimension : int
        Length of a feature vector.
    input_size : int
        Rows and columns the network works on.
    device : torch.device
        Where it computes.
    """

    name: str
    weights_name: str
    sha256: str
    dimension: int
    input_size: int
    device: torch.device
    network: Network = field(repr=False)
    compute: Compute = field(repr=False)

    @property
    def numerics(self) -> str:
        """What decides the last digits besides weights and device: part of every cache key."""
        return f"{EMBEDDING_VERSION} {self.compute.name}"

    def embed(self, crops: ArrayLike) -> NDArray[np.float32]:
        """Compute the feature vectors of crops.

        A crop's vector depends on that crop alone, to the last bit: not on the other crops,
        their order or number, nor (on a CPU) on the number of threads or workers. On a CPU
        every crop passes on its own through a single-threaded network, several of them side
        by side; on a GPU batches always have the same number of members, the last one being filled
        up. Between devices, runtimes and kinds of processors, results differ by rounding (about
        1e-6 of the largest feature).

        Parameters
        ----------
        crops : array-like of shape (n, height, width)
            Grey values in [0, 1].

        Returns
        -------
        ndarray of float32, shape (n, dimension)

        Raises
        ------
        ValueError
            If `crops` is not three-dimensional or holds values outside [0, 1] or NaN.
        """
        pictures = _checked(crops)
        if len(pictures) == 0:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return self.compute(pictures).astype(np.float32, copy=False)

    def save_weights(self, path: str | Path) -> None:
        """Write the network's weights, with the record of what they are, for a model bundle.

        ``EmbeddingSettings(backbone=<name>, weights=<path>)`` loads them back; embeddings are
        then equal to the last bit.

        Parameters
        ----------
        path : str or Path
            A file ending in ``.safetensors``; its folder must exist.
        """
        path = Path(path)
        if path.suffix != ".safetensors":
            raise ValueError(f"weights are saved as a .safetensors file, but got {path.name!r}")
        record = {
            "backbone": self.name,
            "library": self.network.library,
            "architecture": self.network.name,
            "description": self.weights_name,
        }
        write_state(self.network.module.state_dict(), path, record)


def load_backbone(settings: EmbeddingSettings | None = None) -> Backbone:
    """Load a pretrained network as the settings say.

    Parameters
    ----------
    settings : EmbeddingSettings, optional
        ``backbone``: a classifier of torchvision or timm; ``weights``: "torchvision" or "timm"
        (by name, from the local cache or downloaded), "packaged" (EfficientNet-Lite0), or a
        state dict file; ``sha256``: checksum that file must have; ``device``: "auto" takes a
        GPU when there is one; ``runtime``: "openvino" is faster and always uses the processor;
        ``precision``: on a GPU, "mixed" is faster and leaves three digits, processors compute in
        full.

    Returns
    -------
    Backbone

    Raises
    ------
    WeightsError
        If backbone or weights are unknown, unreachable, damaged, or do not belong together.
        Random weights are never used instead.
    MissingDependencyError
        If the runtime is "openvino" and OpenVINO is not installed.
    """
    import torch

    settings = settings or EmbeddingSettings()
    openvino = settings.runtime == "openvino"
    device = torch.device("cpu") if openvino else _device(settings.device)
    network, weights_name = _network_with_weights(settings)
    network.module.requires_grad_(False)
    if openvino:
        from dlr.features.embedding_openvino import OpenVinoCompute

        streams = torch.get_num_threads()
        compute: Compute = OpenVinoCompute.compile(network.module, Preparation.of(network), streams)
    else:
        compute = _torch_compute(network, settings, device)
    with single_threaded(), torch.inference_mode():
        blank = torch.zeros(1, 3, network.input_size, network.input_size)
        dimension = int(network.module(blank).flatten(1).shape[1])
    return Backbone(
        name=settings.backbone,
        weights_name=weights_name,
        sha256=state_sha256(network.module.state_dict()),
        dimension=dimension,
        input_size=network.input_size,
        device=device,
        network=network,
        compute=compute,
    )


def _torch_compute(network: Network, settings: EmbeddingSettings, device: torch.device) -> Compute:
    """Choose how pictures pass through the network in torch."""
    prepare = Preparation.of(network)
    with single_threaded():
        module = fast_form(network.module, network.input_size, device)
    if device.type == "cpu":
        return OneByOne(module, prepare)
    mixed = settings.precision == "mixed"
    return InBatches(module, prepare, settings.batch_size, device, mixed)


def _network_with_weights(settings: EmbeddingSettings) -> tuple[Network, str]:
    """Build the network and fill it; the weights decide which library's structure it has."""
    name, library = settings.backbone, None
    if settings.weights == "packaged" and name == PACKAGED_BACKBONE:
        name, library = _PACKAGED_ARCHITECTURE, "timm"
    elif settings.weights in ("torchvision", "timm"):
        library = settings.weights
    network = build_network(name, library) if library else None
    weights = find_weights(settings)
    record = weights.record
    if record and record["backbone"] != settings.backbone:
        raise WeightsError(
            f"the weights ({settings.weights}) were saved for '{record['backbone']}', not for"
            f" '{settings.backbone}'; set embedding.backbone to {record['backbone']}"
        )
    if network is None:
        network = build_network(record.get("architecture", name), record.get("library"))
    load_state(network, weights.state, weights.description)
    return network, weights.description


def _device(name: str) -> torch.device:
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise WeightsError(
            f"embedding.device must be auto, cpu, cuda or cuda:<number>, but got '{name}'"
        ) from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise WeightsError(
            f"embedding.device is '{name}', but no GPU is there; use 'auto' or 'cpu'"
        )
    return device


def _checked(crops: ArrayLike) -> NDArray[np.float32]:
    pictures = np.ascontiguousarray(crops, dtype=np.float32)
    if pictures.ndim != 3:
        raise ValueError(f"crops must have the shape (n, height, width), but got {pictures.shape}.")
    if pictures.size and not (pictures.min() >= 0 and pictures.max() <= 1):
        raise ValueError(
            "crops must lie in [0, 1],"
            f" but got values from {pictures.min():.6g} to {pictures.max():.6g}."
        )
    return pictures
