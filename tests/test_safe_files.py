"""A file is whole or as it was, whatever happens while it is written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlr import safe_files
from dlr.errors import StorageError
from dlr.safe_files import atomic_path, staged, write_atomically

STAGE = """
import sys, time
from pathlib import Path
from dlr.safe_files import staged
with staged(Path(sys.argv[1])) as stage:
    (stage / "scores.csv").write_text("new")
    time.sleep(60)
"""


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_written_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b", b"content")
    assert (tmp_path / "a" / "b").read_bytes() == b"content"
    assert names(tmp_path) == {"a/b"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EDQUOT, "make room"),
        (errno.EROFS, "allow writing there"),
        (errno.EACCES, "allow writing there"),
        (errno.EIO, "see whether the disk or network share is there"),
        (errno.ESTALE, "see whether the disk or network share is there"),
    ],
)
def test_a_write_that_fails_leaves_the_file_as_it_was_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, remedy: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), refuse)
        with pytest.raises(StorageError, match=remedy) as found:
            write_atomically(path, b"after")
    message = str(found.value)
    assert str(path) in message
    assert os.strerror(number) in message
    assert "GB free" in message
    assert path.read_text() == "before"
    assert names(tmp_path) == {"table.csv"}


def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with atomic_path(tmp_path / "table") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not names(tmp_path)


def test_a_share_that_is_gone_while_a_file_is_written_is_told(tmp_path: Path) -> None:
    share = tmp_path / "share"

    def write() -> None:
        with atomic_path(share / "a") as temporary:
            temporary.write_text("half")
            share.rename(tmp_path / "gone")

    with pytest.raises(StorageError, match="share is there"):
        write()


def test_staged_files_appear_together_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "scores.csv").write_text("old")
    with staged(tmp_path) as stage:
        (stage / "tables").mkdir()
        (stage / "tables" / "a.csv").write_text("new")
        (stage / "scores.csv").write_text("new")
        assert (tmp_path / "scores.csv").read_text() == "old"
    assert (tmp_path / "scores.csv").read_text() == "new"
    assert names(tmp_path) == {"old.txt", "scores.csv", "tables/a.csv"}


def test_files_that_only_the_run_before_wrote_go_and_those_of_others_stay(tmp_path: Path) -> None:
    def run(kind: str, *written: str) -> None:
        with staged(tmp_path, kind) as stage, staged(stage, "part") as part:
            for name in written:
                (part / name).parent.mkdir(exist_ok=True)
                (part / name).write_text(kind)

    (tmp_path / "notes.txt").write_text("the user's")
    run("study", "report.html", "nomogram.html", "cases/001.jpg")
    run("validation", "recalibration.json")
    run("study", "report.html", "cases/002.jpg")
    lists = {".dlr-files-study", ".dlr-files-validation"}
    kept = {"notes.txt", "report.html", "cases/002.jpg", "recalibration.json"}
    assert names(tmp_path) == kept | lists


def test_a_forged_list_removes_nothing_elsewhere(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other.txt"
    run.mkdir()
    other.write_text("mine")
    (run / ".dlr-files-study").write_text(f"../other.txt\n{other}")
    with staged(run, "study") as stage:
        (stage / "a.txt").touch()
    assert other.read_text() == "mine"


def test_checksums_move_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = Path.replace

    def note(self: Path, target: Path) -> Path:
        order.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", note)
    with staged(tmp_path) as stage:
        for name in ("checksums.json", "a.json", "provenance.json", "z.json"):
            (stage / name).touch()
    assert order == ["a.json", "z.json", "checksums.json", "provenance.json"]


def test_what_fails_while_files_are_staged_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("old")

    def fail(error: Exception) -> None:
        with staged(tmp_path) as stage:
            (stage / "scores.csv").write_text("new")
            raise error

    with pytest.raises(RuntimeError):
        fail(RuntimeError())
    with pytest.raises(StorageError):
        fail(OSError(errno.ENOSPC, "No space left on device"))
    assert (tmp_path / "scores.csv").read_text() == "old"
    assert names(tmp_path) == {"scores.csv"}


def test_what_a_killed_run_staged_is_swept_by_the_next_and_that_of_a_living_one_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "scores.csv").write_text("old")
    with subprocess.Popen([sys.executable, "-c", STAGE, tmp_path]) as other:
        end = time.monotonic() + 30
        while len(names(tmp_path)) < 2:
            assert time.monotonic() < end
            time.sleep(0.005)
        with staged(tmp_path):
            pass
        assert len(names(tmp_path)) == 2  # the other run's, which lives
        other.kill()
    assert (tmp_path / "scores.csv").read_text() == "old"
    with staged(tmp_path):
        pass
    assert names(tmp_path) == {"scores.csv"}


def test_free_space_is_told_even_of_a_folder_that_is_not_there() -> None:
    error = safe_files.storage_error(OSError(errno.ENOENT, "gone"), Path("/no/such/folder/file"))
    assert "GB free in /" in str(error)
