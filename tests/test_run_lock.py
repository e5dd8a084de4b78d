"""A folder belongs to one run at a time, and to none once that has ended, however it did."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dlr.errors import DlrError, StorageError
from dlr.run_lock import run_lock, tables_lock

HOLD = """
import sys, time
from pathlib import Path
from dlr.run_lock import run_lock
with run_lock(Path(sys.argv[1])):
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    time.sleep(60)
"""


def test_a_second_run_is_told_in_one_sentence(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path),
        pytest.raises(DlrError, match="another dlr run is writing to") as found,
        run_lock(tmp_path),
    ):
        pytest.fail("two runs hold the same folder")
    assert str(tmp_path) in str(found.value)
    assert "\n" not in str(found.value)
    with run_lock(tmp_path):
        pass  # it is free again


def test_folders_do_not_block_each_other(tmp_path: Path) -> None:
    with run_lock(tmp_path / "a"), run_lock(tmp_path / "b"):
        assert (tmp_path / "a").is_dir()


def test_a_killed_run_leaves_no_lock_behind(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(DlrError, match="another dlr run"), run_lock(tmp_path):
            pass
        other.kill()
    with run_lock(tmp_path):
        assert (tmp_path / ".dlr-run.lock").exists()  # a file that means nothing


def test_the_lock_is_released_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), run_lock(tmp_path):
        raise RuntimeError
    with run_lock(tmp_path):
        pass


def test_tables_are_waited_for(tmp_path: Path) -> None:
    order = []

    def write() -> None:
        with tables_lock(tmp_path):
            order.append("second")

    with tables_lock(tmp_path):
        other = threading.Thread(target=write)
        other.start()
        other.join(0.2)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("lock", [run_lock, tables_lock])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, lock) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"), lock(tmp_path / "file" / "run"):
        pass
