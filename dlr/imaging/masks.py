"""Reading ROI masks: labels, Slicer segments, layers, and what makes a mask unusable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from dlr.dicom.references import is_dicom
from dlr.errors import CaseError
from dlr.imaging.read import as_volume, load, to_grey
from dlr.imaging.segments import choose_segment, layer_of, listing, segments_of
from dlr.safety.paths import quoted
from dlr.settings import MaskSettings

if TYPE_CHECKING:
    from dlr.dicom.series import Header

_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}


def read_mask(
    path: str | Path,
    label: int | None = None,
    segment: str | None = None,
    settings: MaskSettings | None = None,
    reference: sitk.Image | None = None,
) -> sitk.Image:
    """Read one ROI from a mask file as a binary volume.

    Parameters
    ----------
    path : str or Path
        The mask file; ``.seg.nrrd`` files of 3D Slicer and DICOM segmentations keep their
        segments and layers, the ROIs of a DICOM structure set (RTSTRUCT) are rasterised.
    label : int, optional
        Value of the ROI. When left out, a mask with a single non-zero value is taken
        whatever that value is (1, 2, 255, ...).
    segment : str, optional
        Name of the segment of a ``.seg.nrrd`` file or DICOM object (or its number, as text).
    settings : MaskSettings, optional
        Threshold for masks that are not integer, policy for colour pictures.
    reference : SimpleITK.Image, optional
        The image that the ROI belongs to. Structure sets need it, segmentations are put onto
        its slices where they lie on them, and pictures (PNG), which cannot hold a geometry,
        take its. A mask of any other format stays on its own grid.

    Returns
    -------
    SimpleITK.Image
        uint8 volume, 1 inside the ROI and 0 outside, on the mask file's own grid.

    Raises
    ------
    CaseError
        If the file is missing or unreadable, is not integer, is empty, holds several labels
        and none was chosen, or does not hold the one chosen (the values present are listed).
    """
    settings = settings or MaskSettings()
    found = _dicom_mask(path)
    if found is not None:
        from dlr.dicom.masks import read_dicom_mask

        # Only the ROI that is asked for is rasterised; a plan may hold forty.
        label_map = read_dicom_mask(found, reference, label, segment, settings.threshold)
    else:
        label_map = read_label_map(path, settings, reference)
    return select_label(label_map, label, path, settings, segment=segment)


def read_label_map(
    path: str | Path, settings: MaskSettings | None = None, reference: sitk.Image | None = None
) -> sitk.Image:
    """Read a mask file once, with all its labels, for `select_label`.

    Parameters are those of `read_mask`.

    Returns
    -------
    SimpleITK.Image
        Integer volume, never narrower than the file's own values; the layers of a
        ``.seg.nrrd`` file or DICOM object are its components, and the entries that describe
        its segments are kept.

    Raises
    ------
    CaseError
        If the file is missing, unreadable, or not integer while ``masks.threshold`` is unset.
    """
    settings = settings or MaskSettings()
    path = Path(path)
    found = _dicom_mask(path)
    if found is not None:
        from dlr.dicom.masks import read_dicom_mask

        return read_dicom_mask(found, reference, threshold=settings.threshold)
    image = as_volume(load(path, "mask"), path)
    if image.GetNumberOfComponentsPerPixel() > 1 and not segments_of(image):
        image = to_grey(image, settings.rgb, path)
    return _with_geometry(_as_integer(image, settings, path), reference, path)


def _dicom_mask(path: str | Path) -> Header | None:
    if not is_dicom(path):
        return None
    from dlr.dicom.masks import find_mask

    return find_mask(path)


def _with_geometry(label_map: sitk.Image, reference: sitk.Image | None, path: Path) -> sitk.Image:
    """Give a picture, whose format knows no millimetres, the geometry of its image."""
    if reference is None or path.suffix.lower() not in _PICTURES:
        return label_map
    if label_map.GetSize() == reference.GetSize():
        label_map.CopyInformation(reference)
    return label_map


def select_label(
    label_map: sitk.Image,
    label: int | None,
    path: str | Path,
    settings: MaskSettings | None = None,
    segment: str | None = None,
) -> sitk.Image:
    """Cut one ROI out of a label map read by `read_label_map`.

    Parameters and errors are those of `read_mask`; `path` is used in messages only and
    `settings` is accepted so that both functions are called alike.
    """
    del settings  # the threshold has been applied when the map was read
    path = Path(path)
    segments = segments_of(label_map)
    if segments:
        chosen = choose_segment(segments, label, segment, path)
        if chosen.problem:
            raise CaseError(chosen.problem)
        mask = _where(layer_of(label_map, chosen.layer, path), chosen.value)
        named = f"segment '{chosen.shown}'"
    else:
        if segment is not None and label is None:
            label = _label_from_text(segment, path)
        label = _single_label(label_map, path) if label is None else label
        mask = _where(label_map, label)
        named = f"label {label}"
    if not _any(mask):
        values = label_values(label_map)
        if not values:
            raise CaseError(_empty(path))
        raise CaseError(
            f"The mask {quoted(path)} has no voxel of {named}; values present: {listing(values)};"
            " correct 'mask_label' (or 'mask_segment') in the images table."
        )
    return mask


def label_values(label_map: sitk.Image) -> list[int]:
    """List the non-zero values of a label map, over all its layers, in ascending order."""
    # Whole-volume `numpy.unique` sorts every voxel; most of them are background.
    pixels = sitk.GetArrayViewFromImage(label_map)
    return [int(value) for value in np.unique(pixels[pixels != 0])]


def segment_names(label_map: sitk.Image) -> list[str]:
    """List the names of the segments of a ``.seg.nrrd`` file or DICOM object; else nothing."""
    return [each.name for each in segments_of(label_map)]


def _where(label_map: sitk.Image, label: int) -> sitk.Image:
    """Mark the voxels of a label; 0 is no label but the background.

    NumPy compares with any whole number, where ITK brings it to the map's type first: in a map of
    8 bits its 257 is 1, and its 256 the background.
    """
    pixels = sitk.GetArrayViewFromImage(label_map)
    inside = (pixels == label) & (pixels != 0)
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    mask.CopyInformation(label_map)
    return mask


def _any(mask: sitk.Image) -> bool:
    return bool(sitk.GetArrayViewFromImage(mask).any())


def _empty(path: Path) -> str:
    return (
        f"The mask {quoted(path)} is empty (all values are 0); draw the ROI or leave out the row."
    )


def _single_label(label_map: sitk.Image, path: Path) -> int:
    values = label_values(label_map)
    if not values:
        raise CaseError(_empty(path))
    if len(values) > 1:
        raise CaseError(
            f"The mask {quoted(path)} holds {len(values)} labels: {listing(values)}; say which one"
            " is the ROI in the column 'mask_label' of the images table."
        )
    return values[0]


def _label_from_text(segment: str, path: Path) -> int:
    try:
        return int(segment)
    except ValueError:
        raise CaseError(
            f"The mask {quoted(path)} has no named segments, so segment '{segment}' cannot be"
            " found; give the ROI's value in 'mask_label', or the .seg.nrrd file."
        ) from None


def _as_integer(image: sitk.Image, settings: MaskSettings, path: Path) -> sitk.Image:
    """Return a map of integers; a float file that holds whole numbers is one in disguise."""
    pixels = sitk.GetArrayViewFromImage(image)
    if np.issubdtype(pixels.dtype, np.integer):
        return image
    if bool(np.all(np.isfinite(pixels))) and bool(np.all(pixels == np.rint(pixels))):
        wide = float(np.abs(pixels).max()) > np.iinfo(np.int32).max
        return _recast(image, pixels.astype(np.int64 if wide else np.int32))
    if settings.threshold is None:
        odd = pixels[~(pixels == np.rint(pixels))]
        raise CaseError(
            f"The mask {quoted(path)} is not made of integers (it holds {float(odd[0]):.6g}, for"
            " example); give a label mask, or set 'masks.threshold' to binarise it."
        )
    return _recast(image, (pixels >= settings.threshold).astype(np.uint8))


def _recast(image: sitk.Image, pixels: np.ndarray) -> sitk.Image:
    several = image.GetNumberOfComponentsPerPixel() > 1
    result = sitk.GetImageFromArray(pixels, isVector=several)
    result.CopyInformation(image)
    for key in image.GetMetaDataKeys():
        result.SetMetaData(key, image.GetMetaData(key))
    return result
