"""What is missing is named with the command that brings it; extras are those that dlr offers."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import dlr.doctor
from dlr.errors import MissingDependencyError

ROOT = Path(__file__).parents[1]
HINT = re.compile(r"pip install \\?[\"'`]?(dlr\[\w+\]|\.\[\w+\])\\?(.)")


def offered() -> dict[str, list[str]]:
    """Return the extras of pyproject.toml with the names of their packages."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = content["project"]["optional-dependencies"]
    return {name: [re.split("[<>=;~]", each)[0] for each in extras[name]] for name in extras}


def test_the_extras_are_those_of_the_project() -> None:
    for name, _, packages in dlr.doctor.EXTRAS:
        assert sorted(packages) == sorted(offered()[name])
    assert {name for name, _, _ in dlr.doctor.EXTRAS} == set(offered()) - {"dev", "docs"}


def test_what_is_missing_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        if name == "pydicom":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(dlr.doctor, "version", absent)
    found = {item.what: item for item in dlr.doctor.examine()}["DICOM"]
    assert (found.state, found.detail) == (
        "missing", 'without pydicom; get it with: pip install "dlr[dicom]"'
    )  # fmt: skip


def test_every_hint_names_an_extra_in_double_quotes() -> None:
    hints = [
        match
        for path in sorted((ROOT / "dlr").rglob("*.py"))
        for match in HINT.finditer(path.read_text(encoding="utf-8"))
    ]
    assert hints
    for match in hints:
        assert match[2] == '"', match[0]
        name = match[1].split("[")[1].rstrip("]")
        assert name in offered()
    error = MissingDependencyError.of("reading DICOM", "pydicom", "dicom")
    assert str(error).endswith('get it with: pip install "dlr[dicom]"')
