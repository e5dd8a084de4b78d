"""Which filter makes which image type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dlr.features.radiomics.native.box import Box
from dlr.features.radiomics.native.filters.filtered import FilteredImage
from dlr.features.radiomics.native.filters.gradient import gradient
from dlr.features.radiomics.native.filters.intensity import (
    exponential,
    logarithm,
    square,
    square_root,
)
from dlr.features.radiomics.native.filters.lbp2d import lbp_2d
from dlr.features.radiomics.native.filters.log import laplacian_of_gaussian
from dlr.features.radiomics.native.filters.wavelet import wavelet
from dlr.features.radiomics.native.intensities import Intensities, Voxels
from dlr.features.radiomics.options import ExtractionSettings

POINTWISE: dict[str, Callable[[Intensities, Box], Voxels]] = {
    "Original": Intensities.crop,
    "Square": square,
    "SquareRoot": square_root,
    "Logarithm": logarithm,
    "Exponential": exponential,
}
SUPPORTED = (*POINTWISE, "LoG", "Wavelet", "Gradient", "LBP2D", "LBP3D")


def filtered_images(
    image_type: str, intensities: Intensities, box: Box, settings: ExtractionSettings
) -> Iterator[FilteredImage]:
    """Yield the images of one image type, cut to `box`.

    Parameters
    ----------
    image_type : str
        PyRadiomics' name, such as ``"LoG"``.
    intensities : Intensities
        The whole image.
    box : Box
        The region's bounding box.
    settings : ExtractionSettings
        Options of the image type.
    """
    if image_type == "LoG":
        yield from laplacian_of_gaussian(intensities, box, settings)
    elif image_type == "Wavelet":
        yield from wavelet(intensities, box, settings)
    elif image_type == "Gradient":
        voxels = gradient(intensities, box, settings.gradientUseSpacing)
        yield FilteredImage("gradient", voxels)
    elif image_type == "LBP2D":
        yield lbp_2d(intensities, box, settings)
    elif image_type == "LBP3D":
        from dlr.features.radiomics.native.filters.lbp3d import lbp_3d  # imports SciPy

        yield from lbp_3d(intensities, box, settings)
    else:
        yield FilteredImage(image_type.lower(), POINTWISE[image_type](intensities, box))
