"""Intensity normalisation: MR intensities have no unit, so scans are brought to one scale."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from dlr.config import IntensitySettings
from dlr.errors import CaseError


def normalise_intensity(
    image: sitk.Image, mask: sitk.Image | None, settings: IntensitySettings | None = None
) -> sitk.Image:
    """Bring an image to the study's intensity scale.

    ``none``
        The image as it was read, in its own pixel type.
    ``zscore``
        ``(x - mean) / sd * scale``, the SD with divisor n - 1; with ``region: image`` this is
        what PyRadiomics' ``normalize: true, normalizeScale: scale`` gives.
    ``musigma``
        The z-score, limited to ``mean ± sigmas`` SDs (Collewet et al., Magn Reson Imaging
        2004;22:81-91): values in ``[-sigmas * scale, sigmas * scale]``.
    ``percentile``
        Values limited to the two percentiles, then mapped linearly to the same
        ``[-sigmas * scale, sigmas * scale]``, so that one bin width suits all three methods
        (24 bins of width 25 with the defaults).

    Parameters
    ----------
    image : SimpleITK.Image
        Volume as read.
    mask : SimpleITK.Image or None
        Binary mask on the same grid; needed for ``region: roi``.
    settings : IntensitySettings, optional
        Method, scale, and the region (whole image or ROI) whose values set it.

    Returns
    -------
    SimpleITK.Image
        float64 volume (the image itself for ``none``).

    Raises
    ------
    CaseError
        If the region that sets the scale is constant.
    """
    settings = settings or IntensitySettings()
    if settings.method == "none":
        return image
    pixels = sitk.GetArrayViewFromImage(image).astype(np.float64)
    values = _region_values(pixels, mask, settings)
    if settings.method == "percentile":
        low, high = np.percentile(values, settings.percentiles)
        half = (high - low) / 2
        _refuse_constant(half, settings)
        pixels = np.clip(pixels, low, high)
        pixels -= (high + low) / 2
        pixels *= settings.sigmas * settings.scale / half
    else:
        mean, deviation = values.mean(), values.std(ddof=1) if values.size > 1 else 0.0
        _refuse_constant(deviation, settings)
        pixels -= mean
        pixels *= settings.scale / deviation
        if settings.method == "musigma":
            limit = settings.sigmas * settings.scale
            np.clip(pixels, -limit, limit, out=pixels)
    result = sitk.GetImageFromArray(pixels)
    result.CopyInformation(image)
    return result


def _region_values(
    pixels: np.ndarray, mask: sitk.Image | None, settings: IntensitySettings
) -> np.ndarray:
    if settings.region == "roi":
        if mask is None:
            raise CaseError("'intensity.region: roi' needs a mask; give one or use 'image'.")
        pixels = pixels[sitk.GetArrayViewFromImage(mask) != 0]
    return pixels[np.isfinite(pixels)]


def _refuse_constant(spread: float, settings: IntensitySettings) -> None:
    if not spread > 0:
        where = "inside the ROI" if settings.region == "roi" else "over the whole image"
        raise CaseError(
            f"The intensities do not vary {where}, so they cannot be normalised by"
            f" '{settings.method}'; check the image, or set 'intensity.method: none'."
        )
