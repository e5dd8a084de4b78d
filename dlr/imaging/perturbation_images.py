"""Perturbations of the image: its own noise once more, and a patient lying a little otherwise."""

from __future__ import annotations

import numpy as np
import pywt
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.imaging.planes import slice_axis

_MARGIN_MM = 25.0
_MAD_TO_SD = 0.6745  # median absolute deviation of the standard normal distribution


def noise_level(image: sitk.Image, mask: sitk.Image) -> float:
    """Estimate the standard deviation of the noise around an ROI.

    The median of the absolute finest diagonal wavelet coefficients (coif1) of the slices,
    divided by 0.6745 [1]_: structures fill few of these coefficients, noise all of them. The
    surroundings of the ROI (25 mm) are measured; slices without signal, such as those
    blanked outside the body, do not count.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask on the same grid.

    Returns
    -------
    float
        In units of the image; 0 where there is no noise.

    References
    ----------
    .. [1] Chang SG, Yu B, Vetterli M, Adaptive wavelet thresholding for image denoising and
       compression, IEEE Trans Image Process 9:1532-1546 (2000); Zwanenburg et al. 2019.
    """
    axis = slice_axis(image)
    part = np.moveaxis(_surroundings(image, mask), axis, 0)
    coefficients = [
        np.abs(pywt.dwt2(pixels, "coif1")[1][2]).ravel() for pixels in part if pixels.any()
    ]
    if not coefficients:
        return 0.0
    return float(np.median(np.concatenate(coefficients)) / _MAD_TO_SD)


def _surroundings(image: sitk.Image, mask: sitk.Image) -> NDArray[np.float64]:
    where = np.nonzero(sitk.GetArrayViewFromImage(mask))
    margins = [int(np.ceil(_MARGIN_MM / step)) for step in image.GetSpacing()[::-1]]
    box = tuple(
        slice(max(0, int(axis.min()) - margin), int(axis.max()) + margin + 1)
        for axis, margin in zip(where, margins)
    )
    return np.asarray(sitk.GetArrayViewFromImage(image)[box], dtype=np.float64)


def add_noise(image: sitk.Image, level: float, generator: np.random.Generator) -> sitk.Image:
    """Add white Gaussian noise of standard deviation `level`; the result is a float image."""
    floating = as_floating(image)
    pixels = sitk.GetArrayFromImage(floating)
    pixels += generator.standard_normal(pixels.shape, dtype=np.float32) * np.float32(level)
    noisy = sitk.GetImageFromArray(pixels)
    noisy.CopyInformation(floating)
    return noisy


def as_floating(image: sitk.Image) -> sitk.Image:
    """Return the image as float32, or as float64 where float32 would lose digits."""
    wide = (sitk.sitkFloat64, sitk.sitkInt32, sitk.sitkUInt32, sitk.sitkInt64, sitk.sitkUInt64)
    return sitk.Cast(image, sitk.sitkFloat64 if image.GetPixelID() in wide else sitk.sitkFloat32)


def reposition(
    image: sitk.Image, mask: sitk.Image, degrees: float, shift: tuple[float, float]
) -> tuple[sitk.Image, sitk.Image]:
    """Turn and shift what was scanned against the grid of voxels, within the slice plane.

    Both image and mask are interpolated linearly, once, onto the grid they had; voxels covered
    by half or more belong to the ROI. Where the ROI covers no voxel by half, the one it covers
    most is kept. Beyond its border the image is continued by its outermost voxels.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask on the same grid.
    degrees : float
        Angle about the centre of the ROI.
    shift : tuple of float
        Along the two array axes within a slice, in their order, in voxels.

    Returns
    -------
    tuple of SimpleITK.Image
        Float image and uint8 mask on the grid of `image`.
    """
    transform = _rigid(image, mask, degrees, shift)
    moved = sitk.Resample(
        as_floating(image), image, transform, sitk.sitkLinear, 0.0, sitk.sitkUnknown, True
    )
    covered = sitk.Resample(
        sitk.Cast(mask != 0, sitk.sitkFloat32), image, transform, sitk.sitkLinear, 0.0
    )
    share = sitk.GetArrayViewFromImage(covered)
    inside = share >= min(0.5, float(share.max()))
    if not share.any():  # one voxel at the border of the image, moved out of it
        return moved, sitk.Cast(mask != 0, sitk.sitkUInt8)
    roi = sitk.GetImageFromArray(inside.astype(np.uint8))
    roi.CopyInformation(image)
    return moved, roi


def _rigid(
    image: sitk.Image, mask: sitk.Image, degrees: float, shift: tuple[float, float]
) -> sitk.VersorRigid3DTransform:
    axes = [2 - axis for axis in range(3) if axis != slice_axis(image)]
    normal = 2 - slice_axis(image)
    directions = np.reshape(image.GetDirection(), (3, 3))  # columns: where the axes point
    steps = np.zeros(3)
    for axis, voxels in zip(axes, shift):
        steps += directions[:, axis] * image.GetSpacing()[axis] * voxels
    centre = np.mean(np.nonzero(sitk.GetArrayViewFromImage(mask)), axis=1)[::-1]
    transform = sitk.VersorRigid3DTransform()
    transform.SetCenter(image.TransformContinuousIndexToPhysicalPoint(centre.tolist()))
    transform.SetRotation(directions[:, normal].tolist(), float(np.deg2rad(degrees)))
    transform.SetTranslation(steps.tolist())
    return transform
