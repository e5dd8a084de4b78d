"""The features of many regions at once, on a graphics card or any other device of torch.

The values are those of :func:`dlr.features.radiomics.native.features.intensity_features` but for
the order in which sums are rounded (relative differences of about 1e-12). Bins are made by the
engine's own compiled loops on the processor, which is a small part of the time. So are the features
of zones (``glszm``) when the device is the processor: there, following one zone after the other is
many times faster than joining neighbours round by round.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dlr.features.radiomics.native.batched.first_order import first_order_many
from dlr.features.radiomics.native.batched.glcm import glcm_many
from dlr.features.radiomics.native.batched.gldm import gldm_many
from dlr.features.radiomics.native.batched.glrlm import glrlm_many
from dlr.features.radiomics.native.batched.glszm import glszm_many
from dlr.features.radiomics.native.batched.ngtdm import ngtdm_many
from dlr.features.radiomics.native.batched.packing import Packed, all_directions
from dlr.features.radiomics.native.discretisation import (
    Floats,
    GreyLevels,
    UndefinedLevels,
    discretise,
)
from dlr.features.radiomics.native.features import NORMAL_KURTOSIS, TEXTURES
from dlr.features.radiomics.native.intensities import Voxels
from dlr.features.radiomics.native.region import Mask
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.radiomics.settings import FeatureClass

Spacing = tuple[float, float, float]
Rows = list[dict[str, float]]
TextureClass = Callable[[Packed, ExtractionSettings, Sequence[Spacing]], Rows]

ELEMENTS = 2**23
"""Entries of the co-occurrence matrices that are held at a time; sets the memory, about 1 GB."""
MOST_LEVELS = 512
"""Regions whose highest grey level is above this are left to the engine's own code."""

BATCHED: dict[str, TextureClass] = {
    "glcm": glcm_many,
    "gldm": lambda packed, settings, _: gldm_many(packed, settings),
    "glrlm": glrlm_many,
    "glszm": lambda packed, settings, _: glszm_many(packed, settings),
    "ngtdm": lambda packed, settings, _: ngtdm_many(packed, settings),
}


@dataclass(frozen=True)
class TextureRegion:
    """A region of one (filtered) image, ready to be measured.

    Attributes
    ----------
    voxels : ndarray, shape (z, y, x)
        The image in the region's bounding box.
    mask : ndarray of bool, shape (z, y, x)
        The region.
    spacing : tuple of float
        Voxel size (mm) along z, y, x.
    """

    voxels: Voxels
    mask: Mask
    spacing: Spacing


@dataclass(frozen=True)
class _Discretised:
    place: int
    values: Floats
    grey: GreyLevels
    spacing: Spacing


def intensity_features_many(
    regions: Sequence[TextureRegion],
    classes: tuple[FeatureClass, ...],
    settings: ExtractionSettings,
    device: str | torch.device = "cpu",
    elements: int = ELEMENTS,
) -> list[dict[str, float] | str]:
    """Compute the classes that look at intensities for many regions.

    Parameters
    ----------
    regions : sequence of TextureRegion
        The regions; in any order and of any size.
    classes : tuple of FeatureClass
        Classes and features that are asked for, without the shape classes.
    settings : ExtractionSettings
        Options that hold for all of them.
    device : str or torch.device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``; it needs 64-bit floats, which Apple's ``"mps"`` lacks.
    elements : int
        How many entries of co-occurrence matrices to hold at a time; less saves memory.

    Returns
    -------
    list
        In the order of `regions`: feature values by ``<class>_<feature>``, or the reason why they
        are not defined.
    """
    result: list[dict[str, float] | str] = []
    usable: list[_Discretised] = []
    for place, region in enumerate(regions):
        values = region.voxels[region.mask]
        try:
            grey = discretise(values, region.mask, max(settings.distances), settings)
        except UndefinedLevels as error:
            result.append(str(error))
            continue
        result.append({})
        usable.append(_Discretised(place, values.astype(np.float64), grey, region.spacing))
    for part in _parts(usable, settings, elements):
        rows = _features(part, classes, settings, torch.device(device))
        for measured, row in zip(part, rows):
            result[measured.place] = {
                f"{chosen.name}_{feature}": row[chosen.name][feature]
                for chosen in classes
                for feature in chosen.features
            }
    return result


def _parts(
    regions: list[_Discretised], settings: ExtractionSettings, elements: int
) -> Iterator[list[_Discretised]]:
    """Cut regions of like size and number of grey levels into parts that fit the memory."""
    n_steps = len(all_directions(settings, settings.distances))
    ordered = sorted(regions, key=lambda region: (len(region.grey.levels), len(region.values)))
    part: list[_Discretised] = []
    longest = 0
    for region in ordered:
        longest = max(longest, len(region.values), region.grey.volume.size)
        per_region = max(n_steps * len(region.grey.levels) ** 2, longest)
        if part and (len(part) + 1) * per_region > elements:
            yield part
            part, longest = [], max(len(region.values), region.grey.volume.size)
        part.append(region)
    if part:
        yield part


def _features(
    part: list[_Discretised],
    classes: tuple[FeatureClass, ...],
    settings: ExtractionSettings,
    device: torch.device,
) -> list[dict[str, dict[str, float]]]:
    """Return the features of each region, by class."""
    rows: list[dict[str, dict[str, float]]] = [{} for _ in part]
    dense = [i for i, region in enumerate(part) if region.grey.highest <= MOST_LEVELS]
    sparse = sorted(set(range(len(part))) - set(dense))
    packed = Packed.of([part[i].grey for i in dense], device) if dense else None
    spacings = [part[i].spacing for i in dense]
    for chosen in classes:
        name = chosen.name
        if name == "firstorder":
            for i, found in enumerate(_first_order(part, settings, device)):
                rows[i][name] = found
            continue
        on_processor = sparse
        if name == "glszm" and device.type == "cpu":
            on_processor = list(range(len(part)))
        elif packed is not None:
            for i, found in zip(dense, BATCHED[name](packed, settings, spacings)):
                rows[i][name] = found
        for i in on_processor:
            rows[i][name] = TEXTURES[name](part[i].grey, settings, part[i].spacing)
    return rows


def _first_order(
    part: list[_Discretised], settings: ExtractionSettings, device: torch.device
) -> Rows:
    rows = first_order_many(
        [region.values for region in part],
        [region.grey.counts for region in part],
        [math.prod(region.spacing) for region in part],
        float(settings.voxelArrayShift),
        device,
    )
    if settings.ibsi:
        for row in rows:
            row["Kurtosis"] -= NORMAL_KURTOSIS
    return rows
