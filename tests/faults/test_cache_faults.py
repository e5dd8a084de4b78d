"""Wrong clocks change nothing; damaged entries are found by their checksums and computed again."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
import SimpleITK as sitk

from dlr.features import extraction
from dlr.features.extraction import extract_features
from dlr.study import Study

from .conftest import Harmed


@pytest.fixture
def extracted(study: Harmed, sound: Harmed) -> Harmed:
    """The study with everything in the cache."""
    shutil.copytree(sound.work, study.work)
    return study


def test_a_wrong_clock_changes_nothing(extracted: Harmed, expected: pd.DataFrame) -> None:
    for number, path in enumerate(extracted.folder.rglob("*")):
        when = 0.0 if number % 2 else time.time() + 30 * 365 * 86_400
        os.utime(path, (when, when))
    assert extracted.resume(expected) == "24 ROIs: 24 from the cache, 0 computed."


def test_a_change_that_the_clock_hides_is_seen(
    extracted: Harmed, capfd: pytest.CaptureFixture[str]
) -> None:
    images = pd.read_csv(extracted.folder / "images.csv")
    row = images[(images["view"] == "sag") & (images["subject_id"] == "S0002")].iloc[0]
    path = extracted.folder / row["image"]
    stat = path.stat()
    sitk.WriteImage(sitk.ReadImage(str(path)) + 1, str(path))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    capfd.readouterr()
    assert extracted.extract() == 0
    assert "23 from the cache, 1 computed" in capfd.readouterr().out


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def test_damaged_entries_are_computed_again_and_counted(
    extracted: Harmed, expected: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    for damage, path in zip((flip, halve, empty), sorted(extracted.entries())):
        damage(path)
    assert extracted.extract() == 0
    said = capfd.readouterr().out
    assert "21 from the cache, 3 computed, 3 damaged cache entries were computed again" in said
    assert extracted.resume(expected) == "24 ROIs: 24 from the cache, 0 computed."


def test_an_entry_that_can_neither_be_read_nor_replaced_ends_the_run_with_a_sentence(
    extracted: Harmed, capfd: pytest.CaptureFixture[str]
) -> None:
    make_folder(min(extracted.entries()))
    capfd.readouterr()
    assert extracted.extract() == 3
    said = capfd.readouterr().err
    assert "cannot be written" in said
    assert "Traceback" not in said


def test_an_entry_damaged_after_it_was_looked_at_costs_its_case_until_the_next_run(
    extracted: Harmed, expected: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Study.from_yaml(extracted.study, extracted.work)
    cohort = chosen.cohort()
    assemble = extraction.assemble

    def damage_before(results, *more):  # type: ignore[no-untyped-def]
        first = min(results, key=lambda result: result.request.case_id)
        flip(extracted.work / "cache/rad" / (key := first.measured_keys["rad"])[:2] / key)
        monkeypatch.setattr(extraction, "assemble", assemble)
        return assemble(results, *more)

    monkeypatch.setattr(extraction, "assemble", damage_before)
    table = extract_features(cohort, extracted.work)
    assert list(table.failures["case_id"]) == ["S0001"]
    assert "could not be read back" in table.failures["reason"].iloc[0]
    pd.testing.assert_frame_equal(table.values, expected.drop(index="S0001"), check_exact=True)
    again = "24 ROIs: 23 from the cache, 1 computed, 1 damaged cache entry was computed again."
    assert extracted.resume(expected) == again
