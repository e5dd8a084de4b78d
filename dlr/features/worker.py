"""The part of extraction that runs once per image, possibly in another process.

All ROIs of one image are handled together, so a spine with seven discs is read once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dlr.config import StudyConfig
from dlr.errors import DlrError, StorageError
from dlr.features.cache import Cache, content_key
from dlr.features.mazda import MazdaEngine, make_mazda_engine
from dlr.features.radiomics import ParameterFile, RadiomicsEngine, load_settings, make_engine
from dlr.features.roi_source import Measuring, RoiRequest, RoiSource
from dlr.features.table import DEEP, MAZDA, RADIOMICS

__all__ = [
    "CASE",
    "FEATURE",
    "FEATURES_VERSION",
    "Failure",
    "ImageProcessor",
    "ImageTask",
    "Measuring",
    "RoiRequest",
    "RoiResult",
    "RoiSource",
]

FEATURES_VERSION = 2
"""Counts changes of dlr's own code that change any feature value; part of every cache key."""

CASE, FEATURE = "case", "feature"


@dataclass(frozen=True)
class ImageTask:
    """An image and all its ROIs."""

    image: str
    rois: tuple[RoiRequest, ...]


@dataclass(frozen=True)
class Failure:
    """Something of one ROI that could not be processed.

    `level` is ``"case"`` where nothing of the family is there, ``"feature"`` where single
    features are missing.
    """

    family: str
    level: str
    reason: str


@dataclass(frozen=True)
class RoiResult:
    """Where the results of one ROI lie in the cache, and what went wrong."""

    request: RoiRequest
    measured_keys: Mapping[str, str]  # by family: radiomics, MaZda
    crop_key: str | None
    failures: tuple[Failure, ...]
    from_cache: bool
    n_damaged: int = 0  # cache entries that were found damaged, and computed again

    @property
    def failed(self) -> bool:
        """Whether nothing of the ROI is there."""
        return any(failure.level == CASE for failure in self.failures)


@dataclass(frozen=True)
class ImageProcessor:
    """Processes image tasks into the cache.

    Parameters
    ----------
    config : StudyConfig
    cache : Cache
    """

    config: StudyConfig
    cache: Cache

    @cached_property
    def _parameters(self) -> ParameterFile | None:
        radiomics = self.config.radiomics
        return None if radiomics is None else load_settings(radiomics.parameters)

    def engine(self, view: str) -> RadiomicsEngine | None:
        """Return the radiomics engine of a view, or None where the view has no radiomics."""
        settings = self.config.views[view]
        if self._parameters is None or self.config.radiomics is None or not settings.radiomics:
            return None
        radiomics = self.config.radiomics
        return make_engine(radiomics.engine, self._parameters, settings.dimension, radiomics.device)

    @cached_property
    def _mazda(self) -> MazdaEngine | None:
        return None if self.config.mazda is None else make_mazda_engine(self.config.mazda)

    def measuring(self, view: str) -> dict[str, Measuring]:
        """Return what measures an ROI of a view, by family of features."""
        return self._measuring[view]

    @cached_property
    def _measuring(self) -> dict[str, dict[str, Measuring]]:
        return {view: self._measuring_of(view) for view in self.config.views}

    def _measuring_of(self, view: str) -> dict[str, Measuring]:
        engines: dict[str, Measuring] = {}
        radiomics = self.engine(view)
        if radiomics is not None:
            key = content_key(radiomics.name, radiomics.version, radiomics.parameters.canonical())
            engines[RADIOMICS] = Measuring(radiomics, key)
        if self._mazda is not None and self.config.views[view].mazda:
            mazda = self._mazda
            key = content_key(mazda.name, mazda.version, mazda.settings_record())
            engines[MAZDA] = Measuring(mazda, key)
        return engines

    def __call__(self, task: ImageTask) -> list[RoiResult]:
        """Process all ROIs of one image; see :meth:`each`."""
        return list(self.each(task))

    def each(self, task: ImageTask) -> Iterator[RoiResult]:
        """Process the ROIs of one image in turn; what fails is reported, not raised.

        Raises
        ------
        StorageError
            If the cache cannot be written: every other case would fail as well.
        """
        source = RoiSource(task.image, self.config)
        for roi in task.rois:
            damaged = len(self.cache.damaged)
            result = self._process(source, roi)
            yield replace(result, n_damaged=len(self.cache.damaged) - damaged)

    def _process(self, source: RoiSource, roi: RoiRequest) -> RoiResult:
        try:
            return self._process_readable(source, roi)
        except StorageError:
            raise
        except DlrError as error:
            return failed_result(roi, str(error))
        except Exception as error:
            # The last line of defence: whatever one case does, the batch goes on and lists it.
            return failed_result(roi, f"{type(error).__name__}: {' '.join(str(error).split())}")

    def base_key(self, source: RoiSource, roi: RoiRequest) -> str:
        """Return the key of one ROI's inputs and preparation; a family's key goes on from it.

        Raises
        ------
        DlrError
            If image or mask cannot be read.
        """
        view = self.config.views[roi.view]
        intensity = view.intensity or self.config.intensity
        return content_key(
            FEATURES_VERSION,
            source.image_sha256,
            source.mask_sha256(roi.mask),
            roi.label,
            roi.segment,
            view.model_dump(mode="json", exclude={"source", "radiomics", "mazda", "embedding"}),
            intensity.model_dump(mode="json"),
            self.config.masks.model_dump(mode="json"),
        )

    def _process_readable(self, source: RoiSource, roi: RoiRequest) -> RoiResult:
        view = self.config.views[roi.view]
        base = self.base_key(source, roi)
        embeds = view.embedding and bool(self.config.backbones)
        crop_key = content_key(base, "crop") if embeds else None
        engines = self.measuring(roi.view)
        keys = {family: content_key(base, item.key) for family, item in engines.items()}
        records = {family: self.cache.read_record(family, key) for family, key in keys.items()}
        crop_done = crop_key is None or self.cache.has("crops", crop_key)
        from_cache = crop_done and None not in records.values()
        if not from_cache:
            prepared = source.prepare(roi)
            if crop_key is not None and not crop_done:
                self.cache.write_array("crops", crop_key, prepared.crop)
            for family, item in engines.items():
                if records[family] is None:
                    result = source.measure(item, prepared)
                    record = {"values": result.values, "problems": result.problems}
                    self.cache.write_record(family, keys[family], record)
                    records[family] = record
        failures = tuple(
            failure
            for family, found in records.items()
            for failure in _feature_failures(family, found or {})
        )
        return RoiResult(roi, keys, crop_key, failures, from_cache)


def failed_result(roi: RoiRequest, reason: str) -> RoiResult:
    """Return the result of an ROI of which nothing could be computed."""
    failure = Failure(f"{RADIOMICS}+{DEEP}", CASE, reason)
    return RoiResult(roi, {}, None, (failure,), from_cache=False)


def _feature_failures(family: str, record: dict[str, dict[str, str]]) -> tuple[Failure, ...]:
    """Summarise the features that could not be computed, by reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in record.get("problems", {}).items():
        by_reason.setdefault(reason, []).append(name)
    return tuple(
        Failure(family, FEATURE, f"{len(names)} features ({names[0]}, ...): {reason}")
        if len(names) > 1
        else Failure(family, FEATURE, f"feature {names[0]}: {reason}")
        for reason, names in by_reason.items()
    )
