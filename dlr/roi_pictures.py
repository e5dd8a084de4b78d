"""Pictures of ROIs for people: the crop the network saw, and the drawn outline on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlr.cohort import Cohort
from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.features.cache import Cache, content_key
from dlr.features.extraction import image_tasks
from dlr.features.roi_source import RoiRequest, RoiSource
from dlr.features.table import FeatureTable
from dlr.features.worker import ImageProcessor
from dlr.progress import Progress, silent
from dlr.settings import IntensitySettings

if TYPE_CHECKING:
    import SimpleITK as sitk

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class RoiPicture:
    """One ROI in one view.

    Parameters
    ----------
    view : str
    crop : ndarray of uint8, shape (rows, columns)
        The slice with the largest ROI, cut around it.
    outline : tuple of polygons
        Edges of the ROI as (x, y) in pixels of the crop, (0, 0) being its upper left corner;
        holes are polygons of their own.
    """

    view: str
    crop: NDArray[np.uint8]
    outline: tuple[Polygon, ...]


def roi_pictures(
    cohort: Cohort,
    features: FeatureTable,
    cases: Collection[str],
    work: Path,
    progress: Progress = silent,
) -> dict[str, tuple[RoiPicture, ...]]:
    """Return the pictures of some cases, the first reader's ROI in every view.

    Crops come from the cache of the extraction where it made some; outlines are cut from the
    masks and cached. A file that can no longer be read costs its picture and nothing else: the
    features were extracted before.

    Parameters
    ----------
    cohort : Cohort
    features : FeatureTable
    cases : collection of str
    work : Path
        Folder of the cache.
    progress : callable

    Returns
    -------
    dict of str to tuple of RoiPicture
        By case.
    """
    wanted = set(cases)
    config = cohort.config
    processor = ImageProcessor(config, Cache(work / "cache"))
    known = features.crops
    keys = dict(zip(zip(known["case_id"], known["view"]), known["key"], strict=True))
    found: dict[str, list[RoiPicture]] = {}
    done = 0
    for task in image_tasks(cohort):
        rois = [roi for roi in task.rois if roi.case_id in wanted and roi.reader == "first"]
        source = RoiSource(task.image, config)
        for roi in rois:
            picture = _picture(processor, source, task.image, roi, keys)
            if picture is not None:
                found.setdefault(roi.case_id, []).append(picture)
            done += 1
            progress("pictures of cases", done, len(wanted) * len(config.views))
    return {case: tuple(sorted(items, key=lambda p: p.view)) for case, items in found.items()}


def _picture(
    processor: ImageProcessor,
    source: RoiSource,
    image: str,
    roi: RoiRequest,
    keys: dict[tuple[str, str], str],
) -> RoiPicture | None:
    cache = processor.cache
    try:
        # The extraction names its crops so; a study without deep features makes none.
        key = keys.get((roi.case_id, roi.view)) or content_key(
            processor.base_key(source, roi), "crop"
        )
        crop = cache.read_array("crops", key)
        if crop is None:
            crop = source.prepare(roi).crop
            cache.write_array("crops", key, crop)
        inside = cache.read_array("outlines", key)
        if inside is None:
            inside = roi_in_crop(Path(image), roi, processor.config)
            cache.write_array("outlines", key, inside)
    except DlrError:
        return None
    pixels = np.round(255 * np.clip(crop, 0, 1)).astype(np.uint8)
    return RoiPicture(roi.view, pixels, outline_of(inside))


def roi_in_crop(image: Path, roi: RoiRequest, config: StudyConfig) -> NDArray[np.bool_]:
    """Return which pixels of an ROI's crop lie in the ROI.

    Raises
    ------
    DlrError
        If image or mask cannot be read or do not fit each other.
    """
    import SimpleITK as sitk

    from dlr.imaging import check_geometry, prepare_view, read_image
    from dlr.imaging.planes import stacking_axis

    volume = read_image(image, config.masks.rgb)
    mask = check_geometry(volume, _mask(roi, config, volume), config.masks, image, Path(roi.mask))
    plain = IntensitySettings(method="none")
    view = config.views[roi.view].model_copy(update={"intensity": plain})
    # The mask goes the way of the image, so that its crop shows the same square. A crop repeats
    # the outermost pixels beyond the border of the slice: there is no ROI there.
    border = [1, 1, 1]
    border[2 - stacking_axis(mask, view.plane)] = 0
    mask = sitk.ConstantPad(mask, border, border, 0)
    as_image = sitk.Cast(mask, sitk.sitkFloat32)
    return np.asarray(prepare_view(as_image, mask, view).crop >= 0.5)


def _mask(roi: RoiRequest, config: StudyConfig, volume: sitk.Image) -> sitk.Image:
    from dlr.imaging import read_mask

    return read_mask(
        Path(roi.mask),
        label=int(float(roi.label)) if roi.label else None,
        segment=roi.segment or None,
        settings=config.masks,
        reference=volume,
    )


def outline_of(inside: NDArray[np.bool_]) -> tuple[Polygon, ...]:
    """Return the edges of the true pixels as polygons, to a tenth of a pixel.

    Parameters
    ----------
    inside : ndarray of bool, shape (rows, columns)
    """
    from contourpy import contour_generator

    padded = np.pad(inside.astype(float), 1)
    lines = [np.asarray(line, dtype=float) for line in contour_generator(z=padded).lines(0.5)]
    # Of the padded array back to the crop's corner: one pixel less, half a pixel more.
    return tuple(
        tuple((round(float(x) - 0.5, 1), round(float(y) - 0.5, 1)) for x, y in _corners(line))
        for line in lines
    )


def _corners(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out the points between which an edge goes straight on."""
    steps = np.diff(line, axis=0)
    turns = np.any(steps[1:] != steps[:-1], axis=1)
    return line[np.concatenate([[True], turns, [True]])]
