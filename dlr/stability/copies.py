"""Measuring the perturbed copies of ROIs: one image at a time, possibly in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dlr.config import StudyConfig
from dlr.errors import DlrError
from dlr.features.cache import Cache, content_key
from dlr.features.roi_source import Measuring, RoiRequest, RoiSource
from dlr.features.worker import ImageProcessor, ImageTask
from dlr.imaging import PreparedView, check_intensity, check_roi, prepare_view
from dlr.imaging.perturbation import PERTURBATION_VERSION, Perturber
from dlr.imaging.perturbation_settings import PerturbationSettings
from dlr.settings import IntensitySettings

ENTRIES = "stability"
"""Where in the cache the features of copies lie."""


@dataclass(frozen=True, eq=False)
class CopyResult:
    """What became of one copy of one ROI.

    Attributes
    ----------
    case_id, view : str
    repetition : int
        0 is the ROI as it was drawn.
    keys : mapping of str to str
        Cache entry of the features of each family, in the order of the family's names.
    crop : ndarray or None
        Where deep features are wanted that the cache does not hold.
    reason : str
        Why there is nothing; empty otherwise.
    """

    case_id: str
    view: str
    repetition: int
    keys: Mapping[str, str]
    crop: NDArray[np.float32] | None = None
    reason: str = ""


@dataclass(frozen=True)
class CopyMeasurer:
    """Measures all copies of all ROIs of an image into the cache.

    Parameters
    ----------
    config : StudyConfig
    cache : Cache
    settings : PerturbationSettings
    repetitions : int
        Copies beside the ROI itself.
    backbones : mapping of str to str
        For each wanted family of deep features, the key of what makes them.
    """

    config: StudyConfig
    cache: Cache
    settings: PerturbationSettings
    repetitions: int
    backbones: Mapping[str, str]

    @cached_property
    def processor(self) -> ImageProcessor:
        """What knows the engines of each view."""
        return ImageProcessor(self.config, self.cache)

    def __call__(self, task: ImageTask) -> list[CopyResult]:
        """Measure all copies; one that fails is reported, never raised."""
        source = RoiSource(task.image, self.config)
        return [copy for roi in task.rois for copy in self._copies(source, roi)]

    def _copies(self, source: RoiSource, roi: RoiRequest) -> list[CopyResult]:
        drawn = DrawnRoi(source, roi, self.config, self.settings)
        results = []
        for repetition in range(self.repetitions + 1):
            try:
                results.append(self._copy(drawn, repetition))
            except DlrError as error:
                reason = " ".join(str(error).split())
                results.append(CopyResult(roi.case_id, roi.view, repetition, {}, None, reason))
            except Exception as error:
                # The last line of defence: whatever one copy does, the batch goes on.
                reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
                results.append(CopyResult(roi.case_id, roi.view, repetition, {}, None, reason))
        return results

    def _copy(self, drawn: DrawnRoi, repetition: int) -> CopyResult:
        """Measure one copy, or find it in the cache."""
        roi = drawn.roi
        base = self._base_key(drawn, repetition)
        engines = self.processor.measuring(roi.view)
        deep = self.backbones if self.config.views[roi.view].embedding else {}
        keys = {family: content_key(base, item.key) for family, item in engines.items()}
        keys |= {family: content_key(base, key) for family, key in deep.items()}
        missing = [family for family, key in keys.items() if not self.cache.has(ENTRIES, key)]
        if not missing:
            return CopyResult(roi.case_id, roi.view, repetition, keys)
        copy = drawn.copy(repetition)
        for family in missing:
            if family in engines:
                values = _values(drawn.source, engines[family], copy)
                self.cache.write_array(ENTRIES, keys[family], values)
        crop = drawn.crop(copy) if set(missing) & set(deep) else None
        return CopyResult(roi.case_id, roi.view, repetition, keys, crop)

    def _base_key(self, drawn: DrawnRoi, repetition: int) -> str:
        parts: list[object] = [self.processor.base_key(drawn.source, drawn.roi)]
        if repetition:  # the ROI itself is the same whatever the perturbations
            settings = self.settings.model_dump(mode="json")
            parts += [PERTURBATION_VERSION, settings, self.config.seed]
            parts += [drawn.roi.case_id, repetition]
        return content_key(*parts)


def _values(source: RoiSource, measuring: Measuring, copy: PreparedView) -> NDArray[np.float64]:
    found = source.measure(measuring, copy).values
    return np.array([found[name] for name in measuring.engine.feature_names()], dtype=np.float64)


class DrawnRoi:
    """One ROI and its copies; image and mask are read when the first copy is needed."""

    def __init__(
        self,
        source: RoiSource,
        roi: RoiRequest,
        config: StudyConfig,
        settings: PerturbationSettings,
    ) -> None:
        self.source, self.roi = source, roi
        self._config, self._settings = config, settings

    @cached_property
    def _perturber(self) -> Perturber:
        prepared = self.source.prepare(self.roi)
        return Perturber(prepared.image, prepared.mask, self._settings)

    def copy(self, repetition: int) -> PreparedView:
        """Draw a copy and refuse it where it would be refused as an ROI; its crop is left empty."""
        pair = self._perturber.draw(self._config.seed, self.roi.case_id, repetition)
        check_roi(pair.mask, self._config.masks)
        check_intensity(pair.image, pair.mask)
        return PreparedView(pair.image, pair.mask, np.zeros((0, 0), dtype=np.float32))

    def crop(self, copy: PreparedView) -> NDArray[np.float32]:
        """Cut the picture of a copy as that of an ROI is cut."""
        view = self._config.views[self.roi.view]
        # The copy is reformatted and normalised already.
        done = {"spacing_mm": None, "dimension": "3d", "intensity": IntensitySettings()}
        return prepare_view(copy.image, copy.mask, view.model_copy(update=done)).crop
