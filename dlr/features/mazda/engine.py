"""The engine of the MaZda family."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk

from dlr.features.mazda.autoregressive import autoregressive_features
from dlr.features.mazda.co_occurrence import co_occurrence_features
from dlr.features.mazda.found import Found
from dlr.features.mazda.gradient import gradient_features
from dlr.features.mazda.histogram import histogram_features
from dlr.features.mazda.names import feature_names
from dlr.features.mazda.region import Region, largest_region
from dlr.features.mazda.run_length import run_length_features
from dlr.features.mazda.settings import MazdaSettings
from dlr.features.mazda.wavelet import wavelet_features
from dlr.features.radiomics.engine import RadiomicsResult

VERSION = "1"
"""Raised whenever a number changes; part of every cache key."""


class MazdaEngine:
    """MaZda-style texture features of the slice that shows most of an ROI.

    The definitions are those of MaZda's publications; whether the values equal those of the
    program itself cannot be verified without it.

    Parameters
    ----------
    settings : MazdaSettings
    """

    name = "mazda"
    version = VERSION

    def __init__(self, settings: MazdaSettings) -> None:
        self.settings = settings

    def settings_record(self) -> str:
        """Return a text that is equal for settings that ask for the same numbers (a cache key)."""
        return json.dumps(self.settings.model_dump(mode="json"), sort_keys=True)

    def feature_names(self) -> list[str]:
        """Return the 279 names as MaZda prints them."""
        return feature_names()

    def execute(self, image: sitk.Image, mask: sitk.Image) -> RadiomicsResult:
        """Compute the features of the slice with the largest ROI.

        Parameters
        ----------
        image, mask : SimpleITK.Image
            Volume and binary mask on the same grid; one or many slices.

        Returns
        -------
        RadiomicsResult
            All 279 values; NaN, with a reason, for those the ROI is too small or too flat for.

        Raises
        ------
        CaseError
            If the ROI as a whole cannot be used.
        """
        return self.measure(largest_region(image, mask, self.settings))

    def execute_arrays(self, intensities: np.ndarray, mask: np.ndarray) -> RadiomicsResult:
        """Compute the features of one slice given as arrays of shape (rows, columns)."""
        pixels = np.asarray(intensities, dtype=np.float64)
        return self.measure(Region.of_arrays(pixels, np.asarray(mask) != 0, self.settings))

    def measure(self, region: Region) -> RadiomicsResult:
        """Compute the features of a region that was cut out already."""
        values: dict[str, float] = {}
        problems: dict[str, str] = {}
        for found in self._groups(region):
            values.update(found.values)
            problems.update(
                {name: found.reason for name, x in found.values.items() if math.isnan(x)}
            )
        return RadiomicsResult(values, problems)

    def _groups(self, region: Region) -> Iterator[Found]:
        yield histogram_features(region, self.settings)
        yield gradient_features(region, self.settings)
        yield run_length_features(region, self.settings)
        yield from co_occurrence_features(region, self.settings)
        yield autoregressive_features(region, self.settings)
        yield from wavelet_features(region, self.settings)


def make_mazda_engine(settings: MazdaSettings | None = None) -> MazdaEngine:
    """Build the engine; its inner loops are compiled once per installation.

    Parameters
    ----------
    settings : MazdaSettings, optional
        The defaults when left out.
    """
    from dlr.features.mazda.warm_up import is_compiled, warm_up

    if not is_compiled():
        warm_up()
    return MazdaEngine(settings or MazdaSettings())
