"""Do image and mask occupy the same space? And what to do where they need not."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.features.radiomics.options import INTERPOLATORS, ExtractionSettings

DEFAULT_TOLERANCE = 1e-6
"""SimpleITK's own: share of a voxel for places, absolute for direction cosines."""


def matched(image: sitk.Image, mask: sitk.Image, settings: ExtractionSettings) -> sitk.Image:
    """Return the mask on the image's grid; resampled only where ``correctMask`` allows it.

    Raises
    ------
    CaseError
        If the grids differ; the message holds the numbers that do.
    """
    difference = _difference(image, mask, settings.geometryTolerance or DEFAULT_TOLERANCE)
    if difference is None:
        return mask
    if not settings.correctMask:
        raise CaseError(
            f"mask and image do not share a grid ({difference}); resample the mask, "
            "or set correctMask: true, or geometryTolerance"
        )
    region_bounds(image, mask, settings.label)
    return sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor)


def _difference(image: sitk.Image, mask: sitk.Image, tolerance: float) -> str | None:
    """Describe the first difference between two grids."""
    if image.GetSize() != mask.GetSize():
        return f"sizes {image.GetSize()} and {mask.GetSize()}"
    near = tolerance * image.GetSpacing()[0]
    for name, a, b, allowed in (
        ("spacings", image.GetSpacing(), mask.GetSpacing(), near),
        ("origins", image.GetOrigin(), mask.GetOrigin(), near),
        ("directions", image.GetDirection(), mask.GetDirection(), tolerance),
    ):
        if np.abs(np.subtract(a, b)).max() > allowed:
            return f"{name} {a} and {b}"
    return None


def region_bounds(image: sitk.Image, mask: sitk.Image, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lowest index and size (x, y, z) of a region, which must lie within the image.

    Raises
    ------
    CaseError
        If a part of the region's bounding box lies outside the image.
    """
    array = sitk.GetArrayViewFromImage(mask) == label
    places = np.argwhere(array)[:, ::-1]
    low, size = places.min(0), np.ptp(places, axis=0) + 1
    corners = [
        image.TransformPhysicalPointToContinuousIndex(
            mask.TransformContinuousIndexToPhysicalPoint([float(value) for value in corner])
        )
        for corner in (low - 0.5, low + size - 0.5)
    ]
    tolerance = 1e-3
    if (np.min(corners, 0) < -0.5 - tolerance).any() or (
        np.max(corners, 0) > np.array(image.GetSize()) - 0.5 + tolerance
    ).any():
        raise CaseError(
            f"the region reaches outside the image (image size {image.GetSize()}, region from "
            f"{corners[0]} to {corners[1]} in its voxels); check that the mask belongs to the image"
        )
    return low, size


def resampled(
    image: sitk.Image, mask: sitk.Image, settings: ExtractionSettings
) -> tuple[sitk.Image, sitk.Image]:
    """Resample image and mask to ``resampledPixelSpacing`` around the region.

    As in PyRadiomics: the grid is aligned with the corner of the mask's first voxel, covers the
    region plus ``padDistance`` voxels, and a direction with one slice keeps its spacing.
    """
    low, size = region_bounds(image, mask, settings.label)
    old = np.array(mask.GetSpacing())
    wanted = np.array(settings.resampledPixelSpacing)
    new = np.where((wanted == 0) | (size == 1), old, wanted)
    if np.allclose(image.GetSpacing(), new):
        mask = sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor)
        low, size = region_bounds(image, mask, settings.label)
        first = np.maximum(low - settings.padDistance, 0)
        last = np.minimum(low + size + settings.padDistance, mask.GetSize())
        crop = tuple(slice(int(a), int(b)) for a, b in zip(first, last))
        return image[crop], mask[crop]
    spline = settings.interpolator in (None, "sitkBSpline", 3)
    if spline and 2 in image.GetSize():
        raise CaseError(
            "an image of two slices cannot be resampled with B-splines, for which SimpleITK then "
            "reads values from outside it; set 'interpolator: sitkLinear'"
        )
    ratio = old / new
    first = np.maximum(np.floor((low - 0.5) * ratio - settings.padDistance), 0)
    last = np.ceil((low + size - 0.5) * ratio + settings.padDistance)
    last = np.minimum(last, np.ceil(np.array(mask.GetSize()) * ratio) - 1)
    origin = mask.TransformContinuousIndexToPhysicalPoint(
        [float(value) for value in 0.5 * (new - old) / old + first / ratio]
    )
    grid = sitk.ResampleImageFilter()
    grid.SetOutputSpacing(new.tolist())
    grid.SetOutputDirection(mask.GetDirection())
    grid.SetOutputOrigin(origin)
    grid.SetSize([int(n) for n in last - first + 1])
    grid.SetOutputPixelType(image.GetPixelID())
    grid.SetInterpolator(_interpolator(settings.interpolator))
    resampled_image = grid.Execute(image)
    grid.SetOutputPixelType(mask.GetPixelID())
    grid.SetInterpolator(sitk.sitkNearestNeighbor)
    return resampled_image, grid.Execute(mask)


def _interpolator(choice: str | int | None) -> int:
    """Return SimpleITK's constant; PyRadiomics passes numbers on as they are."""
    if isinstance(choice, int):
        return choice
    name = INTERPOLATORS[2] if choice is None else choice
    return int(getattr(sitk, name))
