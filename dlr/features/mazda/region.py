"""The slice that is measured: its intensities, the ROI in it, and its gray levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.errors import CaseError
from dlr.features.mazda.names import DISTANCES
from dlr.features.mazda.settings import MazdaSettings
from dlr.imaging.geometry import check_geometry
from dlr.imaging.planes import plane_of, slice_axis, slices_first, upright
from dlr.imaging.slices import roi_slab, roi_slice

_MARGIN = max(DISTANCES)  # how far a co-occurrence pair may reach out of the ROI

Levels = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """One ROI in one slice, cut out with a margin.

    Attributes
    ----------
    intensities : ndarray of float64, shape (rows, columns)
    mask : ndarray of bool, shape (rows, columns)
    low, high : float
        The normalised range; equal where the intensities that set it do not vary.
    origin : tuple of int
        Row and column of the cut's first pixel in the slice.
    slice_shape : tuple of int
        Rows and columns of the whole slice.
    """

    intensities: NDArray[np.float64]
    mask: Mask
    low: float
    high: float
    origin: tuple[int, int] = (0, 0)
    slice_shape: tuple[int, int] = (0, 0)

    @classmethod
    def of_arrays(
        cls, intensities: NDArray[np.float64], mask: Mask, settings: MazdaSettings
    ) -> Region:
        """Cut an ROI out of its slice and find the normalised range.

        Raises
        ------
        CaseError
            If the ROI is empty or holds intensities that are not numbers.
        """
        rows, columns = np.nonzero(mask)
        if rows.size == 0:
            raise CaseError("The ROI is empty; draw it or leave out the row.")
        if not np.isfinite(intensities[mask]).all():
            raise CaseError("The ROI holds infinite or missing intensities; correct the image.")
        low, high = gray_range(intensities, mask, settings)
        top, left = max(rows.min() - _MARGIN, 0), max(columns.min() - _MARGIN, 0)
        cut = np.s_[top : rows.max() + _MARGIN + 1, left : columns.max() + _MARGIN + 1]
        # Pixels outside that are not numbers must not disturb; they count as darkest.
        pixels = np.nan_to_num(intensities[cut], nan=low, posinf=high, neginf=low)
        origin, shape = (int(top), int(left)), (mask.shape[0], mask.shape[1])
        return cls(pixels, mask[cut], low, high, origin, shape)

    def levels(self, bits: int, rounding: str = "floor") -> Levels:
        """Return gray levels 0 ... 2^bits - 1 over the normalised range, clipped to it.

        ``floor``: ``2^bits`` intervals of equal width; ``nearest``: the nearest of ``2^bits``
        equidistant levels, the range's ends being the first and the last. A range without width
        gives the middle level.
        """
        count = 1 << bits
        if self.high <= self.low:
            side = np.sign(self.intensities - self.low).astype(np.int64)
            return np.where(side == 0, count // 2, np.where(side < 0, 0, count - 1))
        position = (self.intensities - self.low) / (self.high - self.low)
        position = np.clip(position, 0.0, 1.0)
        scaled = position * count if rounding == "floor" else position * (count - 1) + 0.5
        return np.minimum(np.floor(scaled).astype(np.int64), count - 1)


def gray_range(
    intensities: NDArray[np.float64], mask: Mask, settings: MazdaSettings
) -> tuple[float, float]:
    """Return the range of intensities that the gray levels span.

    mu ± 3 sigma is the best of the four normalisations compared by Collewet et al., Magn Reson
    Imaging 2004;22:81-91.
    """
    if settings.normalisation == "none" and settings.intensity_range is not None:
        return settings.intensity_range
    whole = settings.normalisation == "none" or settings.normalisation_region == "image"
    values = intensities[np.isfinite(intensities)] if whole else intensities[mask]
    smallest, largest = float(values.min()), float(values.max())
    if settings.normalisation == "none" or smallest == largest:
        return smallest, largest
    if settings.normalisation == "percentile":
        low, high = np.percentile(values, settings.percentiles)
        return float(low), float(high)
    mean, half = float(values.mean()), settings.sigmas * float(values.std())
    return mean - half, mean + half


def largest_region(image: sitk.Image, mask: sitk.Image, settings: MazdaSettings) -> Region:
    """Take the slice with the largest ROI out of a volume, turned as it is looked at.

    Directions (``Horzl``, ``S(d,0)`` ...) are those of the picture on the screen, whatever the
    order of the axes in the file, unless ``orientation: stored``.

    Raises
    ------
    CaseError
        If the image is no volume of single values, the mask lies on another grid, or the ROI
        cannot be used.
    """
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise CaseError("the image must be a volume with one value per voxel; convert it")
    mask = check_geometry(image, mask)
    axis = slice_axis(image)
    slab = roi_slab(image, mask, axis)
    one, one_mask = roi_slice(*(slices_first(each, axis) for each in slab))
    if settings.orientation == "upright":
        plane = plane_of(one, axis=0)
        one, one_mask = upright(one, plane), upright(one_mask, plane)
    pixels = sitk.GetArrayViewFromImage(one)[0].astype(np.float64)
    return Region.of_arrays(pixels, sitk.GetArrayViewFromImage(one_mask)[0] != 0, settings)
