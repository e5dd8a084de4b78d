"""How the extraction of a feature table differs from what a signature needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dlr.features.mazda.settings import MazdaSettings
from dlr.features.radiomics.reader import parse_settings
from dlr.features.radiomics.settings import ParameterFile

if TYPE_CHECKING:
    from dlr.models.published.signature import MazdaExtraction, RadiomicsExtraction

SETTINGS_KEYS = {"rad": "radiomics settings", "mazda": "mazda settings"}
"""Provenance of a feature table: the settings of each family as canonical JSON."""

VIEWS_KEY = "views"
"""Provenance of a feature table: the settings of its views as JSON, by name."""

# What decides which voxels are reported on or accepted, but changes no value
_WITHOUT_EFFECT = {
    "additionalInfo", "label", "label_channel", "geometryTolerance", "correctMask",
    "minimumROISize", "minimumROIDimensions", "sigma",
}  # fmt: skip
_OF_ONE_TYPE = {
    "wavelet": "Wavelet", "level": "Wavelet", "start_level": "Wavelet",
    "gradientUseSpacing": "Gradient", "lbp2DRadius": "LBP2D", "lbp2DSamples": "LBP2D",
    "lbp2DMethod": "LBP2D", "lbp3DLevels": "LBP3D", "lbp3DIcosphereRadius": "LBP3D",
    "lbp3DIcosphereSubdivision": "LBP3D",
}  # fmt: skip


def differences(
    extraction: RadiomicsExtraction | MazdaExtraction,
    settings: ParameterFile | MazdaSettings | Mapping[str, str],
    view: str | None = None,
) -> list[str]:
    """List what differs, in words; empty where the features are what the signature needs.

    Parameters
    ----------
    extraction : RadiomicsExtraction or MazdaExtraction
        What the signature needs.
    settings : ParameterFile, MazdaSettings or mapping of str to str
        What was used; a mapping is the provenance of a feature table.
    view : str, optional
        View the features are taken from; only with a provenance.
    """
    found: list[str] = []
    if isinstance(settings, Mapping):
        found = _view_differences(extraction, settings, view)
        used = _from_provenance(extraction.family, settings)
        if isinstance(used, str):
            return [used, *found]
    else:
        used = settings
    wanted = extraction.settings
    if isinstance(wanted, MazdaSettings) and isinstance(used, MazdaSettings):
        return _mapping_differences(used.model_dump(), wanted.model_dump()) + found
    if isinstance(wanted, ParameterFile) and isinstance(used, ParameterFile):
        return _parameter_differences(used, wanted) + found
    return [f"they are of another family than '{extraction.family}'"]


def _from_provenance(
    family: str, provenance: Mapping[str, str]
) -> ParameterFile | MazdaSettings | str:
    """Read the settings out of a provenance, or say why not."""
    key = SETTINGS_KEYS[family]
    if key not in provenance:
        return f"their table does not tell their settings (no '{key}' in its provenance)"
    try:
        raw = json.loads(provenance[key])
        if family == "mazda":
            return MazdaSettings.model_validate(raw)
        return parse_settings(raw, "provenance")
    except (json.JSONDecodeError, ValidationError):
        return f"the '{key}' in the provenance of their table are unreadable"


def _mapping_differences(used: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} is {used[name]!r} instead of {value!r}"
        for name, value in wanted.items()
        if used[name] != value
    ]


def _parameter_differences(used: ParameterFile, wanted: ParameterFile) -> list[str]:
    """Compare image type by image type, as each may have options of its own."""
    kinds = {kind.name: kind for kind in used.image_types}
    found: dict[str, None] = {}
    for kind in wanted.image_types:
        if kind.name not in kinds:
            found[f"the image type {kind.name} is missing"] = None
            continue
        pair = []
        for parameters, chosen in ((used, kinds[kind.name]), (wanted, kind)):
            options = parameters.settings_of(chosen).model_dump()
            pair.append(
                {
                    name: value
                    for name, value in options.items()
                    if name not in _WITHOUT_EFFECT and _OF_ONE_TYPE.get(name) in (None, kind.name)
                }
            )
        found |= dict.fromkeys(_mapping_differences(*pair))
    return list(found)


def _view_differences(
    extraction: RadiomicsExtraction | MazdaExtraction,
    provenance: Mapping[str, str],
    view: str | None,
) -> list[str]:
    """Compare how the images were cut and normalised before extraction, where that is known."""
    views = json.loads(provenance.get(VIEWS_KEY, "{}"))
    if view is None and len(views) == 1:
        view = next(iter(views))
    if view not in views:
        return []
    used = views[view]
    found = []
    if used.get("plane", extraction.plane) != extraction.plane:
        found.append(f"their plane is {used['plane']!r} instead of {extraction.plane!r}")
    if used.get("spacing_mm") is not None:
        found.append(f"spacing_mm of their view is {used['spacing_mm']!r} instead of None")
    method = (used.get("intensity") or {}).get("method", "none")
    if method != "none":
        found.append(f"the intensity method of their view is {method!r} instead of 'none'")
    return found
