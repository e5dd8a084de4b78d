"""Images and ROI masks: reading, geometry, intensities, slice planes and ROI crops.

Volumes are SimpleITK images; arrays taken from them are indexed (z, y, x). Nothing here
knows of cohorts or features: paths and settings come in, images come out, and whatever is
wrong with a file is a `dlr.errors.CaseError` of one sentence.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlr.imaging.checks import check_intensity, check_roi
    from dlr.imaging.crop import CROP_SIZE, roi_crop
    from dlr.imaging.geometry import check_geometry, geometry_gap
    from dlr.imaging.intensity import normalise_intensity
    from dlr.imaging.masks import label_values, read_label_map, read_mask, select_label
    from dlr.imaging.planes import plane_of, reformat, slice_axis, upright
    from dlr.imaging.read import read_image
    from dlr.imaging.resample import AlignedMask, ResampleAudit, align_mask
    from dlr.imaging.slices import largest_slice, roi_slice
    from dlr.imaging.views import PreparedView, prepare_view

_MODULES = {
    "AlignedMask": "resample",
    "CROP_SIZE": "crop",
    "PreparedView": "views",
    "ResampleAudit": "resample",
    "align_mask": "resample",
    "check_geometry": "geometry",
    "check_intensity": "checks",
    "check_roi": "checks",
    "geometry_gap": "geometry",
    "label_values": "masks",
    "largest_slice": "slices",
    "normalise_intensity": "intensity",
    "plane_of": "planes",
    "prepare_view": "views",
    "read_image": "read",
    "read_label_map": "masks",
    "read_mask": "masks",
    "reformat": "planes",
    "roi_crop": "crop",
    "roi_slice": "slices",
    "select_label": "masks",
    "slice_axis": "planes",
    "upright": "planes",
}

__all__ = [
    "CROP_SIZE",
    "AlignedMask",
    "PreparedView",
    "ResampleAudit",
    "align_mask",
    "check_geometry",
    "check_intensity",
    "check_roi",
    "geometry_gap",
    "label_values",
    "largest_slice",
    "normalise_intensity",
    "plane_of",
    "prepare_view",
    "read_image",
    "read_label_map",
    "read_mask",
    "reformat",
    "roi_crop",
    "roi_slice",
    "select_label",
    "slice_axis",
    "upright",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that importing the package needs no SimpleITK."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
