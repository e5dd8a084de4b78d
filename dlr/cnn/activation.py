"""Class activation maps: where in the picture a network found what it says."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlr.cnn.networks import CnnNetwork
from dlr.errors import DlrError, MissingDependencyError

_TRANSFORMERS = ("vit", "swin", "deit", "beit", "maxvit")


def target_layer(network: CnnNetwork) -> nn.Module:
    """Return the last layer whose output is still a map, for Grad-CAM.

    ResNet and ResNeXt: the last block; DenseNet: the last normalisation; torchvision's
    EfficientNets: the last convolution with its normalisation and activation; MobileViT: the
    convolution after the transformers (so nothing has to be reshaped); any other network: its
    last convolution.

    Raises
    ------
    DlrError
        If the network has none (a pure transformer).
    """
    module, name = network.module, network.architecture
    if hasattr(module, "layer4"):
        return _last(module.layer4)
    if name.startswith(("densenet", "efficientnet", "mobilenet", "convnext", "vgg")):
        features = getattr(module, "features", None)
        if isinstance(features, nn.Sequential) and not name.startswith("vgg"):
            return _last(features)
    if isinstance(getattr(module, "final_conv", None), nn.Module):
        return module.final_conv  # type: ignore[return-value]
    if isinstance(getattr(module, "conv_head", None), nn.Module) and hasattr(module, "bn2"):
        return module.bn2  # type: ignore[return-value]
    convolutions = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    if not convolutions or name.startswith(_TRANSFORMERS):
        raise DlrError(
            f"'{name}' ends in no convolution, so it has no class activation map; use a "
            "convolutional network"
        )
    return convolutions[-1]


def _last(layers: object) -> nn.Module:
    assert isinstance(layers, nn.Sequential)
    return layers[-1]


def activation_maps(
    network: CnnNetwork,
    pictures: NDArray[np.uint8],
    output: int,
    method: str = "gradcam",
    batch_size: int = 16,
    against: bool = False,
) -> NDArray[np.float32]:
    """Compute where a network sees one of its outputs.

    Parameters
    ----------
    network : CnnNetwork
        Switched to evaluation.
    pictures : numpy.ndarray of uint8, shape (n, size, size)
    output : int
        Which output (label).
    method : {"gradcam", "hirescam"}
        Selvaraju et al., ICCV 2017; Draelos & Carin, arXiv:2011.08891.
    batch_size : int
    against : bool
        Whether to show what speaks against the label rather than for it.

    Returns
    -------
    numpy.ndarray of float32, shape (n, size, size)
        Each between 0 and 1 (its own smallest and largest value); all zero where nothing speaks
        for the label.

    Raises
    ------
    MissingDependencyError
        If pytorch-grad-cam is not installed.
    """
    try:
        from pytorch_grad_cam import GradCAM, HiResCAM
    except ImportError:
        what = "drawing activation maps"
        raise MissingDependencyError.of(what, "pytorch-grad-cam", "cnn") from None
    network.set_mode(training=False)
    device = next(network.module.parameters()).device
    parts = []
    chosen = GradCAM if method == "gradcam" else HiResCAM
    # Leaving the block takes the hooks off again.
    with torch.enable_grad(), chosen(network.module, [target_layer(network)]) as explainer:
        for start in range(0, len(pictures), batch_size):
            grey = torch.from_numpy(pictures[start : start + batch_size]).unsqueeze(1)
            inputs: Tensor = network.normalise(grey.to(device))
            targets = [partial(_evidence, output=output, against=against)] * len(inputs)
            parts.append(explainer(input_tensor=inputs, targets=targets))
    network.module.zero_grad(set_to_none=True)
    return np.concatenate(parts).astype(np.float32)


def _evidence(outputs: Tensor, output: int, against: bool) -> Tensor:
    """Return what a picture's map explains: one of its outputs, or its negative."""
    value = outputs[..., output]
    return -value if against else value


def control_maps(
    network: CnnNetwork, pictures: NDArray[np.uint8], output: int, method: str = "gradcam"
) -> NDArray[np.float32]:
    """Compute the maps of a network with random weights, for comparison.

    The sign of a random output means nothing, and half of all such networks find nothing that
    speaks for it; their maps show what speaks against it, so that a control exists (Adebayo et
    al., NeurIPS 2018, randomise the weights to tell explanations from edge detectors).

    Parameters
    ----------
    network, pictures, output, method
        As for :func:`activation_maps`.
    """
    found = activation_maps(network, pictures, output, method)
    empty = np.ptp(found, axis=(1, 2)) == 0
    if empty.any():
        found[empty] = activation_maps(network, pictures[empty], output, method, against=True)
    return found


def mass_inside(maps: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each map's sum that lies inside its ROI, 0 to 1; NaN for empty maps.

    A map that ignores the ROI has about the ROI's share of the picture.
    """
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    inside = (maps * masks).sum(axis=(1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.full(len(maps), np.nan), where=total > 0)


def map_similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return Spearman's correlation of each pair of maps; NaN where one is constant."""
    from scipy.stats import rankdata

    first = rankdata(a.reshape(len(a), -1), axis=1)
    second = rankdata(b.reshape(len(b), -1), axis=1)
    first -= first.mean(axis=1, keepdims=True)
    second -= second.mean(axis=1, keepdims=True)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    product = (first * second).sum(axis=1)
    return np.divide(product, scale, out=np.full(len(a), np.nan), where=scale > 0)
