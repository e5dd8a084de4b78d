"""Full disks, folders that cannot be written, shares that vanish: one sentence, nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from dlr.errors import StorageError
from dlr.features.execution import Execution
from dlr.features.extraction import STAGE, extract_features
from dlr.study import Study

from .conftest import Harmed

LIMIT_FILES = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
"""Makes the kernel refuse what would make a file longer than so many bytes."""


def one_sentence(text: str) -> str:
    """Return the sentence a command ended with."""
    lines = [line for line in text.splitlines() if not line.startswith("images and radiomics")]
    assert lines
    assert lines[0].startswith("✗ ")
    assert "Traceback" not in text
    return " ".join(lines)


@pytest.mark.parametrize(
    ("limit", "refused"), [(2_000, "cache"), (20_000, "features")], ids=["cache", "table"]
)
def test_a_full_disk_ends_the_run_with_a_sentence_and_the_next_run_goes_on(
    study: Harmed, expected: pd.DataFrame, limit: int, refused: str
) -> None:
    process = study.start(before=LIMIT_FILES.format(limit))
    _, errors = process.communicate()
    assert process.returncode == 3
    sentence = one_sentence(errors)
    assert refused in sentence
    assert "make room or choose another folder" in sentence
    assert not list(study.work.rglob(".partial-*"))
    kept = len(study.entries())
    assert kept == (0 if refused == "cache" else 24)
    assert study.resume(expected) == f"24 ROIs: {kept} from the cache, {24 - kept} computed."


@pytest.mark.parametrize("place", ["a file", "/proc"])
@pytest.mark.parametrize("command", ["extract", "train"])
def test_a_folder_that_cannot_be_written_is_refused_before_any_work(
    study: Harmed, capfd: pytest.CaptureFixture[str], place: str, command: str
) -> None:
    (study.folder / "file").touch()
    folder = study.folder / "file" / "in" if place == "a file" else Path("/proc/dlr")
    if command == "extract":
        process_exit = study.extract("--work", str(folder))
    else:
        process_exit = study.run("train", str(study.study), "--out", str(folder))
    assert process_exit == 3
    assert "cannot be written" in one_sentence(capfd.readouterr().err)
    assert not study.work.exists()


def test_images_that_vanish_are_listed_and_computed_once_they_are_back(
    study: Harmed, expected: pd.DataFrame
) -> None:
    chosen = Study.from_yaml(study.study, study.work)
    cohort = chosen.cohort()
    share = Path(os.path.commonpath(list(cohort.images["image"])))
    gone = share.with_name("unmounted")

    def unmount(stage: str, done: int, total: int) -> None:
        if stage == STAGE and done == 5:
            share.rename(gone)

    first = extract_features(cohort, study.work, Execution(2), unmount)
    assert first.summary is not None
    lost = first.failures[first.failures["level"] == "case"]
    assert lost["reason"].str.contains("does not exist").all()
    assert len(lost) == first.summary.n_failed > 10
    values = first.values
    pd.testing.assert_frame_equal(values, expected.loc[values.index], check_exact=True)
    gone.rename(share)
    kept = 24 - len(lost)
    assert study.resume(expected) == f"24 ROIs: {kept} from the cache, {len(lost)} computed."


@pytest.mark.parametrize("execution", [Execution(), Execution(2)], ids=["this process", "others"])
def test_a_cache_that_vanishes_ends_the_run_and_nothing_is_written_in_its_place(
    study: Harmed, expected: pd.DataFrame, execution: Execution
) -> None:
    chosen = Study.from_yaml(study.study, study.work)
    cohort = chosen.cohort()
    gone = study.work.with_name("unmounted")

    def unmount(stage: str, done: int, total: int) -> None:
        if stage == STAGE and done == 5:
            study.work.rename(gone)

    with pytest.raises(StorageError, match="vanished while it was in use"):
        extract_features(cohort, study.work, execution, unmount)
    assert not study.work.exists()
    gone.rename(study.work)
    kept = len(study.entries())
    assert kept >= 5
    assert study.resume(expected) == f"24 ROIs: {kept} from the cache, {24 - kept} computed."


def test_a_cache_that_vanishes_before_it_is_read_makes_no_table(study: Harmed) -> None:
    chosen = Study.from_yaml(study.study, study.work)
    cohort = chosen.cohort()
    gone = study.work.with_name("unmounted")

    def unmount(stage: str, done: int, total: int) -> None:
        if stage == STAGE and done == total:
            study.work.rename(gone)

    with pytest.raises(StorageError, match="vanished while it was in use"):
        chosen.extract(cohort, 1, unmount)
    assert not study.work.exists()
