"""Ctrl-C: once lets the running cases finish, twice stops at once; the same command goes on."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

from .conftest import Harmed, is_worker, wait_until


def test_ctrl_c_once_keeps_what_is_done_and_says_how_to_go_on(
    study: Harmed, expected: pd.DataFrame
) -> None:
    process = study.start()
    wait_until(lambda: len(study.entries()) >= 3, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Finishing the running cases; press Ctrl-C again to stop at once" in errors
    kept = len(study.entries())
    assert 3 <= kept < 24
    assert f"{kept} ROIs are done and kept" in " ".join(errors.split())
    assert "Traceback" not in errors
    assert study.resume(expected) == f"24 ROIs: {kept} from the cache, {24 - kept} computed."


FAULTY_WORKERS = f"""
from functools import partial
from dlr.features import extraction
from dlr.features.supervisor import Supervisor
command = ({sys.executable!r}, "-P", {str(Path(__file__).with_name("faulty_worker.py"))!r})
extraction.Supervisor = partial(Supervisor, command=command)
"""


def test_ctrl_c_twice_stops_even_when_cases_hang(study: Harmed) -> None:
    study.work.mkdir()
    (study.work / "faults.json").write_text('{"S0010": "hang once"}')
    process = study.start("--workers", "2", before=FAULTY_WORKERS)
    wait_until((study.work / "S0010.attempted").exists, process)
    workers = [child for child in psutil.Process(process.pid).children() if is_worker(child)]
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert time.monotonic() - begin < 30  # the case would hang for longer
    assert process.returncode == 130
    assert "Stopped at once; every case that was finished is kept" in " ".join(errors.split())
    assert "Traceback" not in errors
    assert not any(worker.is_running() for worker in workers)


PRESSED_AGAIN = """
import signal, time
from dlr.cli import app
def run(arguments):
    signal.raise_signal(signal.SIGINT)
    time.sleep(60)  # Python heeds a signal a moment later
    raise AssertionError("not reached")
app.run = run
"""


def test_ctrl_c_outside_all_work_is_an_interruption_too(study: Harmed) -> None:
    process = study.start(before=PRESSED_AGAIN)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
