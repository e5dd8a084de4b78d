"""Damaged files by the thousand: each is read, or refused by dlr's own error with a sentence.

The usual run tries a few of each kind, ``DLR_FUZZ=full`` all of them (see docs/security.md); with
``DLR_FUZZ_COUNTS=PATH`` the counts are added to a file of JSON lines.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
import warnings
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dlr.errors import DlrError

from .targets import Target, targets

FULL = os.environ.get("DLR_FUZZ") == "full"
LONGEST = 5.0
"""Seconds of processor time that reading one file may take."""


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_damaged_files_are_read_or_refused_in_a_sentence(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, folder, aside = tmp_path / "good", tmp_path / "damaged", tmp_path / "aside"
    good.mkdir()
    aside.mkdir()
    monkeypatch.chdir(aside)
    target.make(good)
    count: Counter[str] = Counter()

    @settings(
        max_examples=target.full if FULL else target.quick,
        derandomize=not FULL,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**64 - 1))
    def attempt(seed: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(good, folder)
        target.damage(folder, random.Random(seed))
        before = listing(tmp_path)
        started = time.process_time()
        message = outcome(target, folder)
        count["read" if message is None else "refused"] += 1
        assert message is None or (len(message) > 20 and "Traceback" not in message)
        assert time.process_time() - started < LONGEST
        assert listing(tmp_path) == before

    attempt()
    if path := os.environ.get("DLR_FUZZ_COUNTS"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"file": target.name, **count}) + "\n")


def outcome(target: Target, folder: Path) -> str | None:
    """Read the files and return the sentence they are refused with; None where they are read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(folder)
    except DlrError as error:
        return str(error)
    return None


def listing(folder: Path) -> dict[str, int]:
    """Return every file below a folder with its size."""
    return {str(path): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
