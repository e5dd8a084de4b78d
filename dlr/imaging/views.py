"""One view of one ROI, ready for feature extraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from dlr.imaging.crop import roi_crop
from dlr.imaging.intensity import intensity_scale
from dlr.imaging.planes import plane_of, reorient, square_pixels, stacking_axis, upright
from dlr.imaging.slices import roi_slab, roi_slice
from dlr.settings import IntensitySettings, ViewSettings


@dataclass(frozen=True)
class PreparedView:
    """What the feature families get to see of one ROI in one view.

    Attributes
    ----------
    image : SimpleITK.Image
        Normalised volume for radiomics: the whole scan (``dimension: 3d`` or ``2.5d``) or the
        one slice with the largest ROI (``2d``), still three-dimensional. Array axis 0 stacks
        the slices; only a native ``3d`` view keeps its axes as the file stores them.
    mask : SimpleITK.Image
        Binary mask on the same grid.
    crop : ndarray of float32, shape (224, 224)
        The slice with the largest ROI, cut around it, upright, in [0, 1].
    """

    image: sitk.Image
    mask: sitk.Image
    crop: NDArray[np.float32]


def prepare_view(
    image: sitk.Image,
    mask: sitk.Image,
    view: ViewSettings,
    intensity: IntensitySettings | None = None,
) -> PreparedView:
    """Normalise, reformat and crop one ROI as a view's settings say.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Volume and binary mask on the same grid, as read and checked.
    view : ViewSettings
        Plane, dimension, pixel size and margin; its own intensity settings go first.
    intensity : IntensitySettings, optional
        The study's intensity settings.

    Returns
    -------
    PreparedView
        Volume and mask for radiomics, crop for the embedding.

    Raises
    ------
    CaseError
        If the ROI is empty, the image cannot be normalised (constant) or cannot be cut in the
        wanted plane (a single slice of another plane).
    """
    plane = view.plane
    scale = intensity_scale(image, mask, view.intensity or intensity)
    axis = stacking_axis(image, plane)
    if view.dimension == "2d":
        # Interpolation stays within slices, so those without ROI can be dropped before it.
        image, mask = roi_slab(image, mask, axis)
    stored = (scale.apply(image), mask)
    image, mask = square_pixels(*reorient(*stored, axis, plane), plane, view.spacing_mm)
    one_image, one_mask = roi_slice(image, mask)
    crop = _upright_crop(one_image, one_mask, view.margin_mm)
    if view.dimension == "2d":
        return PreparedView(one_image, one_mask, crop)
    if view.dimension == "3d" and view.plane == "native" and view.spacing_mm is None:
        # Volume features need no slices: keep the grid of the file, so that values equal those
        # of any other program reading it (wavelet bands are named after the stored axes).
        image, mask = stored
    return PreparedView(image, mask, crop)


def _upright_crop(image: sitk.Image, mask: sitk.Image, margin_mm: float) -> NDArray[np.float32]:
    """Crop a one-slice pair, turned as its plane is usually looked at."""
    plane = plane_of(image, axis=0)
    image, mask = upright(image, plane), upright(mask, plane)
    column, row, _ = image.GetSpacing()
    return roi_crop(
        sitk.GetArrayViewFromImage(image)[0],
        sitk.GetArrayViewFromImage(mask)[0] != 0,
        (row, column),
        margin_mm,
    )
