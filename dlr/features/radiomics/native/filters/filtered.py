"""What a filter gives."""

from __future__ import annotations

from dataclasses import dataclass

from dlr.features.radiomics.native.intensities import Voxels


@dataclass(frozen=True)
class FilteredImage:
    """A filtered image, cut to the region's bounding box, or the reason why there is none."""

    name: str
    voxels: Voxels | None
    problem: str = ""
