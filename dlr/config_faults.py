"""Reading YAML, and turning what is wrong with it into one sentence per fault."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dlr.errors import Fault, InputError
from dlr.safety.documents import is_file, read_yaml_document


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises
    ------
    InputError
        If the file is missing, unreadable, or no mapping.
    """
    if not is_file(path):
        fault = Fault("the study file does not exist; give the path of a study.yaml", path)
        raise InputError([fault])
    raw = read_yaml_document(path, "study file")
    if not isinstance(raw, dict):
        raise InputError([Fault("the study file must be a mapping of settings", path)])
    return raw


def settings_fault(path: Path, detail: Any, model: type[BaseModel]) -> Fault:
    """Turn one pydantic error into one sentence that names the key and the remedy."""
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        near = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"
        return Fault(f"unknown setting '{key}'; {hint}", path, code="unknown-key")
    if detail["type"] == "missing":
        return Fault(f"the setting '{key}' is required; add it", path, code="missing-key")
    message = detail["msg"].removeprefix("Value error, ")
    got = detail.get("input")
    shown = f", but got {got!r}" if isinstance(got, str | int | float | bool) else ""
    return Fault(f"'{key}': {message}{shown}", path, code="bad-value")


def _known_keys(model: type[BaseModel], location: list[str]) -> list[str]:
    """List the keys that are known where `location` points to."""
    for part in location:
        field = model.model_fields.get(part)
        if field is None:  # a name the user chose (a view, a variable)
            continue
        inner = _settings_class(field.annotation)
        if inner is not None:
            model = inner
    return list(model.model_fields)


def _settings_class(annotation: Any) -> type[BaseModel] | None:
    """Find the settings class inside an annotation such as ``dict[str, X]`` or ``X | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _settings_class(argument)
        if found is not None:
            return found
    return None
