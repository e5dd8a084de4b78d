"""Bringing a mask onto its image's grid, with a record of what that did to the ROI."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from dlr.imaging.geometry import check_geometry, geometry_gap, indices_of_voxels
from dlr.settings import MaskSettings


@dataclass(frozen=True)
class ResampleAudit:
    """What became of an ROI on its way onto the image's grid.

    Attributes
    ----------
    resampled : bool
        Whether the grids differed; if not, the numbers before and after agree.
    gap_voxels : float
        Largest distance between equal corners of both grids, in voxels of the image.
    voxels_before, voxels_after : int
        Voxels of the ROI, on the mask's grid and on the image's.
    volume_before_mm3, volume_after_mm3 : float
        Volume of these voxels.
    share_outside : float
        Share of the mask's ROI voxels whose centres lie outside the image, 0 to 1.
    dice : float
        Agreement (Dice coefficient, 0 to 1; 1 is perfect) between the ROI as drawn and the
        resampled one, brought back onto the mask's grid.
    """

    resampled: bool
    gap_voxels: float
    voxels_before: int
    voxels_after: int
    volume_before_mm3: float
    volume_after_mm3: float
    share_outside: float
    dice: float

    @property
    def volume_ratio(self) -> float:
        """Volume after over volume before; 1 is perfect."""
        return self.volume_after_mm3 / self.volume_before_mm3

    def to_frame(self) -> pd.DataFrame:
        """Return one row with all numbers."""
        return pd.DataFrame([{**asdict(self), "volume_ratio": self.volume_ratio}])


@dataclass(frozen=True)
class AlignedMask:
    """A mask on its image's grid, and how it came there.

    Attributes
    ----------
    mask : SimpleITK.Image
        Binary, with exactly the image's geometry.
    audit : ResampleAudit
    """

    mask: sitk.Image
    audit: ResampleAudit


def align_mask(
    image: sitk.Image,
    mask: sitk.Image,
    settings: MaskSettings | None = None,
    image_path: str | Path = "image",
    mask_path: str | Path = "mask",
) -> AlignedMask:
    """Do what `check_geometry` does, and measure what it did.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask.
    settings : MaskSettings, optional
        ``tolerance`` and ``resample``.
    image_path, mask_path : str or Path
        Named in messages.

    Raises
    ------
    CaseError
        As `check_geometry`: if the grids differ and ``resample`` is off, the ROI leaves the
        image, or nothing of it is left.
    """
    settings = settings or MaskSettings()
    aligned = check_geometry(image, mask, settings, image_path, mask_path)
    gap = geometry_gap(image, mask)
    same = image.GetSize() == mask.GetSize() and gap <= settings.tolerance
    before, after = _count(mask), _count(aligned)
    audit = ResampleAudit(
        resampled=not same,
        gap_voxels=gap,
        voxels_before=before,
        voxels_after=after,
        volume_before_mm3=before * float(np.prod(mask.GetSpacing())),
        volume_after_mm3=after * float(np.prod(aligned.GetSpacing())),
        share_outside=0.0 if same else _share_outside(image, mask),
        dice=1.0 if same else _dice(mask, aligned),
    )
    return AlignedMask(aligned, audit)


def _count(mask: sitk.Image) -> int:
    return int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))


def _share_outside(image: sitk.Image, mask: sitk.Image) -> float:
    indices = indices_of_voxels(image, mask)
    size = np.array(image.GetSize())
    outside = np.any((indices < -0.5) | (indices > size - 0.5), axis=1)
    return float(outside.mean()) if len(outside) else 0.0


def _dice(mask: sitk.Image, aligned: sitk.Image) -> float:
    back = sitk.Resample(aligned, mask, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0)
    drawn = sitk.GetArrayViewFromImage(mask) != 0
    kept = sitk.GetArrayViewFromImage(back) != 0
    total = int(drawn.sum()) + int(kept.sum())
    return 2.0 * int((drawn & kept).sum()) / total if total else 1.0
