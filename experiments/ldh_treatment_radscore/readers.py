"""A second reader where there is none: every disc grown or shrunk, and its contour redrawn.

The published study had two radiologists; SPIDER has one mask per disc. The stand-in changes the
volume by up to 15 % and redraws the contour along supervoxels of the image (Zwanenburg et al., Sci
Rep 9:614, 2019); the image stays as it is. It is a simulation of disagreement, not a measurement.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from dlr.imaging.perturbation import Perturber
from dlr.stability import PerturbationSettings

SETTINGS = PerturbationSettings(steps=("volume", "contour"), volume=0.15)


def both_readers(images: pd.DataFrame, root: Path, out: Path, seed: int) -> pd.DataFrame:
    """Return the image table with both readers; the second one's masks are written into `out`.

    Paths become absolute. The column ``dice`` tells how far the second reader agrees.
    """
    first = images.assign(reader="first", dice=1.0)
    for column in ("image", "mask"):
        first[column] = [str((root / path).resolve()) for path in first[column]]
    drawn = [
        _redraw(Path(mask), discs, out.resolve(), seed) for mask, discs in first.groupby("mask")
    ]
    return pd.concat([first, *drawn], ignore_index=True)


def _redraw(mask: Path, discs: pd.DataFrame, out: Path, seed: int) -> pd.DataFrame:
    """Draw the discs of one patient again, into one label map."""
    labels = sitk.ReadImage(str(mask))
    image = sitk.ReadImage(str(discs["image"].iloc[0]))
    result = np.zeros(sitk.GetArrayViewFromImage(labels).shape, dtype=np.uint16)
    agreement = []
    for disc in discs.itertuples():
        label = int(disc.mask_label)
        before = sitk.Cast(labels == label, sitk.sitkUInt8)
        copy = Perturber(image, before, SETTINGS).draw(seed, f"{disc.subject_id}_{disc.roi}", 1)
        drawn, known = (sitk.GetArrayFromImage(part) > 0 for part in (copy.mask, before))
        agreement.append(2 * (drawn & known).sum() / (drawn.sum() + known.sum()))
        result[drawn & (result == 0)] = label
    second = sitk.GetImageFromArray(result)
    second.CopyInformation(labels)
    out.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(second, str(out / mask.name), useCompression=True)
    return discs.assign(reader="second", mask=str(out / mask.name), dice=agreement)
