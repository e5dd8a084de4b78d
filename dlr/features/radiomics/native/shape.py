"""Shape features of a volume; they do not depend on intensities."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlr.features.radiomics.native.diameters import largest_diameters
from dlr.features.radiomics.native.mesh import surface_and_volume

Spacing = tuple[float, float, float]


def shape(mask: npt.NDArray[np.bool_], spacing: Spacing, ibsi: bool = False) -> dict[str, float]:
    """Compute the shape features (PyRadiomics' ``shape``) in mm, mm² and mm³.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The region in its bounding box.
    spacing : tuple of float
        Voxel size (mm) along z, y, x.
    ibsi : bool
        Divide variances along the axes by n - 1, as IBSI's reference values do, not by n.
    """
    padded = np.pad(mask, 1)
    area, volume = surface_and_volume(padded, spacing)
    in_slice, in_column, in_row, overall = largest_diameters(padded, spacing)
    least, minor, major = axis_variances(mask, spacing, ibsi)
    sphericity = (36 * math.pi * volume**2) ** (1 / 3) / area
    return {
        "Elongation": math.sqrt(minor / major),
        "Flatness": math.sqrt(least / major),
        "LeastAxisLength": 4 * math.sqrt(least),
        "MajorAxisLength": 4 * math.sqrt(major),
        "Maximum2DDiameterColumn": in_column,
        "Maximum2DDiameterRow": in_row,
        "Maximum2DDiameterSlice": in_slice,
        "Maximum3DDiameter": overall,
        "MeshVolume": volume,
        "MinorAxisLength": 4 * math.sqrt(minor),
        "Sphericity": sphericity,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume,
        "VoxelVolume": int(mask.sum()) * math.prod(spacing),
        "Compactness1": volume / (area**1.5 * math.sqrt(math.pi)),
        "Compactness2": 36 * math.pi * volume**2 / area**3,
        "SphericalDisproportion": 1 / sphericity,
    }


def axis_variances(
    mask: npt.NDArray[np.bool_], spacing: tuple[float, ...], ibsi: bool = False
) -> list[float]:
    """Return the variances (mm²) of the voxels' places along their principal axes, ascending."""
    places = np.argwhere(mask) * np.array(spacing)
    places -= places.mean(axis=0)
    covariance = np.einsum("ni,nj->ij", places, places) / (len(places) - ibsi)
    return [max(float(value), 0.0) for value in np.linalg.eigvalsh(covariance)]
