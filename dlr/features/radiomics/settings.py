"""PyRadiomics' parameter file as an object, and what it means for volumes and for slices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from dlr.errors import Fault, InputError
from dlr.features.radiomics.names import FEATURE_NAMES
from dlr.features.radiomics.options import ExtractionSettings

Dimension = Literal["3d", "2.5d", "2d"]


@dataclass(frozen=True)
class ImageType:
    """One image type and the options that differ for it."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FeatureClass:
    """One feature class and the features asked of it; `complete` when none was named."""

    name: str
    features: tuple[str, ...]
    complete: bool = True


@dataclass(frozen=True)
class ParameterFile:
    """A whole parameter file of PyRadiomics.

    Parameters
    ----------
    source : str
        Path of the file, or name of the preset; only used in messages.
    image_types : tuple of ImageType
        In the order of the file.
    feature_classes : tuple of FeatureClass
        In the order of the file.
    settings : ExtractionSettings
        The ``setting`` section.
    """

    source: str
    image_types: tuple[ImageType, ...]
    feature_classes: tuple[FeatureClass, ...]
    settings: ExtractionSettings

    def settings_of(self, image_type: ImageType) -> ExtractionSettings:
        """Return the settings that hold for one image type."""
        options = self.settings.model_dump(exclude_unset=True) | dict(image_type.options)
        return ExtractionSettings.model_validate(options)

    def for_dimension(self, dimension: Dimension) -> ParameterFile:
        """Return the parameters as they hold for volumes (3d), slice by slice (2.5d) or one slice.

        3d leaves the file as it is. 2.5d and 2d set ``force2D`` on array axis 0; 2d takes
        ``shape2D`` in place of ``shape``. A file that lists both shape classes serves all three.

        Raises
        ------
        InputError
            If the file contradicts the dimension.
        """
        if dimension == "3d":
            return self._choosing_shape(dimension, self.settings.force2D)
        axes = {self.settings_of(kind).force2Ddimension for kind in self.image_types}
        if axes | {self.settings.force2Ddimension} != {0}:
            raise self._refusal(
                "force2Ddimension",
                f"dimension {dimension} always takes array axis 0; remove force2Ddimension, "
                "or choose dimension 3d to let the file decide",
            )
        if dimension == "2d" and any(kind.name == "LoG" for kind in self.image_types):
            raise self._refusal(
                "LoG",
                "the Laplacian of Gaussian needs a volume of at least 4 slices, which dimension 2d "
                "does not give; remove LoG, or choose dimension 2.5d or 3d",
            )
        flat = self.settings.model_copy(update={"force2D": True})
        kinds = tuple(
            replace(kind, options={k: v for k, v in kind.options.items() if k != "force2D"})
            for kind in self.image_types
        )
        return replace(self, settings=flat, image_types=kinds)._choosing_shape(dimension, False)

    def to_dict(self) -> dict[str, Any]:
        """Return the sections as PyRadiomics reads them, every setting written out."""
        return {
            "imageType": {kind.name: dict(kind.options) for kind in self.image_types},
            "featureClass": {chosen.name: list(chosen.features) for chosen in self.feature_classes},
            "setting": self.settings.model_dump(),
        }

    def canonical(self) -> str:
        """Return a text that is equal for files that ask for the same numbers (a cache key)."""
        return json.dumps(self.to_dict(), sort_keys=True)

    def _choosing_shape(self, dimension: Dimension, both: bool) -> ParameterFile:
        """Keep the shape class that fits `dimension`; `both`: the file may ask for both itself."""
        wanted, other = ("shape2D", "shape") if dimension == "2d" else ("shape", "shape2D")
        listed = {chosen.name: chosen for chosen in self.feature_classes}
        if other not in listed or both:
            return self
        if wanted in listed:
            kept = tuple(c for c in self.feature_classes if c.name != other)
        elif wanted == "shape2D" and listed[other].complete:
            flat = FeatureClass("shape2D", FEATURE_NAMES["shape2D"])
            kept = tuple(flat if c.name == other else c for c in self.feature_classes)
        else:
            raise self._refusal(
                other,
                f"{other} cannot be computed with dimension {dimension}; "
                f"list {wanted} beside it, or instead of it",
            )
        return replace(self, feature_classes=kept)

    def _refusal(self, key: str, message: str) -> InputError:
        path = Path(self.source) if self.source.endswith((".yaml", ".yml", ".json")) else None
        return InputError([Fault(message, path, column=key, code="bad-value")])
