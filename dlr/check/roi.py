"""What one pass over an image tells of every ROI drawn in it."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlr.check.facts import RoiCheck, RoiFacts
from dlr.check.finding import RoiKey
from dlr.check.flags import flags_of
from dlr.check.geometry import border_faces, box_of, count_parts, direction_code
from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.features.radiomics import ParameterFile, load_settings
from dlr.features.radiomics.options import ExtractionSettings
from dlr.features.roi_source import RoiRequest, RoiSource
from dlr.features.worker import ImageTask
from dlr.settings import IntensitySettings

if TYPE_CHECKING:
    import SimpleITK as sitk

    from dlr.features.radiomics.native.intensities import Intensities
    from dlr.imaging import PreparedView
    from dlr.roi_pictures import RoiPicture


def examine_image(
    config: StudyConfig, task: ImageTask, pictured: frozenset[RoiKey] | None
) -> list[RoiCheck]:
    """Read one image and its masks once, as extraction will, and measure every ROI.

    Parameters
    ----------
    config : StudyConfig
    task : ImageTask
    pictured : frozenset of tuple, optional
        Keys of the ROIs (case, view, reader) to take pictures of; those that deserve a look get
        one, too. None: no pictures at all.
    """
    source = _Source(task.image, config)
    return [_examine(source, roi, pictured) for roi in task.rois]


def _examine(source: _Source, roi: RoiRequest, pictured: frozenset[RoiKey] | None) -> RoiCheck:
    try:
        facts, prepared, mask = source.measure_roi(roi)
        picture = None
        key = (roi.case_id, roi.view, roi.reader)
        if pictured is not None and (
            key in pictured or flags_of(facts, source.bin_width(roi.view))
        ):
            picture = source.picture(roi, prepared, mask)
    except DlrError as error:
        return RoiCheck(roi, source.path, fault=str(error), image_key=source.image_key())
    except Exception as error:
        # The last line of defence, as in extraction: one case does not end the check of all.
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return RoiCheck(roi, source.path, fault=reason, image_key=source.image_key())
    return RoiCheck(roi, source.path, facts, image_key=source.image_key(), picture=picture)


def bin_settings(config: StudyConfig, view: str) -> tuple[ParameterFile, ExtractionSettings] | None:
    """Return the parameters of a view and what holds for the unfiltered image; None without it."""
    if config.radiomics is None or not config.views[view].radiomics:
        return None
    parameters = load_settings(config.radiomics.parameters)
    kinds = [kind for kind in parameters.image_types if kind.name == "Original"]
    return (parameters, parameters.settings_of(kinds[0])) if kinds else None


class _Source(RoiSource):
    """An image whose ROIs are measured for the check; nothing is read twice."""

    def __init__(self, image: str, config: StudyConfig) -> None:
        super().__init__(image, config)
        self.path = image
        self._drawn: tuple[RoiRequest, sitk.Image] | None = None
        self._intensities: tuple[sitk.Image, str, Intensities] | None = None
        self._bins = {view: bin_settings(config, view) for view in config.views}

    def bin_width(self, view: str) -> float | None:
        """Return the fixed bin width of a view's unfiltered image, if it has one."""
        settings = self._bins[view]
        if settings is None or settings[1].binCount is not None:
            return None
        return float(settings[1].binWidth)

    @cached_property
    def _image_key(self) -> str:
        return voxel_key(self._array.astype(np.float32))

    def image_key(self) -> str:
        """Return the checksum of the image's voxels; ``""`` if it could not be read."""
        return self._image_key if "_image" in self.__dict__ else ""

    @property
    def _array(self) -> NDArray[Any]:
        import SimpleITK as sitk

        return np.asarray(sitk.GetArrayViewFromImage(self._image))

    def _mask(self, roi: RoiRequest) -> sitk.Image:
        """Keep the mask that is being looked at: measuring and preparing both need it."""
        if self._drawn is None or self._drawn[0] != roi:
            self._drawn = (roi, super()._mask(roi))
        return self._drawn[1]

    def measure_roi(self, roi: RoiRequest) -> tuple[RoiFacts, PreparedView, sitk.Image]:
        """Measure one ROI; return its prepared view and its mask on the image's grid, too.

        Raises
        ------
        DlrError
            If image or mask cannot be used.
        """
        import SimpleITK as sitk

        from dlr.imaging import align_mask, slice_axis

        prepared = self.prepare(roi)  # every rule of extraction comes first
        image = self._image
        aligned = align_mask(image, self._mask(roi), self._config.masks, self.path, roi.mask)
        inside = np.asarray(sitk.GetArrayViewFromImage(aligned.mask)) != 0
        box = box_of(inside)
        part, values = inside[box], self._array[box][inside[box]]
        parts, largest = count_parts(part)
        code = direction_code(image)
        axis = slice_axis(image)
        sides, cut_off = border_faces(box, inside.shape, axis, code)
        voxels = len(values)
        facts = RoiFacts(
            size=image.GetSize(),
            spacing=image.GetSpacing(),
            slice_axis=2 - axis,
            default_origin=not any(image.GetOrigin()),
            direction=code,
            voxels=voxels,
            volume_ml=voxels * float(np.prod(image.GetSpacing())) / 1000,
            parts=parts,
            largest_part=largest,
            border=sides,
            cut_off=cut_off,
            low=float(values.min()),
            high=float(values.max()),
            bins=self._count_bins(roi.view, prepared),
            audit=aligned.audit,
            mask_key=voxel_key(np.packbits(part), str(box), str(inside.shape)),
        )
        return facts, prepared, aligned.mask

    def _count_bins(self, view: str, prepared: PreparedView) -> int | None:
        """Count the bins between the ROI's extremes as the radiomics engine will make them."""
        import SimpleITK as sitk

        from dlr.features.radiomics.native.box import Box
        from dlr.features.radiomics.native.discretisation import UndefinedLevels, bin_edges
        from dlr.features.radiomics.native.intensities import Intensities
        from dlr.features.radiomics.native.region import resegment

        found = self._bins[view]
        if found is None:
            return None
        parameters, settings = found
        if settings.binCount is not None:
            return settings.binCount
        key = parameters.settings.model_dump_json()
        known = self._intensities
        # The image the views share is normalised once for all its ROIs.
        if known is None or known[0] is not prepared.image or known[1] != key:
            whole = Intensities.of(prepared.image, parameters.settings)
            known = self._intensities = (prepared.image, key, whole)
        inside = np.asarray(sitk.GetArrayViewFromImage(prepared.mask)) != 0
        box = box_of(inside)
        corners = tuple(span.start for span in box), tuple(span.stop for span in box)
        values, kept = known[2].crop(Box(*corners)), inside[box]
        if parameters.settings.resegmentRange is not None:
            kept = resegment(values, kept, parameters.settings)
        try:
            return len(bin_edges(values[kept], settings)) - 1
        except UndefinedLevels:
            return None

    def picture(self, roi: RoiRequest, prepared: PreparedView, mask: sitk.Image) -> RoiPicture:
        """Return the crop of an ROI with the outline of its mask, which lies on the image."""
        import SimpleITK as sitk

        from dlr.imaging import prepare_view
        from dlr.imaging.planes import stacking_axis
        from dlr.roi_pictures import RoiPicture, outline_of

        plain = IntensitySettings(method="none")
        view = self._config.views[roi.view].model_copy(update={"intensity": plain})
        # A crop repeats the outermost pixels beyond the border of the slice: no ROI is there.
        border = [1, 1, 1]
        border[2 - stacking_axis(mask, view.plane)] = 0
        padded = sitk.ConstantPad(mask, border, border, 0)
        drawn = prepare_view(sitk.Cast(padded, sitk.sitkFloat32), padded, view).crop >= 0.5
        pixels = np.round(255 * np.clip(prepared.crop, 0, 1)).astype(np.uint8)
        named = roi.view if roi.reader == "first" else f"{roi.view}, {roi.reader} reader"
        return RoiPicture(named, pixels, outline_of(drawn))


def voxel_key(array: NDArray[Any], *more: str) -> str:
    """Return a checksum of an array's values and shape."""
    digest = hashlib.sha256("|".join([str(array.shape), str(array.dtype), *more]).encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
