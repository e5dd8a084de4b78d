"""A Dask cluster of separate processes, one of which is killed midway: no case is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client

from dlr.errors import DlrError
from dlr.features.execution import Execution
from dlr.features.extraction import STAGE, extract_features
from dlr.study import Study

from .conftest import Harmed, wait_until

Start = Callable[..., subprocess.Popen[bytes]]
QUIET = ["--no-dashboard", "--host", "127.0.0.1"]


@contextmanager
def scheduler(folder: Path, **settings: str) -> Iterator[str]:
    """Start a scheduler in a process of its own; give its address."""
    file = folder / "scheduler.json"
    command = [*_dask("scheduler"), "--port", "0", "--scheduler-file", str(file), *QUIET]
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        wait_until(lambda: file.exists() and file.read_text())
        yield json.loads(file.read_text())["address"]
        process.kill()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduler(tmp_path_factory.mktemp("dask")) as address:
        yield address


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Start]:
    """Give a function that starts a worker in a process of its own."""
    started = []

    def start(address: str, *options: str) -> subprocess.Popen[bytes]:
        command = [*_dask("worker"), address, "--nthreads", "1", "--no-nanny", *QUIET, *options]
        worker = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=tmp_path)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def _dask(part: str) -> list[str]:
    return [sys.executable, "-P", "-m", "dask", part]


def start_two(address: str, start_worker: Start) -> subprocess.Popen[bytes]:
    """Start two workers and wait until they are known; return one."""
    first, _ = start_worker(address), start_worker(address)
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2)
    return first


def test_a_worker_killed_midway_costs_nothing_and_changes_no_number(
    study: Harmed, expected: pd.DataFrame, address: str, start_worker: Start
) -> None:
    first = start_two(address, start_worker)

    def kill_first(stage: str, done: int, total: int) -> None:
        if stage == STAGE and done == 4:
            first.kill()

    chosen = Study.from_yaml(study.study, study.work)
    execution = Execution(scheduler=address)
    table = extract_features(chosen.cohort(), study.work, execution, kill_first)
    assert first.wait() != 0
    assert table.failures[table.failures["level"] == "case"].empty
    pd.testing.assert_frame_equal(table.values, expected, check_exact=True)
    assert table.summary is not None
    assert (table.summary.n_rois, table.summary.n_failed) == (24, 0)
    assert not list(study.work.glob("cache/.run-*"))


def test_a_worker_killed_midway_costs_the_command_nothing(
    study: Harmed, expected: pd.DataFrame, address: str, start_worker: Start
) -> None:
    first = start_two(address, start_worker)

    def kill_first() -> None:
        wait_until(lambda: len(study.entries()) >= 4)
        first.kill()

    killer = threading.Thread(target=kill_first)
    killer.start()
    assert study.extract("--scheduler", address) == 0
    killer.join()
    assert study.resume(expected) == "24 ROIs: 24 from the cache, 0 computed."


def test_an_roi_that_ends_its_workers_fails_alone(
    study: Harmed, expected: pd.DataFrame, start_worker: Start, tmp_path: Path
) -> None:
    study.work.mkdir()
    (study.work / "faults.json").write_text(json.dumps({"S0005/second": "segfault"}))
    with scheduler(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as address:
        for _ in range(3):
            start_worker(address, "--preload", str(Path(__file__).with_name("faulty_worker.py")))
        chosen = Study.from_yaml(study.study, study.work)
        table = extract_features(chosen.cohort(), study.work, Execution(scheduler=address))
    lost = table.failures[table.failures["level"] == "case"]
    assert list(zip(lost["case_id"], lost["reader"])) == [("S0005", "second")]
    assert "ended 1 worker of the cluster that did nothing else" in lost["reason"].iloc[0]
    pd.testing.assert_frame_equal(table.values, expected, check_exact=True)


def test_no_scheduler_is_told_in_one_sentence(
    study: Harmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlr.cluster.CONNECT_S", 1)
    chosen = Study.from_yaml(study.study, study.work)
    with pytest.raises(DlrError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        extract_features(chosen.cohort(), study.work, Execution(scheduler="tcp://127.0.0.1:9"))
