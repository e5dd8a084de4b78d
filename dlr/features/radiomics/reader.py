"""Read PyRadiomics' parameter file verbatim and check all of it.

An option that dlr does not know, or that would have no effect where it stands, is an error:
a settings file that is partly ignored gives numbers nobody asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dlr.errors import Fault, InputError
from dlr.features.radiomics.names import EXTRA_NAMES, FEATURE_NAMES
from dlr.features.radiomics.options import IMAGE_OPTIONS, ExtractionSettings
from dlr.features.radiomics.settings import FeatureClass, ImageType, ParameterFile
from dlr.safety.documents import read_yaml_document

PRESETS = ("original", "original-log-wavelet")
SECTIONS = ("imageType", "featureClass", "setting")
IMAGE_TYPES = (
    "Original", "Wavelet", "LoG", "Square", "SquareRoot", "Logarithm", "Exponential", "Gradient",
    "LBP2D", "LBP3D",
)  # fmt: skip


def load_settings(parameters: str | Path) -> ParameterFile:
    """Read a parameter file of PyRadiomics (YAML or JSON), or one of dlr's presets.

    Parameters
    ----------
    parameters : str or Path
        Path of a file, or ``"original"`` (107 features) or ``"original-log-wavelet"`` (1,316).

    Returns
    -------
    ParameterFile

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or holds an option that is unknown, out of range or
        without effect where it stands; every fault is listed.
    """
    name = str(parameters)
    if name in PRESETS:
        text = (resources.files(__package__) / "presets" / f"{name}.yaml").read_text("utf-8")
        return parse_settings(yaml.safe_load(text), name)
    path = Path(parameters)
    if not path.exists():
        hint = f"the parameter file does not exist; give a file, or a preset: {', '.join(PRESETS)}"
        raise InputError([Fault(hint, path, code="file-missing")])
    return parse_settings(read_yaml_document(path, "parameter file"), name)


def parse_settings(raw: Any, source: str) -> ParameterFile:
    """Check the content of a parameter file; `source` names it in messages."""
    faults: list[Fault] = []
    if not isinstance(raw, dict):
        problem = f"the parameter file must be a mapping with the sections {', '.join(SECTIONS)}"
        raise InputError([Fault(problem, Path(source))])
    faults += [_unknown_section(str(key), source) for key in raw if key not in SECTIONS]
    settings = _settings(raw.get("setting") or {}, "setting", source, faults)
    image_types = tuple(_image_types(raw.get("imageType") or {"Original": {}}, source, faults))
    if settings is not None:
        for kind in image_types:
            merged = settings.model_dump(exclude_unset=True) | dict(kind.options)
            section = f"imageType.{kind.name}"
            complete = _settings(merged, section, source, faults)
            if kind.name == "LoG" and complete is not None and not complete.sigma:
                problem = "LoG needs 'sigma', a list of widths in mm such as [1.0, 3.0]; add it"
                faults.append(Fault(problem, Path(source), None, section, "missing-key"))
    classes = tuple(_feature_classes(raw.get("featureClass"), source, faults))
    if faults or settings is None:
        raise InputError(dict.fromkeys(faults))
    return ParameterFile(source, image_types, classes, settings)


def _settings(
    raw: Any, section: str, source: str, faults: list[Fault]
) -> ExtractionSettings | None:
    if not isinstance(raw, dict):
        faults.append(Fault(f"'{section}' must be a mapping of options", Path(source)))
        return None
    try:
        return ExtractionSettings.model_validate(raw)
    except ValidationError as error:
        faults += [_fault(section, detail, source) for detail in error.errors()]
        return None


def _fault(section: str, detail: Any, source: str) -> Fault:
    """Turn one pydantic error into one sentence that names the key and the remedy."""
    option = str(detail["loc"][0])
    key = f"{section}.{option}"
    if detail["type"] == "extra_forbidden":
        hint = _hint(option, ExtractionSettings.model_fields)
        return Fault(f"unknown option '{option}'; {hint}", Path(source), None, key, "unknown-key")
    message = detail["msg"].removeprefix("Value error, ")
    got = f"'{option}': {message}, but got {detail.get('input')!r}"
    return Fault(got, Path(source), None, key, "bad-value")


def _hint(name: str, known: Iterable[str]) -> str:
    """Say which known name is near, or list them all."""
    known = list(known)
    lower = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f"did you mean '{lower[near[0]]}'?" if near else f"known here: {', '.join(known)}"


def _unknown_section(section: str, source: str) -> Fault:
    if section == "voxelSetting":
        problem = "'voxelSetting' is for voxel maps, which dlr does not make; remove it"
        return Fault(problem, Path(source), None, section, "unsupported")
    problem = f"unknown section '{section}'; {_hint(section, SECTIONS)}"
    return Fault(problem, Path(source), None, section, "unknown-key")


def _image_types(raw: Any, source: str, faults: list[Fault]) -> Iterable[ImageType]:
    if not isinstance(raw, dict):
        faults.append(Fault("'imageType' must be a mapping of image types", Path(source)))
        return
    for name, options in raw.items():
        key = f"imageType.{name}"
        if name not in IMAGE_TYPES:
            problem = f"unknown image type '{name}'; {_hint(str(name), IMAGE_TYPES)}"
            faults.append(Fault(problem, Path(source), None, key, "unknown-key"))
            continue
        if not isinstance(options or {}, dict):
            faults.append(Fault(f"'{key}' must be a mapping of options, or {{}}", Path(source)))
            continue
        for option in options or {}:
            if option in ExtractionSettings.model_fields and option not in IMAGE_OPTIONS:
                problem = f"'{option}' has no effect within an image type; move it to 'setting'"
                place = f"{key}.{option}"
                faults.append(Fault(problem, Path(source), None, place, "no-effect"))
        yield ImageType(name, dict(options or {}))


def _feature_classes(raw: Any, source: str, faults: list[Fault]) -> Iterable[FeatureClass]:
    if raw is None or raw == {}:  # as PyRadiomics: everything
        raw = dict.fromkeys(FEATURE_NAMES)
    if not isinstance(raw, dict):
        faults.append(Fault("'featureClass' must be a mapping of feature classes", Path(source)))
        return
    for name, features in raw.items():
        key = f"featureClass.{name}"
        if name not in FEATURE_NAMES:
            problem = f"unknown feature class '{name}'; {_hint(str(name), FEATURE_NAMES)}"
            faults.append(Fault(problem, Path(source), None, key, "unknown-key"))
            continue
        if not isinstance(features or [], list):
            faults.append(Fault(f"'{key}' must be a list of features, or []", Path(source)))
            continue
        known = (*FEATURE_NAMES[name], *EXTRA_NAMES.get(name, ()))
        for feature in features or []:
            if str(feature) not in known:
                problem = f"unknown feature '{feature}'; {_hint(str(feature), known)}"
                faults.append(Fault(problem, Path(source), None, key, "unknown-key"))
        if features:
            named = tuple(dict.fromkeys(str(feature) for feature in features))
            # A list that names them all (a saved parameter file does) leaves nothing out.
            complete = set(named) == set(FEATURE_NAMES[name])
            yield FeatureClass(name, named, complete)
        else:
            yield FeatureClass(name, FEATURE_NAMES[name])
