"""The same network in fewer and faster operations, for computing features only.

In evaluation, batch normalisation after a convolution is a linear map of each channel and can be
multiplied into the convolution's weights. On a processor, convolutions whose weights lie in
memory as oneDNN wants them are about twice as fast again: torch rearranges them for every single
picture otherwise. Both change results in the last digits, and nothing else; each form is compared
with the network itself before it is used.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

TOLERANCE = 1e-5
"""Largest deviation from the network itself, as a share of its largest feature."""


def fast_form(module: nn.Module, size: int, device: torch.device) -> nn.Module:
    """Return the fastest form of a network that gives its results.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, on the processor; it is not changed.
    size : int
        Rows and columns of its input.
    device : torch.device
        Where it will compute. On a processor its convolutions are packed for single pictures.

    Returns
    -------
    torch.nn.Module
        With folded batch normalisation and, where torch offers it, packed convolutions. A form
        that deviates by more than `TOLERANCE` on a test picture is not taken.
    """
    picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    picture = (2 * picture - 1).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected = module(picture)
    fast = module
    forms: list[Callable[[nn.Module, Tensor], nn.Module]] = [fold_batch_norm]
    if device.type == "cpu" and _packing_works():
        forms.append(pack_convolutions)
    for form in forms:
        changed = form(fast, picture)
        if _agrees(changed, picture, expected):
            fast = changed
    return fast.to(device)


def _agrees(module: nn.Module, picture: Tensor, expected: Tensor) -> bool:
    with torch.inference_mode():
        found = module(picture)
    largest = float(expected.abs().max())
    return bool((found - expected).abs().max() <= TOLERANCE * largest)


def fold_batch_norm(module: nn.Module, picture: Tensor) -> nn.Module:
    """Return a copy in which batch normalisation is part of the convolution before it.

    Which convolution feeds which normalisation is seen by running the network on `picture`, so
    that networks of any structure can be folded.
    """
    folded = copy.deepcopy(module).to(memory_format=torch.channels_last)
    names = {layer: name for name, layer in folded.named_modules()}
    for convolution, norm in _pairs(folded, picture):
        mean, variance = norm.running_mean, norm.running_var
        if mean is None or variance is None:  # normalises by each batch, not by constants
            continue
        convolution.weight, bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            mean,
            variance,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        convolution.bias = bias
        # timm's normalisation layers hold the activation that follows them.
        rest = [layer for layer in (getattr(norm, "drop", None), getattr(norm, "act", None))]
        kept = [layer for layer in rest if isinstance(layer, nn.Module)]
        _replace(folded, names[norm], nn.Sequential(*kept) if kept else nn.Identity())
    return folded.requires_grad_(False)


def _pairs(module: nn.Module, picture: Tensor) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Find each batch normalisation that is given a convolution's output as it is."""
    outputs: list[tuple[Tensor, nn.Conv2d]] = []  # kept, so that no tensor takes another's place
    found: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []

    def remember(layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        if isinstance(layer, nn.Conv2d):
            outputs.append((output, layer))

    def match(layer: nn.Module, inputs: Any) -> None:
        if isinstance(layer, nn.BatchNorm2d):
            found.extend((conv, layer) for output, conv in outputs if output is inputs[0])

    with _hooked(module, remember, match), torch.inference_mode():
        module(picture)
    # A layer that is used several times cannot be folded into each of its neighbours.
    uses: Counter[nn.Module] = Counter(conv for _, conv in outputs)
    uses.update(norm for _, norm in found)
    return [(conv, norm) for conv, norm in found if uses[conv] == uses[norm] == 1]


class PackedConvolution(nn.Module):
    """A convolution whose weights lie in memory as oneDNN wants them."""

    def __init__(self, convolution: nn.Conv2d, input_shape: tuple[int, ...]) -> None:
        super().__init__()
        self._steps = (
            list(convolution.padding),
            list(convolution.stride),
            list(convolution.dilation),
            convolution.groups,
        )
        weight = convolution.weight.contiguous(memory_format=torch.channels_last)
        reorder = torch.ops.mkldnn._reorder_convolution_weight
        self._weight = reorder(weight, *self._steps, list(input_shape))
        self._bias = convolution.bias

    def forward(self, pictures: Tensor) -> Tensor:
        """Convolve pictures of shape (n, channels, rows, columns)."""
        convolve = torch.ops.mkldnn._convolution_pointwise
        return convolve(pictures, self._weight, self._bias, *self._steps, "none", [], "")


def pack_convolutions(module: nn.Module, picture: Tensor) -> nn.Module:
    """Return a copy whose plain convolutions are packed for pictures of the size of `picture`."""
    packed = copy.deepcopy(module)
    shapes: dict[nn.Conv2d, set[tuple[int, ...]]] = {}

    def remember(layer: nn.Module, inputs: Any, _output: Tensor) -> None:
        # Subclasses may pad in ways of their own.
        if type(layer) is not nn.Conv2d:
            return
        if layer.padding_mode == "zeros" and isinstance(layer.padding, tuple):
            shapes.setdefault(layer, set()).add(tuple(inputs[0].shape))

    with _hooked(packed, remember), torch.inference_mode():
        packed(picture)
    names = {layer: name for name, layer in packed.named_modules()}
    with torch.inference_mode():
        for layer, found in shapes.items():
            if len(found) == 1:
                _replace(packed, names[layer], PackedConvolution(layer, next(iter(found))))
    return packed


def _packing_works() -> bool:
    """Tell whether this torch packs weights: the operations behind torch.compile are not public."""
    if not torch.backends.mkldnn.is_available():
        return False
    layer = nn.utils.skip_init(nn.Conv2d, 4, 4, 3).requires_grad_(False)  # draws no numbers
    try:
        with torch.inference_mode():
            PackedConvolution(layer, (1, 4, 8, 8))(torch.zeros(1, 4, 8, 8))
    except (AttributeError, RuntimeError, TypeError):
        return False
    return True


def _replace(module: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, layer)


@contextmanager
def _hooked(
    module: nn.Module,
    after: Callable[[nn.Module, Any, Tensor], None],
    before: Callable[[nn.Module, Any], None] | None = None,
) -> Iterator[None]:
    """Watch what passes through a network's convolutions and normalisations."""
    layers = [x for x in module.modules() if isinstance(x, nn.Conv2d | nn.BatchNorm2d)]
    handles = [layer.register_forward_hook(after) for layer in layers]
    if before is not None:
        handles += [layer.register_forward_pre_hook(before) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
