"""The cases on which the radiomics engines are timed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ROUTINE = {"sagittal": ((15, 432, 432), (2.6, 9.0, 15.6)), "axial": ((20, 480, 480), (2.6, 15, 21))}
"""Shape (z, y, x) of routine lumbar series, and radii of an ellipsoid in them, in voxels."""


@dataclass(frozen=True)
class Case:
    """An image file and a mask file whose region has the value 1."""

    name: str
    image: Path
    mask: Path

    def read(self) -> tuple[sitk.Image, sitk.Image]:
        """Read both files."""
        return sitk.ReadImage(str(self.image)), sitk.ReadImage(str(self.mask))


def all_cases(data: Path, folder: Path) -> list[Case]:
    """List upstream's test images, discs of two lumbar data sets, and two of routine size."""
    baseline, ivd, spider = (
        data / name for name in ("pyradiomics_baseline", "lumbar_ivd_t2", "spider_lumbar/t2_space")
    )
    cases = [
        Case(name, baseline / f"{name}_image.nrrd", baseline / f"{name}_label.nrrd")
        for name in ("breast1", "brain2", "brain1")
    ]
    cases += [
        _one_label(ivd / f"{name}_img.nii.gz", ivd / f"{name}_mask.nii.gz", 3, folder)
        for name in ("IVD11", "IVD20")
    ]
    for image in sorted(spider.glob("*_image.nii.gz"))[:2]:
        mask = image.with_name(image.name.replace("_image", "_mask"))
        cases.append(_one_label(image, mask, 203, folder))
    for name, (shape, radii) in ROUTINE.items():
        cases.append(synthetic(folder, name, shape, radii))
    return cases


def _one_label(image: Path, mask: Path, label: int, folder: Path) -> Case:
    """Write one label of a label map to a file of its own, so that every tool reads the same."""
    name = f"{image.parent.parent.name}_{image.name.split('_i')[0]}"
    chosen = folder / f"{name}_{label}.nii.gz"
    sitk.WriteImage(sitk.ReadImage(str(mask)) == label, str(chosen), True)
    return Case(image.name.split("_i")[0].lower(), image, chosen)


def synthetic(
    folder: Path,
    name: str,
    shape: tuple[int, int, int],
    radii: tuple[float, ...],
    seed: int = 0,
    regions: int = 1,
) -> Case:
    """Write a smooth random volume with ellipsoids in a column, labelled from 1 on."""
    random = np.random.default_rng(seed)
    noise = sitk.GetImageFromArray(random.normal(0, 1, shape).astype(np.float32))
    image = sitk.SmoothingRecursiveGaussian(noise, 1.0) * 900 + 400
    labels = np.zeros(shape, np.uint8)
    for region in range(regions):
        centre = (np.array(shape) - 1) * (0.5, (region + 1) / (regions + 1), 0.5)
        places = (np.indices(shape) - centre.reshape(3, 1, 1, 1)) / np.reshape(radii, (3, 1, 1, 1))
        labels[(places**2).sum(0) <= 1] = region + 1
    case = Case(name, folder / f"{name}.nrrd", folder / f"{name}_mask.nrrd")
    mask = sitk.GetImageFromArray(labels)
    for volume, path, kind in ((image, case.image, sitk.sitkInt16), (mask, case.mask, None)):
        volume.SetSpacing((0.72, 0.72, 4.4))
        sitk.WriteImage(sitk.Cast(volume, kind) if kind else volume, str(path), True)
    return case
