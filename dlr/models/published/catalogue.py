"""Finding and reading signatures: those that ship with dlr, and files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from dlr.errors import DlrError, Fault, InputError
from dlr.models.published.signature import PublishedSignature
from dlr.safety.documents import is_file, read_json


def list_signatures() -> dict[str, str]:
    """Return the signatures that ship with dlr: title by name."""
    found = (_read(path) for path in sorted(_folder().glob("*.json")))
    return {signature.name: signature.title for signature in found}


def load_signature(name_or_path: str | Path) -> PublishedSignature:
    """Load a signature that ships with dlr, by name, or one from a JSON file.

    Raises
    ------
    DlrError
        If there is no signature of that name.
    InputError
        If the file is missing or is no signature; every fault is listed.
    """
    name = str(name_or_path)
    if name.endswith(".json"):
        return _read(Path(name))
    path = _folder() / f"{name}.json"
    if not path.is_file():
        known = ", ".join(list_signatures())
        raise DlrError(f"there is no signature '{name}'; dlr has {known}, or give a .json file")
    return _read(path)


def _folder() -> Path:
    return Path(str(resources.files("dlr.models.published"))) / "signatures"


def _read(path: Path) -> PublishedSignature:
    if not is_file(path):
        message = "the signature file does not exist; check the path"
        raise InputError([Fault(message, path, code="file-missing")])
    raw = read_json(path)
    try:
        signature = PublishedSignature.model_validate(raw)
    except ValidationError as error:
        raise InputError(
            Fault(f"{detail['msg']}; correct it", path, None, _key(detail["loc"]), "bad-value")
            for detail in error.errors()
        ) from None
    extraction = signature.extraction
    if extraction.family == "rad":
        parameters = str(path.resolve().parent / extraction.parameters)
        anchored = extraction.model_copy(update={"parameters": parameters})
        signature = signature.model_copy(update={"extraction": anchored})
    return signature


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
