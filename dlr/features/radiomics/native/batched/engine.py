"""The native engine for many cases at once: filters on the processor, features on a device.

Reading, filtering and shapes are done case by case on the processor by the engine's own code; what
it would then measure image by image is gathered from many cases and measured in one go. So it pays
where textures take the time (many regions, few filters), and little where filters do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import SimpleITK as sitk
import torch

from dlr.errors import CaseError, DlrError
from dlr.features.radiomics.engine import RadiomicsResult
from dlr.features.radiomics.names import SHAPE_CLASSES
from dlr.features.radiomics.native.batched.features import (
    ELEMENTS,
    TextureRegion,
    intensity_features_many,
)
from dlr.features.radiomics.native.engine import VERSION, NativeEngine
from dlr.features.radiomics.native.filters.images import filtered_images
from dlr.features.radiomics.native.intensities import Intensities
from dlr.features.radiomics.native.region import Region
from dlr.features.radiomics.settings import ImageType, ParameterFile

CASES = 64
"""Cases that are gathered before they are measured."""

Pair = tuple[sitk.Image, sitk.Image]


@dataclass(frozen=True)
class _Waiting:
    """One filtered image of one case that is still to be measured."""

    image_type: str
    name: str
    region: TextureRegion


@dataclass(frozen=True)
class _Prepared:
    """A case whose shape is measured and whose images wait."""

    result: RadiomicsResult
    waiting: tuple[_Waiting, ...]


class BatchedEngine:
    """PyRadiomics' features with textures measured for many cases at once in torch.

    The values are those of the engine ``native`` up to the rounding of sums (about 1e-12).

    Parameters
    ----------
    parameters : ParameterFile
        Settings resolved for a dimension (:meth:`ParameterFile.for_dimension`).
    device : str
        ``"cpu"`` (for tests; slower than the engine ``native``), ``"cuda"`` or ``"cuda:1"``.
    cases : int
        How many cases to gather before they are measured.
    threads : int
        Cases that are filtered side by side on the processor.
    elements : int
        Entries of matrices that are held at a time; less saves memory on the device.

    Raises
    ------
    DlrError
        If the device is not there, or has no 64-bit floats.
    InputError
        If an image type is not supported.
    """

    name = "native"
    version = f"{VERSION}-batched"

    def __init__(
        self,
        parameters: ParameterFile,
        device: str = "cpu",
        cases: int = CASES,
        threads: int = 1,
        elements: int = ELEMENTS,
    ) -> None:
        self.parameters = parameters
        self.device = _checked(device)
        self._names = NativeEngine(parameters).feature_names()
        self._cases = cases
        self._threads = threads
        self._elements = elements

    def feature_names(self) -> list[str]:
        """Return the fixed column set, which depends on the settings only."""
        return list(self._names)

    def execute(self, image: sitk.Image, mask: sitk.Image) -> RadiomicsResult:
        """Compute all features of the voxels of `image` where `mask` equals the label (1).

        Raises
        ------
        CaseError
            If the region of interest as a whole cannot be used.
        """
        (outcome,) = self.execute_all([(image, mask)])
        if isinstance(outcome, CaseError):
            raise outcome
        return outcome

    def execute_all(self, pairs: Iterable[Pair]) -> Iterator[RadiomicsResult | CaseError]:
        """Yield the features of each pair of image and mask, or why it cannot be used, in order.

        Pairs are drawn from `pairs` only as they are needed, so they may be read on the way.
        """
        remaining = iter(pairs)
        with ThreadPoolExecutor(self._threads) as pool:
            while drawn := list(islice(remaining, self._cases)):
                prepared = list(pool.map(self._prepare, drawn))
                self._measure([case for case in prepared if isinstance(case, _Prepared)])
                for case in prepared:
                    yield case.result if isinstance(case, _Prepared) else case

    def _prepare(self, pair: Pair) -> _Prepared | CaseError:
        gatherer = _Gatherer(self.parameters)
        try:
            result = gatherer.execute(*pair)
        except CaseError as error:
            return error
        return _Prepared(result, tuple(gatherer.waiting))

    def _measure(self, cases: list[_Prepared]) -> None:
        """Measure all images that wait, one image type after the other, into the results."""
        classes = tuple(c for c in self.parameters.feature_classes if c.name not in SHAPE_CLASSES)
        for image_type in self.parameters.image_types:
            waiting = [
                (case.result, image)
                for case in cases
                for image in case.waiting
                if image.image_type == image_type.name
            ]
            rows = intensity_features_many(
                [image.region for _, image in waiting],
                classes,
                self.parameters.settings_of(image_type),
                self.device,
                self._elements,
            )
            for (result, image), row in zip(waiting, rows):
                if isinstance(row, str):
                    names = [f"{c.name}_{feature}" for c in classes for feature in c.features]
                    result.problems.update({f"{image.name}_{name}": row for name in names})
                else:
                    _fill(result, image.name, row)


class _Gatherer(NativeEngine):
    """The native engine, which here hands out what it would measure."""

    def __init__(self, parameters: ParameterFile) -> None:
        super().__init__(parameters)
        self.waiting: list[_Waiting] = []

    def _add_image_type(
        self,
        image_type: ImageType,
        intensities: Intensities,
        region: Region,
        values: dict[str, float],
        problems: dict[str, str],
    ) -> None:
        settings = self.parameters.settings_of(image_type)
        for filtered in filtered_images(image_type.name, intensities, region.box, settings):
            if filtered.voxels is None:
                names = [name for name in values if name.startswith(f"{filtered.name}_")]
                problems.update(dict.fromkeys(names, filtered.problem))
                continue
            # a copy, since a view would not outlive the image
            texture = TextureRegion(np.array(filtered.voxels), region.mask, intensities.spacing)
            self.waiting.append(_Waiting(image_type.name, filtered.name, texture))


def _fill(result: RadiomicsResult, image: str, row: dict[str, float]) -> None:
    """Put the features of one image into a result; one that is not finite keeps its reason."""
    for feature, value in row.items():
        if math.isfinite(value):
            result.values[f"{image}_{feature}"] = value
            result.problems.pop(f"{image}_{feature}", None)


def _checked(device: str) -> torch.device:
    """Return the device if it can be used."""
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise DlrError(f"the device must be cpu or cuda, but got {device!r}") from error
    if chosen.type not in ("cpu", "cuda"):
        raise DlrError(f"radiomics needs 64-bit floats; use cpu or cuda in place of {device!r}")
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise DlrError(f"torch finds no graphics card {device!r}; use cpu")
    return chosen
