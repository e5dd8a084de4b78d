"""``kill -9`` at any moment: nothing computed is lost, nothing half-written is read."""

from __future__ import annotations

import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from dlr.features.execution import Execution
from dlr.features.extraction import STAGE, extract_features
from dlr.study import Study

from .conftest import Harmed, is_worker, wait_until


def test_a_run_killed_at_a_random_moment_goes_on_where_it_was(
    study: Harmed, expected: pd.DataFrame
) -> None:
    moment = np.random.default_rng().integers(1, 20)
    process = study.start("--workers", "2")
    wait_until(lambda: len(study.entries()) >= moment, process)
    workers = [child for child in psutil.Process(process.pid).children() if is_worker(child)]
    process.kill()
    process.communicate()
    wait_until(lambda: not any(worker.is_running() for worker in workers))  # none is left behind
    kept = len(study.entries())
    assert moment <= kept < 24
    assert not (study.work / "features.parquet").exists()
    assert study.resume(expected) == f"24 ROIs: {kept} from the cache, {24 - kept} computed."


def test_a_run_killed_between_its_tables_leaves_none_that_do_not_belong_together(
    study: Harmed, expected: pd.DataFrame
) -> None:
    pause = (
        "import time, dlr.features.table as table\n"
        "write = table.write_parquet\n"
        "def slow(path, *more):\n"
        "    time.sleep(60 if path.name == 'features.parquet' else 0)\n"
        "    write(path, *more)\n"
        "table.write_parquet = slow"
    )
    process = study.start(before=pause)
    wait_until((study.work / "crops.csv").exists, process)
    process.kill()
    process.communicate()
    assert not (study.work / "features.parquet").exists()
    assert study.resume(expected) == "24 ROIs: 24 from the cache, 0 computed."


def test_a_killed_worker_process_costs_no_case(study: Harmed, expected: pd.DataFrame) -> None:
    chosen = Study.from_yaml(study.study, study.work)
    killed = threading.Event()

    def kill_worker(stage: str, done: int, total: int) -> None:
        if stage == STAGE and done == 5 and not killed.is_set():
            next(c for c in psutil.Process().children() if is_worker(c)).kill()
            killed.set()

    table = extract_features(chosen.cohort(), study.work, Execution(2), kill_worker)
    assert killed.is_set()
    assert table.failures[table.failures["level"] == "case"].empty
    pd.testing.assert_frame_equal(table.values, expected, check_exact=True)


def test_a_training_killed_while_it_writes_leaves_the_run_before_as_it_was(
    study: Harmed, sound: Harmed, tmp_path: Path
) -> None:
    shutil.copytree(sound.work, study.work)
    out = tmp_path / "run"
    (out / "bundle").mkdir(parents=True)
    before = {name: f"{name} of the run before" for name in ("report.html", "bundle/bundle.json")}
    for name, text in before.items():
        (out / name).write_text(text)
    arguments = ["train", str(study.study), "--work", str(study.work), "-o", str(out)]
    process = study.start_command(arguments)
    wait_until(lambda: len(list(out.glob(".unfinished-*/*"))) >= 3, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert {name: (out / name).read_text() for name in before} == before
    shown = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert shown == {"report.html", "bundle"}
