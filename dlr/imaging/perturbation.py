"""Perturbed copies of an image and its ROI, to see which features stay the same.

A feature that changes when the patient lies half a voxel further, when the noise is drawn once
more, or when the contour is drawn by somebody else, says nothing reliable about the patient.
Zwanenburg A, Leger S, Agolli L, Pilz K, Troost EGC, Richter C, Löck S, Assessing robustness of
radiomic features by image perturbation, Sci Rep 9:614 (2019).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.errors import CaseError
from dlr.imaging.perturbation_images import add_noise, noise_level, reposition
from dlr.imaging.perturbation_masks import Supervoxels, change_volume
from dlr.imaging.perturbation_settings import PerturbationSettings

PERTURBATION_VERSION = 1
"""Raised whenever the same seed gives another copy; part of every cache key."""


@dataclass(frozen=True, eq=False)
class PerturbedPair:
    """One perturbed copy, and what was done to it.

    Attributes
    ----------
    image, mask : SimpleITK.Image
        On the grid of the originals; the image is the original itself where only the ROI was
        perturbed. The mask is uint8 and never empty.
    noise : float
        Standard deviation of the added noise, in units of the image.
    degrees : float
        Rotation in the slice plane.
    shift : tuple of float
        Along the two array axes within a slice, in their order, in voxels.
    volume : float
        Share by which the ROI was grown (or, negative, shrunk) before its contour was redrawn.
    """

    image: sitk.Image
    mask: sitk.Image
    noise: float = 0.0
    degrees: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    volume: float = 0.0


@dataclass(frozen=True, eq=False)
class Perturber:
    """Makes perturbed copies of one image and ROI.

    The noise level and the supervoxels are found once, whatever the number of copies.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask on the same grid.
    settings : PerturbationSettings, optional

    Raises
    ------
    CaseError
        If the ROI is empty.

    Examples
    --------
    >>> copies = Perturber(image, mask)                               # doctest: +SKIP
    >>> copies.draw(seed=0, case_id="P01", repetition=1).mask         # doctest: +SKIP
    """

    image: sitk.Image
    mask: sitk.Image
    settings: PerturbationSettings = field(default_factory=PerturbationSettings)

    def __post_init__(self) -> None:
        if not sitk.GetArrayViewFromImage(self.mask).any():
            raise CaseError("The ROI is empty; draw it or leave out the row.")

    def draw(self, seed: int, case_id: str, repetition: int) -> PerturbedPair:
        """Make one copy.

        The image gets noise first. The ROI is grown or shrunk, then its contour is redrawn along
        the supervoxels of the image as scanned. Last, both are turned and shifted together. Each
        step has random numbers of its own, so that the same seed gives the same shift in every
        chain.

        Parameters
        ----------
        seed : int
            Of the study.
        case_id : str
        repetition : int
            From 1; 0 is the original, unperturbed.

        Returns
        -------
        PerturbedPair
            Equal for equal arguments, whoever computes it and in whatever order.
        """
        if repetition == 0:
            return PerturbedPair(self.image, sitk.Cast(self.mask != 0, sitk.sitkUInt8))
        streams = generator_for(seed, case_id, repetition).spawn(4)
        steps = self.settings.steps
        noise = self.settings.noise * self._noise_level if "noise" in steps else 0.0
        degrees, shift = self._position(streams[1])
        roi, volume = self._roi(streams[2], streams[3])
        mask = sitk.GetImageFromArray(roi.astype(np.uint8))
        mask.CopyInformation(self.mask)
        image = add_noise(self.image, noise, streams[0]) if noise > 0 else self.image
        if "rotation" in steps or "translation" in steps:
            image, mask = reposition(image, mask, degrees, shift)
        return PerturbedPair(image, mask, noise, degrees, shift, volume)

    def _position(self, generator: np.random.Generator) -> tuple[float, tuple[float, float]]:
        """Draw an angle and a shift."""
        angle, *shift = generator.uniform(-1, 1, 3)
        degrees = angle * self.settings.rotation_degrees
        voxels = [float(step) * self.settings.translation for step in shift]
        return (
            float(degrees) if "rotation" in self.settings.steps else 0.0,
            (voxels[0], voxels[1]) if "translation" in self.settings.steps else (0.0, 0.0),
        )

    def _roi(
        self, growing: np.random.Generator, drawing: np.random.Generator
    ) -> tuple[NDArray[np.bool_], float]:
        """Draw another ROI."""
        settings, roi, fraction = self.settings, self._original_roi, 0.0
        if "volume" in settings.steps:
            fraction = float(growing.uniform(-settings.volume, settings.volume))
            roi = change_volume(roi, self._spacing, fraction, growing)
        if "contour" in settings.steps:
            roi = self._supervoxels.redraw(
                roi, settings.always_outside, settings.always_inside, drawing
            )
        return roi, fraction

    @property
    def _original_roi(self) -> NDArray[np.bool_]:
        return sitk.GetArrayViewFromImage(self.mask) != 0

    @property
    def _spacing(self) -> tuple[float, ...]:
        """Spacing along the array axes, in mm."""
        return tuple(reversed(self.image.GetSpacing()))

    @cached_property
    def _noise_level(self) -> float:
        return noise_level(self.image, self.mask)

    @cached_property
    def _supervoxels(self) -> Supervoxels:
        pixels = sitk.GetArrayViewFromImage(self.image)
        across = self.settings.supervoxels_across
        return Supervoxels.around(pixels, self._original_roi, self._spacing, across)


def generator_for(seed: int, case_id: str, repetition: int) -> np.random.Generator:
    """Return the random numbers of one copy: no other copy shares them, no order changes them."""
    digest = hashlib.sha256(f"{seed}\n{case_id}\n{repetition}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
