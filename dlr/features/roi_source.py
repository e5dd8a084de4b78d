"""An image and the ROIs drawn in it: read, checked, prepared and measured, each thing once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dlr.config import StudyConfig
from dlr.dicom import input_exists, input_sha256
from dlr.errors import DlrError
from dlr.features.mazda import MazdaEngine
from dlr.features.radiomics import RadiomicsEngine, RadiomicsResult
from dlr.safety.paths import quoted
from dlr.settings import IntensitySettings

if TYPE_CHECKING:
    import SimpleITK as sitk

    from dlr.imaging import PreparedView

    Measurer = Callable[[sitk.Image], RadiomicsResult]


@runtime_checkable
class SharesImage(Protocol):
    """An engine that can look at an image once for all masks drawn in it."""

    def measurer(self, image: sitk.Image) -> Measurer:
        """Return a function from a mask to its features."""


@dataclass(frozen=True)
class RoiRequest:
    """One ROI to process: whose it is, in which view, and where its mask lies."""

    case_id: str
    view: str
    reader: str
    mask: str
    label: str
    segment: str


@dataclass(frozen=True)
class Measuring:
    """An engine that measures one family of features, and the key of its settings."""

    engine: RadiomicsEngine | MazdaEngine
    key: str


class RoiSource:
    """An image read at most once, and only when something must be computed from it.

    What is found of the image as a whole (normalised intensities, statistics) serves all its ROIs.
    """

    def __init__(self, image: str, config: StudyConfig) -> None:
        self._path = Path(image)
        self._config = config
        self._mask_sha256: dict[str, str] = {}
        self._label_map: tuple[str, sitk.Image] | None = None
        self._normalised: dict[str, sitk.Image] = {}
        self._measurers: dict[str, tuple[sitk.Image, Measurer]] = {}

    @cached_property
    def image_sha256(self) -> str:
        """Checksum of the image file, or of the files of a DICOM series."""
        return _existing_sha256(self._path, "image")

    @cached_property
    def _image(self) -> sitk.Image:
        from dlr.imaging import read_image

        if not input_exists(self._path):
            raise DlrError(_absent(self._path, "image"))
        return read_image(self._path, self._config.masks.rgb)

    def mask_sha256(self, mask: str) -> str:
        """Return the checksum of a mask file."""
        if mask not in self._mask_sha256:
            self._mask_sha256[mask] = _existing_sha256(Path(mask), "mask")
        return self._mask_sha256[mask]

    def prepare(self, roi: RoiRequest) -> PreparedView:
        """Read image and mask, check them against each other, and cut the view."""
        from dlr.imaging import check_geometry, check_intensity, check_roi, prepare_view

        view = self._config.views[roi.view]
        masks = self._config.masks
        mask = check_geometry(self._image, self._mask(roi), masks, self._path, Path(roi.mask))
        check_roi(mask, masks)
        check_intensity(self._image, mask)
        intensity = view.intensity or self._config.intensity
        if view.dimension == "2d" or intensity.region == "roi":
            return prepare_view(self._image, mask, view, intensity)
        as_it_is = view.model_copy(update={"intensity": IntensitySettings(method="none")})
        return prepare_view(self._normalise(intensity), mask, as_it_is)

    def _normalise(self, intensity: IntensitySettings) -> sitk.Image:
        """Bring the whole image to an intensity scale, once."""
        from dlr.imaging import normalise_intensity

        key = intensity.model_dump_json()
        if key not in self._normalised:
            self._normalised[key] = normalise_intensity(self._image, None, intensity)
        return self._normalised[key]

    def measure(self, measuring: Measuring, prepared: PreparedView) -> RadiomicsResult:
        """Measure one ROI; an engine that can looks at an image they share only once."""
        engine = measuring.engine
        if not isinstance(engine, SharesImage):
            return engine.execute(prepared.image, prepared.mask)
        known = self._measurers.get(measuring.key)
        if known is None or known[0] is not prepared.image:
            known = (prepared.image, engine.measurer(prepared.image))
            self._measurers[measuring.key] = known
        return known[1](prepared.mask)

    def _mask(self, roi: RoiRequest) -> sitk.Image:
        """Read a mask; a label map that holds many ROIs stays in memory between them."""
        from dlr.imaging import read_label_map, read_mask, select_label

        masks, path = self._config.masks, Path(roi.mask)
        if not input_exists(path):
            raise DlrError(_absent(path, "mask"))
        if roi.segment:
            return read_mask(path, segment=roi.segment, settings=masks, reference=self._image)
        if self._label_map is None or self._label_map[0] != roi.mask:
            self._label_map = (roi.mask, read_label_map(path, masks, self._image))
        label = _label_number(roi.label)
        return select_label(self._label_map[1], label, path, masks)


def _absent(path: Path, kind: str) -> str:
    return (
        f"the {kind} file does not exist: {quoted(path)}; check its path in the table, or give "
        "the folder the paths start from: --root"
    )


def _existing_sha256(path: Path, kind: str) -> str:
    try:
        return input_sha256(path, kind)
    except FileNotFoundError:
        raise DlrError(_absent(path, kind)) from None
    except OSError as error:
        raise DlrError(
            f"the {kind} file cannot be read: {quoted(path)} ({error.strerror})"
        ) from None


def _label_number(label: str) -> int | None:
    if not label:
        return None
    try:
        number = float(label)
    except ValueError:
        number = float("nan")
    if not number.is_integer():
        raise DlrError(f"mask_label must be a whole number, but got '{label}'; correct the table")
    return int(number)
