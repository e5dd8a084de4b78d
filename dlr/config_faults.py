"""Reading YAML, and turning what is wrong with it into one sentence per fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dlr.config_places import YamlPlaces
from dlr.errors import Fault, InputError
from dlr.safety.documents import is_file, read_yaml_document

_TYPES = {
    "bool": "true or false",
    "date": "a day (YYYY-MM-DD)",
    "dict": "a mapping of names and settings",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "string": "text",
    "tuple": "a list",
}
"""What pydantic's kinds of values are called; its error types begin with the kind."""

_LIMITS = {
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}
_NO_FILE = "the study file does not exist; give the path of a study.yaml"
_MEMBERS = frozenset({"str", "int", "float", "bool", "none"})
"""What pydantic appends to the place of a value that may be of several types."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises
    ------
    InputError
        If the file is missing, unreadable, no mapping, or holds a key twice.
    """
    if not is_file(path):
        inside = path / "study.yaml"
        remedy = f"this is a folder; give {inside}" if is_file(inside) else _NO_FILE
        raise InputError([Fault(remedy, path)])
    raw = read_yaml_document(path, "study file")
    if not isinstance(raw, dict):
        raise InputError([Fault("the study file must be a mapping of settings", path)])
    repeated = list(YamlPlaces.of(path).repeated(path))
    if repeated:
        raise InputError(repeated)
    return raw


def settings_faults(path: Path, error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Turn pydantic's errors into one sentence per setting, in the order of the file.

    Parameters
    ----------
    path : Path
        The file; without one (a variant of an ablation), lines are left out.
    error : ValidationError
    model : type
        The settings class that was validated.

    Returns
    -------
    list of Fault
        Each names the key, its line, what it must be, and the nearest known key or value.
    """
    places = YamlPlaces.of(path)
    by_place: dict[tuple[str, ...], list[Any]] = {}
    for detail in error.errors():
        by_place.setdefault(_location(detail), []).append(detail)
    faults = [
        _fault(path, location, details, model, places.line(location))
        for location, details in by_place.items()
    ]
    return sorted(faults, key=lambda fault: fault.line or 0)


def _location(detail: Any) -> tuple[str, ...]:
    """Return the keys that lead to a value, without pydantic's names of types."""
    location = [str(part) for part in detail["loc"]]
    if location and (location[-1].startswith("literal[") or location[-1] in _MEMBERS):
        kinds = ("literal_error", *(f"{kind}_" for kind in _TYPES))
        location = location[:-1] if detail["type"].startswith(kinds) else location
    if location and location[-1] == "[key]":
        location.pop()
    return tuple(location)


def _fault(
    path: Path,
    location: tuple[str, ...],
    details: list[Any],
    model: type[BaseModel],
    line: int | None,
) -> Fault:
    """Turn pydantic's errors about one value into one sentence."""
    key, first = ".".join(location), details[0]
    if first["type"] == "extra_forbidden":
        message = f"unknown setting '{key}'; {_nearest(location, model)}"
        return Fault(message, path, code="unknown-key", line=line)
    if first["type"] == "missing":
        message = f"the setting '{key}' is required; add it"
        return Fault(message, path, code="missing-key", line=line)
    about = f"'{key}' " if key else ""
    if first["type"] == "value_error":
        message = f"'{key}': " if key else ""
        message += first["msg"].removeprefix("Value error, ")
    else:
        message = f"{about}must be {_wanted(details, location, model)}"
    got = first.get("input")
    shown = f", but got {got!r}" if isinstance(got, str | int | float | bool) else ""
    return Fault(f"{message}{shown}{_near_value(details)}", path, code="bad-value", line=line)


def _wanted(details: list[Any], location: tuple[str, ...], model: type[BaseModel]) -> str:
    """Say what a value must be; several types or lists of words are joined."""
    words = [word for detail in details for word in _choices(detail)]
    others = [
        _kind_of_value(detail, location, model)
        for detail in details
        if detail["type"] != "literal_error"
    ]
    listed = [repr(word) for word in words] + list(dict.fromkeys(others))
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def _choices(detail: Any) -> list[str]:
    """Return the words a value may be."""
    if detail["type"] != "literal_error":
        return []
    expected = str(detail["ctx"]["expected"]).replace(" or ", ", ")
    return [word.strip("'") for word in expected.split(", ")]


def _kind_of_value(detail: Any, location: tuple[str, ...], model: type[BaseModel]) -> str:
    kind = str(detail["type"])
    if kind.startswith("model_"):
        known = ", ".join(_known_keys(model, [*location]))
        return f"a mapping with some of the keys {known}"
    if kind in _LIMITS:
        return _LIMITS[kind].format(**detail["ctx"])
    if kind == "string_pattern_mismatch" and detail["loc"][-1] == "[key]":
        return "a name of letters, digits, '_', '.' and '-'"
    named = next((name for name in _TYPES if kind.startswith(f"{name}_")), None)
    if named is not None and kind != "string_pattern_mismatch":
        return _TYPES[named]
    text = str(detail["msg"])
    return text.removeprefix("Input should be ").removeprefix("String should ")


def _near_value(details: list[Any]) -> str:
    """Name the word that was probably meant."""
    words = [word for detail in details for word in _choices(detail)]
    got = details[0].get("input")
    near = difflib.get_close_matches(str(got), words, n=1) if words else []
    return f"; did you mean '{near[0]}'?" if near else ""


def _nearest(location: tuple[str, ...], model: type[BaseModel]) -> str:
    """Name the key that was probably meant: here, or where another level has it."""
    *above, name = location
    known = _known_keys(model, above)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    others = sorted((path for path in _all_keys(model) if path[-1] == name), key=len)
    elsewhere = [".".join(path) for path in others]
    if elsewhere and not (near and near[0] == name):
        return f"did you mean {' or '.join(repr(path) for path in elsewhere[:3])}?"
    return f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"


def _all_keys(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List every setting with those it stands in; what the user names is ``NAME``."""
    for name, field in model.model_fields.items():
        yield (*above, name)
        inner = _settings_class(field.annotation)
        if inner is not None:
            named = getattr(field.annotation, "__origin__", None) in (dict, Mapping)
            yield from _all_keys(inner, (*above, name, *(["NAME"] if named else [])))


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
