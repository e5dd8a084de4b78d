"""Folding and packing change the last digits only, and only where they are right."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dlr.features.embedding_folding import (
    TOLERANCE,
    PackedConvolution,
    fast_form,
    fold_batch_norm,
    pack_convolutions,
)
from dlr.features.embedding_networks import build_network

CPU = torch.device("cpu")


def lively(module: nn.Module) -> nn.Module:
    """Give batch normalisation numbers that matter."""
    generator = torch.Generator().manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.3, generator=generator)
            layer.running_var.uniform_(0.5, 2.0, generator=generator)
            layer.weight.data.uniform_(0.5, 1.5, generator=generator)
            layer.bias.data.normal_(0, 0.3, generator=generator)
    return module.eval().requires_grad_(False)


def picture(size: int) -> Tensor:
    return torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))


def assert_agrees(found: nn.Module, expected: nn.Module, size: int) -> None:
    with torch.inference_mode():
        a, b = found(picture(size)), expected(picture(size))
    assert (a - b).abs().max() <= TOLERANCE * b.abs().max()


@pytest.mark.parametrize(
    ("name", "library", "left"),
    # DenseNet normalises before it convolves: half of its layers cannot be folded.
    [
        ("tf_efficientnet_lite0", "timm", 0),
        ("densenet121", "torchvision", 62),
    ],
)
def test_networks_of_any_structure_are_folded(name: str, library: str, left: int) -> None:
    torch.manual_seed(0)
    module = lively(build_network(name, library).module)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    folded = fold_batch_norm(module, picture(64))
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules()) == left
    assert_agrees(folded, module, 64)
    fast = fast_form(module, 64, CPU)
    assert_agrees(fast, module, 64)
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


class Shared(nn.Module):
    """One convolution before two normalisations, and one whose output is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Conv2d(3, 3, 3, padding=1)
        self.first, self.second = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.forked, self.third = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, pictures: Tensor) -> Tensor:
        twice = self.second(self.shared(self.first(self.shared(pictures))))
        fork = self.forked(twice)
        return (self.third(fork) + fork).mean((2, 3))


def test_layers_that_cannot_be_folded_are_left() -> None:
    torch.manual_seed(0)
    module = lively(Shared())
    folded = fold_batch_norm(module, picture(8))
    assert isinstance(folded.first, nn.BatchNorm2d)
    assert isinstance(folded.second, nn.BatchNorm2d)
    # The fork is not seen when folding; comparing with the network finds it.
    fast = fast_form(module, 8, CPU)
    assert isinstance(fast.third, nn.BatchNorm2d)
    assert_agrees(fast, module, 8)


def test_convolutions_with_paddings_of_their_own_are_not_packed() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, 3, stride=2, groups=2),
    ).requires_grad_(False)
    packed = pack_convolutions(module, picture(16))
    kinds = [isinstance(layer, PackedConvolution) for layer in packed]
    assert kinds == [False, False, True]
    assert_agrees(packed, module, 16)


def test_without_packing_networks_are_folded_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    module = lively(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    fast = fast_form(module, 8, CPU)
    assert isinstance(fast[0], nn.Conv2d)
    assert isinstance(fast[1], nn.Identity)
    assert_agrees(fast, module, 8)
