"""Intensity normalisation: MR intensities have no unit, so scans are brought to one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from dlr.errors import CaseError
from dlr.settings import IntensitySettings


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
    return intensity_scale(image, mask, settings).apply(image)


@dataclass(frozen=True)
class IntensityScale:
    """A linear map of intensities, with limits: what `normalise_intensity` does to an image.

    Taken from a whole image, it can be applied to any part of it.

    Attributes
    ----------
    centre, factor : float
        ``(x - centre) * factor``; a factor of None leaves the image as it is.
    low, high : float
        Limits of the result.
    """

    centre: float = 0.0
    factor: float | None = None
    low: float = -np.inf
    high: float = np.inf

    def apply(self, image: sitk.Image) -> sitk.Image:
        """Return the mapped image, float64 (the image itself where nothing is to be done)."""
        if self.factor is None:
            return image
        pixels = sitk.GetArrayViewFromImage(image).astype(np.float64)
        pixels -= self.centre
        pixels *= self.factor
        if np.isfinite(self.high):
            np.clip(pixels, self.low, self.high, out=pixels)
        result = sitk.GetImageFromArray(pixels)
        result.CopyInformation(image)
        return result


def intensity_scale(
    image: sitk.Image, mask: sitk.Image | None, settings: IntensitySettings | None = None
) -> IntensityScale:
    """Find the map that brings an image to the study's intensity scale.

    Parameters and errors are those of `normalise_intensity`.
    """
    settings = settings or IntensitySettings()
    if settings.method == "none":
        return IntensityScale()
    values = _region_values(image, mask, settings)
    limit = settings.sigmas * settings.scale
    if settings.method == "percentile":
        low, high = (float(value) for value in np.percentile(values, settings.percentiles))
        _refuse_constant(high - low, settings)
        return IntensityScale((low + high) / 2, 2 * limit / (high - low), -limit, limit)
    mean = float(values.mean(dtype=np.float64))
    deviation = float(values.std(dtype=np.float64, ddof=1)) if values.size > 1 else 0.0
    _refuse_constant(deviation, settings)
    factor = settings.scale / deviation
    if settings.method == "musigma":
        return IntensityScale(mean, factor, -limit, limit)
    return IntensityScale(mean, factor)


def _region_values(
    image: sitk.Image, mask: sitk.Image | None, settings: IntensitySettings
) -> np.ndarray:
    pixels = sitk.GetArrayViewFromImage(image)
    if settings.region == "roi":
        if mask is None:
            raise CaseError("'intensity.region: roi' needs a mask; give one or use 'image'.")
        pixels = pixels[sitk.GetArrayViewFromImage(mask) != 0]
    if np.issubdtype(pixels.dtype, np.integer):
        return pixels.ravel()
    return pixels[np.isfinite(pixels)]


def _refuse_constant(spread: float, settings: IntensitySettings) -> None:
    if not spread > 0:
        where = "inside the ROI" if settings.region == "roi" else "over the whole image"
        raise CaseError(
            f"The intensities do not vary {where}, so they cannot be normalised by"
            f" '{settings.method}'; check the image, or set 'intensity.method: none'."
        )
