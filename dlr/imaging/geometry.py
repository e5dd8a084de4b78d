"""Whether image and mask lie on the same grid, and if not, what went wrong."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.safety.paths import quoted
from dlr.settings import MaskSettings

_THICKER = 1.1  # times the largest spacing of the image


def check_geometry(
    image: sitk.Image,
    mask: sitk.Image,
    settings: MaskSettings | None = None,
    image_path: str | Path = "image",
    mask_path: str | Path = "mask",
) -> sitk.Image:
    """Make sure that a mask lies on its image's grid.

    The number of voxels must agree exactly. Spacing, origin and direction may differ by
    rounding: no corner of the volume may move by more than ``masks.tolerance`` voxels. The
    tolerance is capped; a mask drawn on another grid is resampled (``masks.resample``), never
    waved through.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask.
    settings : MaskSettings, optional
        ``tolerance`` in voxels, and ``resample``.
    image_path, mask_path : str or Path
        Named in messages.

    Returns
    -------
    SimpleITK.Image
        The mask with exactly the image's geometry.

    Raises
    ------
    CaseError
        If the grids differ and ``resample`` is off (the message gives the differing numbers,
        the likely cause and the remedy), or if the resampled ROI leaves the image.
    """
    settings = settings or MaskSettings()
    if image.GetSize() == mask.GetSize() and geometry_gap(image, mask) <= settings.tolerance:
        aligned = sitk.Image(mask)
        aligned.CopyInformation(image)
        return aligned
    if settings.resample:
        return _resampled(image, mask, image_path, mask_path)
    raise CaseError(
        f"Image {quoted(image_path)} and mask {quoted(mask_path)} lie on different grids"
        f" ({_differences(image, mask, settings.tolerance)}); {_likely_cause(image, mask)}"
    )


def geometry_gap(image: sitk.Image, mask: sitk.Image) -> float:
    """Return the largest distance, in voxels of `image`, between equal corners of both grids."""
    corners = itertools.product(*[(0.0, float(extent - 1)) for extent in image.GetSize()])
    gaps = [
        np.subtract(
            image.TransformPhysicalPointToContinuousIndex(
                mask.TransformContinuousIndexToPhysicalPoint(corner)
            ),
            corner,
        )
        for corner in corners
    ]
    return float(np.abs(gaps).max())


def indices_of_voxels(image: sitk.Image, mask: sitk.Image) -> np.ndarray:
    """Return where the ROI's voxel centres lie in `image`: (n, 3) continuous indices (x, y, z)."""
    where = np.argwhere(sitk.GetArrayViewFromImage(mask) != 0)[:, ::-1]
    steps = np.reshape(mask.GetDirection(), (3, 3)) * np.array(mask.GetSpacing())
    points = where @ steps.T + np.array(mask.GetOrigin()) - np.array(image.GetOrigin())
    inverse = np.linalg.inv(np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing()))
    indices: np.ndarray = points @ inverse.T
    return indices


def _numbers(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in values) + ")"


def _differences(image: sitk.Image, mask: sitk.Image, tolerance: float) -> str:
    """Name each property that differs, with both values."""
    parts = []
    if image.GetSize() != mask.GetSize():
        parts.append(f"size {_numbers(image.GetSize())} against {_numbers(mask.GetSize())}")
    compared = {
        "spacing": (image.GetSpacing(), mask.GetSpacing(), min(image.GetSpacing())),
        "origin": (image.GetOrigin(), mask.GetOrigin(), min(image.GetSpacing())),
        "direction": (image.GetDirection(), mask.GetDirection(), 1.0),
    }
    longest = max(image.GetSize())
    for name, (left, right, unit) in compared.items():
        # Spacing and direction errors grow along the axis, the origin's does not.
        reach = 1 if name == "origin" else longest
        if np.abs(np.subtract(left, right)).max() * reach / unit > tolerance:
            parts.append(f"{name} {_numbers(left)} against {_numbers(right)}")
    if image.GetSize() == mask.GetSize():
        parts.append(f"corners up to {geometry_gap(image, mask):.3g} voxels apart")
    return "; ".join(parts)


def _likely_cause(image: sitk.Image, mask: sitk.Image) -> str:
    """Guess what happened from the pattern of differences, and say what helps."""
    resample = "set 'masks.resample: true' to resample the mask onto the image (nearest neighbour)"
    size, other = image.GetSize(), mask.GetSize()
    if _without_geometry(mask) and not _without_geometry(image):
        return (
            "the mask was probably saved without geometry, for example from a bare array; save it"
            " again with the image's spacing, origin and direction."
        )
    if size != other and sorted(size) == sorted(other):
        return f"the axes were probably stored in another order by another converter; {resample}."
    if sum(abs(a - b) for a, b in zip(size, other, strict=True)) == 1:
        return (
            "a slice was probably lost or added when contours were converted; convert them on the"
            f" grid of the series they were drawn on, or {resample}."
        )
    thin, thick = max(image.GetSpacing()), max(mask.GetSpacing())
    if thick > _THICKER * thin:
        return (
            f"the mask was probably drawn on slices {thick:.4g} mm apart; give the series that it"
            f" was drawn on, or, if both show the same patient position, {resample}."
        )
    if _covers_same_space(image, mask):
        return f"both cover the same space, so another converter wrote the mask; {resample}."
    return (
        "the mask was probably drawn on another series or resampled; give the image it was drawn"
        f" on, or, if both show the same patient position, {resample}."
    )


def _without_geometry(image: sitk.Image) -> bool:
    return image.GetSpacing() == (1.0, 1.0, 1.0) and image.GetOrigin() == (0.0, 0.0, 0.0)


def _bounds(image: sitk.Image, start: list[int], size: list[int]) -> np.ndarray:
    """Return the (8, 3) physical corner points of a box of voxel centres."""
    ranges = [(float(a), float(a + n - 1)) for a, n in zip(start, size, strict=True)]
    return np.array(
        [
            image.TransformContinuousIndexToPhysicalPoint(corner)
            for corner in itertools.product(*ranges)
        ]
    )


def _covers_same_space(image: sitk.Image, mask: sitk.Image) -> bool:
    mine = _bounds(image, [0, 0, 0], list(image.GetSize()))
    theirs = _bounds(mask, [0, 0, 0], list(mask.GetSize()))
    step = max(*image.GetSpacing(), *mask.GetSpacing())
    gap = np.abs([mine.min(0) - theirs.min(0), mine.max(0) - theirs.max(0)])
    return bool(gap.max() <= step)


def _resampled(
    image: sitk.Image, mask: sitk.Image, image_path: str | Path, mask_path: str | Path
) -> sitk.Image:
    """Resample the mask onto the image; an ROI that leaves the image is refused."""
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(mask)
    if not statistics.HasLabel(1):
        raise CaseError(f"The mask {quoted(mask_path)} is empty (all values are 0).")
    box = statistics.GetBoundingBox(1)
    corners = _bounds(mask, list(box[:3]), list(box[3:]))
    indices = np.array(
        [image.TransformPhysicalPointToContinuousIndex(corner) for corner in corners]
    )
    # Voxel centres of the ROI may lie at most half a voxel beyond the image's outer centres.
    beyond = np.maximum(-0.5 - indices, indices - (np.array(image.GetSize()) - 0.5)).max()
    if beyond > 0.5:
        raise CaseError(
            f"The ROI in {quoted(mask_path)} reaches {beyond:.3g} voxels beyond the image"
            f" {quoted(image_path)}; they are probably of different series: give the image the ROI"
            " was drawn on."
        )
    result = sitk.Resample(
        mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, mask.GetPixelID()
    )
    if not sitk.GetArrayViewFromImage(result).any():
        raise CaseError(
            f"The ROI in {quoted(mask_path)} vanishes when resampled onto the image"
            f" {quoted(image_path)}; it is smaller than the image's voxels: draw it on this image."
        )
    return result
