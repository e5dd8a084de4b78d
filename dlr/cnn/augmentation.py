"""Random changes of training pictures, as named in the study file; none unless named.

Each picture's changes are drawn from the study's seed, the epoch and the picture's own number,
so they do not depend on the number of loading processes or devices, nor on an interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.transforms import v2

from dlr.cnn.settings import Augmentation

Transform = Callable[[Tensor], Tensor]


class Augmenter:
    """Apply the named changes to one picture.

    Parameters
    ----------
    steps : sequence of Augmentation
        In order.
    seed : int
        The study's.
    """

    def __init__(self, steps: Sequence[Augmentation], seed: int) -> None:
        self.steps = [v2.RandomApply([_transform(step)], p=step.probability) for step in steps]
        self.seed = seed

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.steps)

    def __call__(self, picture: Tensor, epoch: int, number: int) -> Tensor:
        """Return a changed picture.

        Parameters
        ----------
        picture : torch.Tensor of uint8, shape (1, size, size)
        epoch, number : int
            Epoch, and the picture's position in the study.

        Returns
        -------
        torch.Tensor of float32, shape (1, size, size), in [0, 1]
        """
        values = picture.float() / 255
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(mixed_seed(self.seed, epoch, number))
            for step in self.steps:
                values = step(values)
        return values.clamp(0, 1)


def mixed_seed(*numbers: int) -> int:
    """Return one seed that differs for every tuple of numbers (an FNV-1a hash)."""
    value = 0xCBF29CE484222325
    for number in numbers:
        value = ((value ^ (number & 0xFFFFFFFF)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value >> 1


def _transform(step: Augmentation) -> Transform:
    amount = step.amount
    bilinear = v2.InterpolationMode.BILINEAR
    made: dict[str, Callable[[], Transform]] = {
        "horizontal_flip": lambda: v2.RandomHorizontalFlip(p=1.0),
        "vertical_flip": lambda: v2.RandomVerticalFlip(p=1.0),
        "rotation": lambda: v2.RandomRotation(amount, interpolation=bilinear),
        "translation": lambda: v2.RandomAffine(
            0, translate=(min(amount, 1), min(amount, 1)), interpolation=bilinear
        ),
        "scale": lambda: v2.RandomAffine(
            0, scale=(1 / (1 + amount), 1 + amount), interpolation=bilinear
        ),
        "brightness": lambda: v2.ColorJitter(brightness=amount),
        "contrast": lambda: v2.ColorJitter(contrast=amount),
        "noise": lambda: v2.GaussianNoise(sigma=amount, clip=True),
    }
    return made[step.name]()
